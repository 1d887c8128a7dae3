/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-bus"

#include "config.h"

#include "sse-bus-polkit.h"

#include "sse-error.h"

#define NAME      "org.freedesktop.PolicyKit1"
#define PATH      "/org/freedesktop/PolicyKit1/Authority"
#define INTERFACE "org.freedesktop.PolicyKit1.Authority"

/* CheckAuthorizationFlags: somebody may be asked for a password. */
#define ALLOW_USER_INTERACTION 1

/* For polkit to answer, in ms; and where somebody has to type. */
#define TIMEOUT             25000
#define INTERACTIVE_TIMEOUT 300000

/* Questions at a time, in all and of one user: some of them wait for somebody to type, and who asks
 * may see to it that nobody does. */
#define MAX_ASKED         64
#define MAX_ASKED_OF_USER 4

struct _SseBusPolkit
{
  GHashTable *questions; /* all Questions */
  gboolean closed;
  guint n; /* that were ever asked */
};

typedef struct
{
  SseBusPolkit *polkit;
  guint32 uid;
  GDBusConnection *connection;
  char *id; /* by which it can be taken back */
  GCancellable *cancellable;
  guint watch; /* of the caller */
  SseBusJudged judged;
  gpointer user_data;
} Question;

static void
question_free (Question *question)
{
  g_bus_unwatch_name (question->watch);
  g_object_unref (question->connection);
  g_object_unref (question->cancellable);
  g_free (question->id);
  g_free (question);
}

static guint
count_of_user (SseBusPolkit *self, guint32 uid)
{
  GHashTableIter iter;
  Question *question;
  guint n = 0;

  g_hash_table_iter_init (&iter, self->questions);
  while (g_hash_table_iter_next (&iter, (gpointer *) &question, NULL))
    n += question->uid == uid;
  return n;
}

/* Nobody waits for it any more: a dialog that it may have opened is closed. */
static void
take_back (Question *question)
{
  g_dbus_connection_call (question->connection, NAME, PATH, INTERFACE, "CancelCheckAuthorization",
                          g_variant_new ("(s)", question->id), NULL,
                          G_DBUS_CALL_FLAGS_NO_AUTO_START, TIMEOUT, NULL, NULL, NULL);
}

static void
on_vanished (GDBusConnection *connection, const char *name, gpointer user_data)
{
  g_cancellable_cancel (((Question *) user_data)->cancellable);
}

/* Tells the verdict, and frees the question. */
static void
tell (Question *question, GError *error)
{
  SseBusJudged judged = question->judged;
  gpointer user_data = question->user_data;

  g_hash_table_remove (question->polkit->questions, question);
  question_free (question);
  judged (error, user_data);
  g_clear_error (&error);
}

static void
on_answer (GObject *connection, GAsyncResult *result, gpointer user_data)
{
  Question *question = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply
      = g_dbus_connection_call_finish (G_DBUS_CONNECTION (connection), result, &error);
  gboolean authorized = FALSE;
  gboolean challenge = FALSE;

  if (reply == NULL)
    {
      if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED)
          || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
        take_back (question);
      g_dbus_error_strip_remote_error (error);
      tell (question,
            question->polkit->closed
                ? g_error_new_literal (SSE_ERROR, SSE_ERROR_STORE_FAILED, "the daemon stops")
                : g_error_new (SSE_ERROR, SSE_ERROR_NOT_AUTHORIZED,
                               "polkit can't be asked for %s: %s", SSE_BUS_ACTION_MANAGE,
                               error->message));
      return;
    }
  g_variant_get (reply, "((bb@a{ss}))", &authorized, &challenge, NULL);
  tell (question, authorized
                      ? NULL
                      : g_error_new_literal (
                          SSE_ERROR, SSE_ERROR_NOT_AUTHORIZED,
                          challenge ? "an administrator has to authenticate "
                                      "for " SSE_BUS_ACTION_MANAGE ", and nobody could be asked"
                                    : "polkit does not allow " SSE_BUS_ACTION_MANAGE));
}

static Question *
question_new (SseBusPolkit *self, guint32 uid, GDBusMethodInvocation *invocation)
{
  Question *question = g_new0 (Question, 1);

  question->polkit = self;
  question->uid = uid;
  question->connection = g_object_ref (g_dbus_method_invocation_get_connection (invocation));
  question->id = g_strdup_printf ("rivulet-%u", self->n++);
  question->cancellable = g_cancellable_new ();
  question->watch = g_bus_watch_name_on_connection (
      question->connection, g_dbus_method_invocation_get_sender (invocation),
      G_BUS_NAME_WATCHER_FLAGS_NONE, NULL, on_vanished, question, NULL);
  g_hash_table_add (self->questions, question);
  return question;
}

static GVariant *
make_arguments (GDBusMethodInvocation *invocation, gboolean interactive, const char *id)
{
  GVariantBuilder subject = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);

  g_variant_builder_add (&subject, "{sv}", "name",
                         g_variant_new_string (g_dbus_method_invocation_get_sender (invocation)));
  return g_variant_new ("((sa{sv})s@a{ss}us)", "system-bus-name", &subject, SSE_BUS_ACTION_MANAGE,
                        g_variant_new_array (G_VARIANT_TYPE ("{ss}"), NULL, 0),
                        interactive ? ALLOW_USER_INTERACTION : 0, id);
}

/**
 * sse_bus_polkit_ask:
 * @uid: whose process called
 * @invocation: the call; polkit is asked about its sender, as it is now
 * @judged: told what polkit says, at once or later
 * @user_data: for @judged
 */
void
sse_bus_polkit_ask (SseBusPolkit *self,
                    guint32 uid,
                    GDBusMethodInvocation *invocation,
                    SseBusJudged judged,
                    gpointer user_data)
{
  GDBusMessageFlags flags
      = g_dbus_message_get_flags (g_dbus_method_invocation_get_message (invocation));
  gboolean interactive = (flags & G_DBUS_MESSAGE_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION) != 0;
  Question *question;

  if (g_hash_table_size (self->questions) >= MAX_ASKED
      || count_of_user (self, uid) >= MAX_ASKED_OF_USER)
    {
      g_autoptr (GError) busy = g_error_new_literal (
          SSE_ERROR, SSE_ERROR_BUSY, "too many calls wait for polkit already; try again later");

      judged (busy, user_data);
      return;
    }
  question = question_new (self, uid, invocation);
  question->judged = judged;
  question->user_data = user_data;
  if (self->closed)
    g_cancellable_cancel (question->cancellable);
  g_dbus_connection_call (question->connection, NAME, PATH, INTERFACE, "CheckAuthorization",
                          make_arguments (invocation, interactive, question->id),
                          G_VARIANT_TYPE ("((bba{ss}))"), G_DBUS_CALL_FLAGS_NONE,
                          interactive ? INTERACTIVE_TIMEOUT : TIMEOUT, question->cancellable,
                          on_answer, question);
}

SseBusPolkit *
sse_bus_polkit_new (void)
{
  SseBusPolkit *self = g_new0 (SseBusPolkit, 1);

  self->questions = g_hash_table_new (NULL, NULL);
  return self;
}

/**
 * sse_bus_polkit_close:
 *
 * Has those told soon who wait for an answer, and asks nothing any more.
 */
void
sse_bus_polkit_close (SseBusPolkit *self)
{
  GHashTableIter iter;
  Question *question;

  self->closed = TRUE;
  g_hash_table_iter_init (&iter, self->questions);
  while (g_hash_table_iter_next (&iter, (gpointer *) &question, NULL))
    g_cancellable_cancel (question->cancellable);
}

/* To come when nothing is asked any more. */
void
sse_bus_polkit_free (SseBusPolkit *self)
{
  g_hash_table_unref (self->questions);
  g_free (self);
}
