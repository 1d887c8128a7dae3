/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-bus"

#include "config.h"

#include "sse-bus-authority.h"

#include <unistd.h>

#include "sse-error.h"
#include "sse-journal.h"
#include "sse-ration.h"

#define POLKIT           "org.freedesktop.PolicyKit1"
#define POLKIT_AUTHORITY "org.freedesktop.PolicyKit1.Authority"

/* CheckAuthorizationFlags: somebody may be asked for a password. */
#define ALLOW_USER_INTERACTION 1

/* Calls for which polkit is asked at a time, some of which wait for somebody to type. */
#define MAX_ASKED 64

/* Refusals that are told in a span of time, at most. */
#define MAX_TOLD  20
#define TELL_SPAN (10 * G_USEC_PER_SEC)

struct _SseBusAuthority
{
  GBusType type;
  SseBusCallers *callers; /* not owned */
  GCancellable *cancellable;
  guint n_asked;
  SseRation told;
};

/* A call of which is not known yet whether it is allowed. */
typedef struct
{
  SseBusAuthority *authority;
  GDBusMethodInvocation *invocation;
  SseBusAllowed allowed;
  gpointer user_data;
  SseBusCaller caller;
} Check;

static void
allow (Check *check)
{
  check->allowed (check->invocation, check->user_data);
  g_free (check);
}

static void
deny (Check *check, SseError code, const char *why)
{
  GDBusMethodInvocation *invocation = check->invocation;
  const char *method = g_dbus_method_invocation_get_method_name (invocation);
  g_autofree char *uid = g_strdup_printf ("%" G_GINT64_FORMAT, check->caller.uid);
  g_autofree char *pid = g_strdup_printf ("%u", check->caller.pid);

  sse_journal (sse_ration_take (&check->authority->told, MAX_TOLD, TELL_SPAN) ? G_LOG_LEVEL_MESSAGE
                                                                              : G_LOG_LEVEL_DEBUG,
               SSE_JOURNAL_CALL_DENIED,
               SSE_JOURNAL_FIELDS ({ "SSE_METHOD", method }, { "SSE_CALLER_UID", uid },
                                   { "SSE_CALLER_PID", pid }),
               "%s was refused to uid %s, pid %s: %s", method, uid, pid, why);
  g_dbus_method_invocation_return_error (invocation, SSE_ERROR, (int) code, "%s: %s", method, why);
  g_free (check);
}

static void
on_polkit (GObject *connection, GAsyncResult *result, gpointer user_data)
{
  Check *check = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply
      = g_dbus_connection_call_finish (G_DBUS_CONNECTION (connection), result, &error);
  gboolean authorized = FALSE;
  gboolean challenge = FALSE;

  check->authority->n_asked--;
  if (reply == NULL)
    {
      g_autofree char *why = NULL;

      g_dbus_error_strip_remote_error (error);
      why = g_strdup_printf ("polkit can't be asked for %s: %s", SSE_BUS_ACTION_MANAGE,
                             error->message);
      deny (check, SSE_ERROR_NOT_AUTHORIZED, why);
      return;
    }
  g_variant_get (reply, "((bb@a{ss}))", &authorized, &challenge, NULL);
  if (authorized)
    allow (check);
  else
    deny (check, SSE_ERROR_NOT_AUTHORIZED,
          challenge ? "an administrator has to authenticate for " SSE_BUS_ACTION_MANAGE
                      ", and nobody could be asked"
                    : "polkit does not allow " SSE_BUS_ACTION_MANAGE);
}

static void
ask_polkit (Check *check)
{
  GDBusMessage *message = g_dbus_method_invocation_get_message (check->invocation);
  gboolean interactive
      = (g_dbus_message_get_flags (message) & G_DBUS_MESSAGE_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION)
        != 0;
  GVariantBuilder subject = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);

  if (check->authority->n_asked >= MAX_ASKED)
    {
      deny (check, SSE_ERROR_BUSY, "too many calls wait for polkit; try again later");
      return;
    }
  check->authority->n_asked++;
  g_variant_builder_add (
      &subject, "{sv}", "name",
      g_variant_new_string (g_dbus_method_invocation_get_sender (check->invocation)));
  /* Without an end where somebody has to type; polkit gives up where the caller leaves. */
  g_dbus_connection_call (
      g_dbus_method_invocation_get_connection (check->invocation), POLKIT,
      "/org/freedesktop/PolicyKit1/Authority", POLKIT_AUTHORITY, "CheckAuthorization",
      g_variant_new ("((sa{sv})s@a{ss}us)", "system-bus-name", &subject, SSE_BUS_ACTION_MANAGE,
                     g_variant_new_array (G_VARIANT_TYPE ("{ss}"), NULL, 0),
                     interactive ? ALLOW_USER_INTERACTION : 0, ""),
      G_VARIANT_TYPE ("((bba{ss}))"), G_DBUS_CALL_FLAGS_NONE, interactive ? G_MAXINT : -1,
      check->authority->cancellable, on_polkit, check);
}

static void
on_caller (const SseBusCaller *caller, gpointer user_data)
{
  Check *check = user_data;

  check->caller = (SseBusCaller){ caller->uid, caller->pid, NULL };
  if (caller->uid == 0)
    allow (check);
  else if (check->authority->type == G_BUS_TYPE_SYSTEM)
    ask_polkit (check);
  else if (caller->uid == getuid ())
    allow (check);
  else
    deny (check, SSE_ERROR_NOT_AUTHORIZED, "on a session's bus it is for the session's user");
}

static void
begin (SseBusAuthority *self,
       GDBusMethodInvocation *invocation,
       SseBusAllowed allowed,
       gpointer user_data)
{
  Check *check = g_new0 (Check, 1);

  *check = (Check){ self, invocation, allowed, user_data, { .uid = -1 } };
  sse_bus_callers_ask (self->callers, invocation, on_caller, check);
}

/**
 * sse_bus_authority_publish:
 * @invocation: (transfer full): a call of the Publisher
 * @allowed: carries it out if it is allowed, at once where that is known; else the caller is
 *   answered %SSE_ERROR_NOT_AUTHORIZED. Calls of one caller are carried out in their order
 * @user_data: for @allowed
 */
void
sse_bus_authority_publish (SseBusAuthority *self,
                           GDBusMethodInvocation *invocation,
                           SseBusAllowed allowed,
                           gpointer user_data)
{
  if (self->type == G_BUS_TYPE_SYSTEM)
    allowed (invocation, user_data); /* the bus let it through */
  else
    begin (self, invocation, allowed, user_data);
}

/**
 * sse_bus_authority_manage:
 * @invocation: (transfer full): a call of the Manager
 * @allowed: carries it out if it is allowed; else the caller is answered %SSE_ERROR_NOT_AUTHORIZED
 * @user_data: for @allowed
 */
void
sse_bus_authority_manage (SseBusAuthority *self,
                          GDBusMethodInvocation *invocation,
                          SseBusAllowed allowed,
                          gpointer user_data)
{
  begin (self, invocation, allowed, user_data);
}

/**
 * sse_bus_authority_new:
 * @type: the bus it is for
 * @callers: outlives it
 */
SseBusAuthority *
sse_bus_authority_new (GBusType type, SseBusCallers *callers)
{
  SseBusAuthority *self = g_new0 (SseBusAuthority, 1);

  self->type = type;
  self->callers = callers;
  self->cancellable = g_cancellable_new ();
  return self;
}

/**
 * sse_bus_authority_close:
 *
 * Refuses what waits for polkit, and all that would have to ask it. Iterates the main context for
 * that.
 */
void
sse_bus_authority_close (SseBusAuthority *self)
{
  g_cancellable_cancel (self->cancellable);
  while (self->n_asked > 0)
    g_main_context_iteration (NULL, TRUE);
}

/* To come when there are no more calls. */
void
sse_bus_authority_free (SseBusAuthority *self)
{
  sse_bus_authority_close (self);
  g_object_unref (self->cancellable);
  g_free (self);
}
