/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-bus"

#include "config.h"

#include "sse-bus-callers.h"

#include <string.h>

/* Callers that are remembered. A bus never gives a name a second time, so that what is remembered
 * of one stays true as long as it is the same bus. */
#define MAX_KNOWN 256

/* For the bus, and for systemd, to answer, in ms. */
#define TIMEOUT 2000

#define UNIT_PATH "/org/freedesktop/systemd1/unit/"

struct _SseBusCallers
{
  GHashTable *known;           /* name → Caller */
  GQueue names;                /* of them, not owned, the oldest first */
  GHashTable *unknown;         /* name → Question */
  GDBusConnection *connection; /* whose names they are; NULL while there is none */
  GCancellable *cancellable;
};

typedef struct
{
  SseBusCallersTold told;
  gpointer user_data;
} Waiting;

/* Who has a name, until that is known. */
typedef struct
{
  SseBusCallers *callers;
  GDBusConnection *connection;
  char *name;
  SseProcess caller;
  GArray *waiting;
} Question;

static const SseProcess nobody = { .uid = -1 };

static void
caller_free (gpointer data)
{
  SseProcess *caller = data;

  g_free (caller->unit);
  g_free (caller);
}

static void
question_free (gpointer data)
{
  Question *question = data;

  g_object_unref (question->connection);
  g_array_unref (question->waiting);
  g_free (question->name);
  g_free (question->caller.unit);
  g_free (question);
}

static void
remember (SseBusCallers *self, const char *name, const SseProcess *caller)
{
  SseProcess *copy = g_new (SseProcess, 1);
  char *key = g_strdup (name);

  if (self->names.length >= MAX_KNOWN)
    g_hash_table_remove (self->known, g_queue_pop_head (&self->names));
  *copy = (SseProcess){ caller->uid, caller->pid, g_strdup (caller->unit) };
  g_hash_table_insert (self->known, key, copy);
  g_queue_push_tail (&self->names, key);
}

/* Tells those who wait, in the order in which they asked; frees the question. What another bus says
 * of a name says nothing of who has it on this one. */
static void
answer (Question *question)
{
  SseBusCallers *self = question->callers;
  gboolean stale = question->connection != self->connection;
  const SseProcess *caller = stale ? &nobody : &question->caller;

  if (!stale)
    g_hash_table_steal (self->unknown, question->name);
  if (caller->uid >= 0)
    remember (self, question->name, caller);
  for (guint i = 0; i < question->waiting->len; i++)
    {
      Waiting *waiting = &g_array_index (question->waiting, Waiting, i);

      waiting->told (caller, waiting->user_data);
    }
  question_free (question);
}

static void
call (Question *question,
      const char *name,
      const char *path,
      const char *interface,
      const char *method,
      GVariant *arguments,
      const char *result,
      GAsyncReadyCallback callback)
{
  g_dbus_connection_call (question->connection, name, path, interface, method, arguments,
                          G_VARIANT_TYPE (result), G_DBUS_CALL_FLAGS_NO_AUTO_START, TIMEOUT,
                          question->callers->cancellable, callback, question);
}

/* ".../unit/foo_2eservice" for foo.service (sd_bus_path_encode(3)). */
static char *
decode_unit (const char *path)
{
  GString *unit = g_string_new (NULL);

  if (!g_str_has_prefix (path, UNIT_PATH))
    return g_string_free (unit, TRUE);
  for (const char *p = path + strlen (UNIT_PATH); *p != '\0'; p++)
    if (*p == '_' && g_ascii_isxdigit (p[1]) && g_ascii_isxdigit (p[2]))
      {
        g_string_append_c (unit,
                           (char) (g_ascii_xdigit_value (p[1]) * 16 + g_ascii_xdigit_value (p[2])));
        p += 2;
      }
    else
      g_string_append_c (unit, *p);
  return g_string_free (unit, FALSE);
}

static void
on_unit (GObject *connection, GAsyncResult *result, gpointer user_data)
{
  Question *question = user_data;
  g_autoptr (GVariant) path
      = g_dbus_connection_call_finish (G_DBUS_CONNECTION (connection), result, NULL);
  const char *text;

  /* There may be no systemd, or it does not know the process. */
  if (path != NULL)
    {
      g_variant_get (path, "(&o)", &text);
      question->caller.unit = decode_unit (text);
    }
  answer (question);
}

static void
on_credentials (GObject *connection, GAsyncResult *result, gpointer user_data)
{
  Question *question = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply
      = g_dbus_connection_call_finish (G_DBUS_CONNECTION (connection), result, &error);
  g_autoptr (GVariant) credentials = NULL;
  guint32 uid;

  if (reply == NULL)
    {
      g_debug ("the bus does not say who %s is: %s", question->name, error->message);
      answer (question);
      return;
    }
  credentials = g_variant_get_child_value (reply, 0);
  if (g_variant_lookup (credentials, "UnixUserID", "u", &uid))
    question->caller.uid = uid;
  if (!g_variant_lookup (credentials, "ProcessID", "u", &question->caller.pid))
    answer (question);
  else
    call (question, "org.freedesktop.systemd1", "/org/freedesktop/systemd1",
          "org.freedesktop.systemd1.Manager", "GetUnitByPID",
          g_variant_new ("(u)", question->caller.pid), "(o)", on_unit);
}

static Question *
question_new (SseBusCallers *self, GDBusConnection *connection, const char *name)
{
  Question *question = g_new0 (Question, 1);

  question->callers = self;
  question->connection = g_object_ref (connection);
  question->name = g_strdup (name);
  question->caller.uid = -1;
  question->waiting = g_array_new (FALSE, FALSE, sizeof (Waiting));
  g_hash_table_insert (self->unknown, question->name, question);
  return question;
}

/**
 * sse_bus_callers_ask:
 * @invocation: a call
 * @told: told who it is from, once: at once where that is known. Calls of one caller are told of in
 *   the order in which they were asked for
 * @user_data: for @told
 */
void
sse_bus_callers_ask (SseBusCallers *self,
                     GDBusMethodInvocation *invocation,
                     SseBusCallersTold told,
                     gpointer user_data)
{
  GDBusConnection *connection = g_dbus_method_invocation_get_connection (invocation);
  const char *name = g_dbus_method_invocation_get_sender (invocation);
  const SseProcess *caller
      = connection == self->connection ? g_hash_table_lookup (self->known, name) : &nobody;
  const Waiting waiting = { told, user_data };
  Question *question;

  if (caller != NULL)
    {
      told (caller, user_data);
      return;
    }
  question = g_hash_table_lookup (self->unknown, name);
  if (question != NULL)
    {
      g_array_append_val (question->waiting, waiting);
      return;
    }
  question = question_new (self, connection, name);
  g_array_append_val (question->waiting, waiting);
  call (question, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
        "GetConnectionCredentials", g_variant_new ("(s)", name), "(a{sv})", on_credentials);
}

SseBusCallers *
sse_bus_callers_new (void)
{
  SseBusCallers *self = g_new0 (SseBusCallers, 1);

  self->known = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, caller_free);
  self->unknown = g_hash_table_new (g_str_hash, g_str_equal);
  self->cancellable = g_cancellable_new ();
  return self;
}

/**
 * sse_bus_callers_serve:
 * @connection: (nullable): the bus whose calls are asked about from now on
 *
 * Forgets all that it knows: another bus gives the same names to others.
 */
void
sse_bus_callers_serve (SseBusCallers *self, GDBusConnection *connection)
{
  g_queue_clear (&self->names);
  g_hash_table_remove_all (self->known);
  g_hash_table_remove_all (self->unknown);
  g_set_object (&self->connection, connection);
}

/**
 * sse_bus_callers_close:
 *
 * Has those who wait told soon, of callers that are not known, and asks nobody any more.
 */
void
sse_bus_callers_close (SseBusCallers *self)
{
  g_cancellable_cancel (self->cancellable);
}

/* To come when nobody waits any more. */
void
sse_bus_callers_free (SseBusCallers *self)
{
  g_queue_clear (&self->names);
  g_hash_table_unref (self->known);
  g_hash_table_unref (self->unknown);
  g_clear_object (&self->connection);
  g_object_unref (self->cancellable);
  g_free (self);
}
