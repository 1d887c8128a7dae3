/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-caller.h"

#include "bench-bus.h"
#include "bench-error.h"

#define UPDATE_FORMAT                                                                              \
  "{\"type\":\"quota\",\"quota\":{\"used\":%" G_GUINT64_FORMAT ",\"remaining\":0}}"

struct _BenchCaller
{
  GDBusConnection *connection;
  char *bus_name;
  guint n; /* 0: until it is stopped */
  int stopping;
  GCancellable *cancellable;
  GThread *thread; /* NULL once it was joined */

  /* The thread's own until then. */
  GArray *took; /* gint64, ns */
  GError *failure;
};

static gboolean
call (BenchCaller *self, guint64 number)
{
  GVariantBuilder options;
  g_autofree char *update = g_strdup_printf (UPDATE_FORMAT, number);

  g_variant_builder_init (&options, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&options, "{sv}", "audience", g_variant_new_string ("bench-nobody"));
  gint64 start = bench_monotonic_ns ();
  g_autoptr (GVariant) answer = g_dbus_connection_call_sync (
      self->connection, self->bus_name, BENCH_BUS_PATH, BENCH_BUS_INTERFACE, "Publish",
      g_variant_new ("(ssa{sv})", "quota", update, &options), G_VARIANT_TYPE ("(s)"),
      G_DBUS_CALL_FLAGS_NO_AUTO_START, BENCH_BUS_TIMEOUT_MS, self->cancellable, &self->failure);
  gint64 took = bench_monotonic_ns () - start;

  g_array_append_val (self->took, took);
  return answer != NULL;
}

static gpointer
call_all (gpointer user_data)
{
  BenchCaller *self = user_data;

  for (guint64 i = 0; self->n == 0 || i < self->n; i++)
    if (!call (self, i) || g_atomic_int_get (&self->stopping))
      break;
  return NULL;
}

/**
 * bench_caller_start:
 * @address: a D-Bus address, `session` or `system`
 * @bus_name: (nullable): whom to call; %NULL for Rivulet
 * @n: how many calls; 0 for as many as there are before bench_caller_finish(), at least one
 * @error: (out) (optional): set where there is no bus
 */
BenchCaller *
bench_caller_start (const char *address, const char *bus_name, guint n, GError **error)
{
  GDBusConnection *connection = bench_bus_connect (address, error);

  if (connection == NULL)
    return NULL;
  BenchCaller *self = g_new0 (BenchCaller, 1);
  self->connection = connection;
  self->bus_name = g_strdup (bus_name != NULL ? bus_name : BENCH_BUS_NAME);
  self->n = n;
  self->cancellable = g_cancellable_new ();
  self->took = g_array_new (FALSE, FALSE, sizeof (gint64));
  self->thread = g_thread_new ("caller", call_all, self);
  return self;
}

/**
 * bench_caller_finish:
 * @times: (out): what the calls took
 * @calls: (out): how many there were
 * @error: (out) (optional): set to #BENCH_ERROR_SERVER where one was refused or had no answer
 *
 * Waits until all calls have their answers.
 */
gboolean
bench_caller_finish (BenchCaller *self, BenchTimes *times, guint *calls, GError **error)
{
  if (self->n == 0)
    g_atomic_int_set (&self->stopping, TRUE);
  g_thread_join (g_steal_pointer (&self->thread));
  if (self->failure != NULL)
    {
      g_set_error (error, BENCH_ERROR, BENCH_ERROR_SERVER, "publishing: %s",
                   self->failure->message);
      return FALSE;
    }
  *calls = self->took->len;
  bench_times_of ((gint64 *) (gpointer) self->took->data, self->took->len, times);
  return TRUE;
}

void
bench_caller_free (BenchCaller *self)
{
  if (self->thread != NULL)
    {
      g_atomic_int_set (&self->stopping, TRUE);
      g_cancellable_cancel (self->cancellable);
      g_thread_join (self->thread);
    }
  g_dbus_connection_close_sync (self->connection, NULL, NULL);
  g_object_unref (self->connection);
  g_object_unref (self->cancellable);
  g_array_unref (self->took);
  g_clear_error (&self->failure);
  g_free (self->bus_name);
  g_free (self);
}
