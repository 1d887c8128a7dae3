/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-publisher.h"

#include <gio/gio.h>

#include "bench-error.h"

#define NAME      "io.github.rivulet.Rivulet"
#define PATH      "/io/github/rivulet/Rivulet"
#define INTERFACE "io.github.rivulet.Rivulet1.Publisher"
#define STREAM    "github-events"

/* dbus-daemon lets one connection to the system bus have 128 calls without an answer. */
#define IN_FLIGHT  100
#define TIMEOUT_MS 60000

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
  g_dbus_connection_call (self->connection, self->name, PATH, INTERFACE, method, parameters,
                          G_VARIANT_TYPE (type), G_DBUS_CALL_FLAGS_NO_AUTO_START, TIMEOUT_MS, NULL,
                          on_answer, self);
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
  g_autofree char *found = NULL;
  gboolean session = g_str_equal (address, "session");

  if (session || g_str_equal (address, "system"))
    {
      found = g_dbus_address_get_for_bus_sync (session ? G_BUS_TYPE_SESSION : G_BUS_TYPE_SYSTEM,
                                               NULL, error);
      if (found == NULL)
        return NULL;
      address = found;
    }
  g_autoptr (GDBusConnection) connection = g_dbus_connection_new_for_address_sync (
      address,
      G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
          | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
      NULL, NULL, error);
  if (connection == NULL)
    return NULL;
  g_dbus_connection_set_exit_on_close (connection, FALSE);

  BusPublisher *self = g_new0 (BusPublisher, 1);
  self->parent = (BenchPublisher){ .bound = IN_FLIGHT,
                                   .make = bench_update_new,
                                   .send = send_calls,
                                   .turn = turn_bus,
                                   .free = free_bus };
  self->connection = g_steal_pointer (&connection);
  self->name = g_strdup (options->bus_name != NULL ? options->bus_name : NAME);
  return &self->parent;
}
