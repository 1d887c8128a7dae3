/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-bus"

#include "config.h"

#include "sse-bus-manager.h"

#include <string.h>

#include "sse-journal.h"
#include "sse-publication.h"

/* A call of Revoke until it is answered. */
typedef struct
{
  const SseBusContext *context;
  GDBusMethodInvocation *invocation;
} Call;

static const char *
get_subject (GDBusMethodInvocation *invocation)
{
  const char *subject;

  g_variant_get (g_dbus_method_invocation_get_parameters (invocation), "(&s)", &subject);
  return subject;
}

static void
on_caller (const SseBusCaller *caller, gpointer user_data)
{
  g_autofree Call *call = user_data;
  const SsePublisher who = { caller->uid, caller->pid, caller->unit, NULL };
  const char *subject = get_subject (call->invocation);
  g_autofree char *told = sse_error_clip (subject);
  g_autofree char *words = sse_publisher_describe (&who);

  sse_journal (G_LOG_LEVEL_MESSAGE, SSE_JOURNAL_TOKENS_REVOKED,
               SSE_JOURNAL_FIELDS ({ "SSE_USER", subject }),
               "the tokens of “%s” were revoked, by %s", told, words);
  sse_bus_manager_complete_revoke (NULL, call->invocation);
}

static void
on_revoked (GObject *hub, GAsyncResult *result, gpointer user_data)
{
  g_autofree Call *call = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) outcomes = sse_hub_publish_finish (SSE_HUB (hub), result, &error);
  SseOutcome *outcome = outcomes != NULL ? g_ptr_array_index (outcomes, 0) : NULL;

  if (outcome == NULL)
    g_dbus_method_invocation_return_gerror (call->invocation, error);
  else if (outcome->error != NULL)
    g_dbus_method_invocation_return_gerror (call->invocation, outcome->error);
  else
    {
      sse_bus_callers_ask (call->context->callers, call->invocation, on_caller, call);
      call = NULL;
    }
}

static void
revoke_user (GDBusMethodInvocation *invocation, gpointer user_data)
{
  const SseBusContext *context = user_data;
  const char *subject = get_subject (invocation);
  Call *call;

  if (*subject == '\0' || strlen (subject) > SSE_INTAKE_MAX_AUDIENCE)
    {
      g_dbus_method_invocation_return_error (invocation, G_DBUS_ERROR, G_DBUS_ERROR_INVALID_ARGS,
                                             "subject: must be a user's name of 1 to %d bytes",
                                             SSE_INTAKE_MAX_AUDIENCE);
      return;
    }
  call = g_new0 (Call, 1);
  *call = (Call){ context, invocation };
  sse_hub_revoke_async (context->hub, subject, on_revoked, call);
}

static void
reload_files (GDBusMethodInvocation *invocation, gpointer user_data)
{
  const SseBusContext *context = user_data;
  g_autoptr (GError) error = NULL;

  if (context->funcs->reload (context->user_data, &error))
    sse_bus_manager_complete_reload (NULL, invocation);
  else
    g_dbus_method_invocation_return_error_literal (invocation, G_DBUS_ERROR,
                                                   G_DBUS_ERROR_INVALID_ARGS, error->message);
}

static gboolean
on_revoke (SseBusManager *manager,
           GDBusMethodInvocation *invocation,
           const char *subject,
           gpointer context)
{
  sse_bus_authority_manage (((SseBusContext *) context)->authority, invocation, revoke_user,
                            context);
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean
on_reload (SseBusManager *manager, GDBusMethodInvocation *invocation, gpointer context)
{
  sse_bus_authority_manage (((SseBusContext *) context)->authority, invocation, reload_files,
                            context);
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

/**
 * sse_bus_manager_new_in:
 * @context: what it works with; outlives the object
 *
 * Returns: (transfer full): the Manager interface, to be exported
 */
SseBusManager *
sse_bus_manager_new_in (const SseBusContext *context)
{
  SseBusManager *manager = sse_bus_manager_skeleton_new ();

  g_signal_connect (manager, "handle-revoke", G_CALLBACK (on_revoke), (gpointer) context);
  g_signal_connect (manager, "handle-reload", G_CALLBACK (on_reload), (gpointer) context);
  return manager;
}
