/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-publisher.h"

#include "bench-bus.h"
#include "bench-error.h"

#define STREAM "github-events"

/* dbus-daemon lets one connection to the system bus have 128 calls without an answer. */
#define IN_FLIGHT 100

typedef struct
{
  BenchPublisher parent;
  GDBusConnection *connection;
  char *name;
  GError *failure;
} BusPublisher;

static void
on_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  BusPublisher *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) answer
      = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  self->parent.waiting--;
  if (answer == NULL && self->failure == NULL)
    g_set_error (&self->failure, BENCH_ERROR, BENCH_ERROR_SERVER, "publishing: %s", error->message);
}

static void
call (BusPublisher *self, const char *method, GVariant *parameters, const char *type)
{
  self->parent.waiting++;
  g_dbus_connection_call (self->connection, self->name, BENCH_BUS_PATH, BENCH_BUS_INTERFACE, method,
                          parameters, G_VARIANT_TYPE (type), G_DBUS_CALL_FLAGS_NO_AUTO_START,
                          BENCH_BUS_TIMEOUT_MS, NULL, on_answer, self);
}

static gboolean
send_calls (BenchPublisher *publisher, GPtrArray *updates, GError **error)
{
  BusPublisher *self = (BusPublisher *) publisher;
  GVariantBuilder many;

  if (updates->len == 1)
    {
      BenchUpdate *update = g_ptr_array_index (updates, 0);
      call (self, "Publish", g_variant_new ("(ssa{sv})", STREAM, update->body, NULL), "(s)");
      return TRUE;
    }
  g_variant_builder_init (&many, G_VARIANT_TYPE ("a(ssa{sv})"));
  for (guint i = 0; i < updates->len; i++)
    {
      BenchUpdate *update = g_ptr_array_index (updates, i);
      g_variant_builder_add (&many, "(ssa{sv})", STREAM, update->body, NULL);
    }
  call (self, "PublishMany", g_variant_new ("(a(ssa{sv}))", &many), "(a(sss))");
  return TRUE;
}

static gboolean
on_time (gpointer user_data)
{
  gboolean *passed = user_data;

  *passed = TRUE;
  return G_SOURCE_REMOVE;
}

static gboolean
turn_bus (BenchPublisher *publisher, guint ms, GError **error)
{
  BusPublisher *self = (BusPublisher *) publisher;
  guint before = self->parent.waiting;
  gboolean passed = ms == 0;
  guint timer = passed ? 0 : g_timeout_add (ms, on_time, &passed);

  do
    while (g_main_context_iteration (NULL, !passed && self->parent.waiting == before))
      ;
  while (!passed && self->parent.waiting == before && self->failure == NULL);
  if (timer != 0 && !passed)
    g_source_remove (timer);
  if (self->failure == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&self->failure));
  return FALSE;
}

static void
free_bus (BenchPublisher *publisher)
{
  BusPublisher *self = (BusPublisher *) publisher;

  g_dbus_connection_close_sync (self->connection, NULL, NULL);
  /* Calls without an answer fail now, and tell so. */
  while (self->parent.waiting > 0)
    g_main_context_iteration (NULL, TRUE);
  g_object_unref (self->connection);
  g_clear_error (&self->failure);
  g_free (self->name);
  g_free (self);
}

/**
 * bench_publisher_new_bus:
 * @address: a D-Bus address, `session` or `system`
 *
 * Publishes with `Publish`, many updates at once with `PublishMany`.
 */
BenchPublisher *
bench_publisher_new_bus (const char *address, const BenchPublisherOptions *options, GError **error)
{
  GDBusConnection *connection = bench_bus_connect (address, error);

  if (connection == NULL)
    return NULL;
  BusPublisher *self = g_new0 (BusPublisher, 1);
  self->parent = (BenchPublisher){ .bound = IN_FLIGHT,
                                   .make = bench_update_new,
                                   .send = send_calls,
                                   .turn = turn_bus,
                                   .free = free_bus };
  self->connection = connection;
  self->name = g_strdup (options->bus_name != NULL ? options->bus_name : BENCH_BUS_NAME);
  return &self->parent;
}
