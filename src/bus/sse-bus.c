/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-bus"

#include "config.h"

#include "sse-bus.h"

#include <glib/gi18n-lib.h>

#include "sse-bus-context.h"
#include "sse-bus-error.h"
#include "sse-bus-manager.h"
#include "sse-bus-publisher.h"
#include "sse-bus-server.h"
#include "sse-bus-stream.h"

/* Between two attempts to reach a bus that went away, in ms. */
#define FIRST_RETRY 250
#define LAST_RETRY  30000

/* For the bus to take the last answers, in ms. */
#define FLUSH_TIMEOUT 1000

#define REQUEST_NAME_DO_NOT_QUEUE  4
#define REQUEST_NAME_PRIMARY_OWNER 1
#define REQUEST_NAME_ALREADY_OWNER 4

enum
{
  PUBLISHER,
  MANAGER,
  SERVER,
  N_INTERFACES,
};

struct _SseBus
{
  char *address;
  SseHub *hub;
  SseBusContext context;
  GDBusInterfaceSkeleton *interfaces[N_INTERFACES]; /* of the root object */
  GDBusObjectManagerServer *manager;

  GDBusConnection *connection; /* NULL while there is no bus */
  GCancellable *cancellable;   /* of the attempt to reach it */
  guint retry_timer;
  guint retry;
};

static void connect_later (SseBus *self);

/* ---- objects ---- */

static void
add_stream (SseBus *self, SseStream *stream)
{
  g_autofree char *element = g_strdup (sse_stream_get_name (stream));
  g_autofree char *path = NULL;
  g_autoptr (GDBusObjectSkeleton) object = NULL;
  g_autoptr (SseBusStream) interface = sse_bus_live_stream_new (stream);

  g_strcanon (element, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_", '_');
  path = g_strdup_printf ("%s/streams/%s", SSE_BUS_PATH, element);
  object = g_dbus_object_skeleton_new (path);
  g_dbus_object_skeleton_add_interface (object, G_DBUS_INTERFACE_SKELETON (interface));
  /* A disabled plugin may have the name of a stream that works. */
  g_dbus_object_manager_server_export_uniquely (self->manager, object);
}

static gboolean export(SseBus *self, GError **error)
{
  for (guint i = 0; i < N_INTERFACES; i++)
    if (!g_dbus_interface_skeleton_export (self->interfaces[i], self->connection, SSE_BUS_PATH,
                                           error))
      return FALSE;
  g_dbus_object_manager_server_set_connection (self->manager, self->connection);
  return TRUE;
}

static void
unexport (SseBus *self)
{
  g_dbus_object_manager_server_set_connection (self->manager, NULL);
  for (guint i = 0; i < N_INTERFACES; i++)
    if (g_dbus_interface_skeleton_get_connection (self->interfaces[i]) != NULL)
      g_dbus_interface_skeleton_unexport (self->interfaces[i]);
}

/* ---- the connection ---- */

static void
drop_connection (SseBus *self)
{
  if (self->connection == NULL)
    return;
  g_signal_handlers_disconnect_by_data (self->connection, self);
  unexport (self);
  sse_bus_callers_serve (self->context.callers, NULL);
  g_clear_object (&self->connection);
}

static void
on_closed (GDBusConnection *connection, gboolean peer_vanished, GError *error, gpointer user_data)
{
  SseBus *self = user_data;

  g_message ("the bus is gone%s%s; streams go on, waiting for it", error != NULL ? ": " : "",
             error != NULL ? error->message : "");
  drop_connection (self);
  self->retry = FIRST_RETRY;
  connect_later (self);
}

/* Takes @connection, puts the objects on it. */
static gboolean
use_connection (SseBus *self, GDBusConnection *connection, GError **error)
{
  self->connection = connection;
  g_dbus_connection_set_exit_on_close (connection, FALSE);
  g_signal_connect (connection, "closed", G_CALLBACK (on_closed), self);
  sse_bus_callers_serve (self->context.callers, connection);
  return export(self, error);
}

static GVariant *
request_name_arguments (void)
{
  return g_variant_new ("(su)", SSE_BUS_NAME, REQUEST_NAME_DO_NOT_QUEUE);
}

/* Whether the bus's answer says that the name is ours. */
static gboolean
check_name (GVariant *answer, GError **error)
{
  guint32 result;

  g_variant_get (answer, "(u)", &result);
  if (result == REQUEST_NAME_PRIMARY_OWNER || result == REQUEST_NAME_ALREADY_OWNER)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS,
               _ ("another process owns %s on this bus; is rivuletd running already?"),
               SSE_BUS_NAME);
  return FALSE;
}

/* ---- after the bus went away ---- */

static void
give_up_attempt (SseBus *self, GError *error)
{
  g_debug ("cannot use the bus: %s", error->message);
  drop_connection (self);
  connect_later (self);
}

static void
on_name_requested (GObject *source, GAsyncResult *result, gpointer user_data)
{
  SseBus *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) answer
      = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  /* Where it closed meanwhile, that has been seen to. */
  if (self->connection != G_DBUS_CONNECTION (source))
    return;
  if (answer == NULL || !check_name (answer, &error))
    {
      give_up_attempt (self, error);
      return;
    }
  g_message ("on the bus again");
}

static void
on_connected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  SseBus *self = user_data;
  g_autoptr (GError) error = NULL;
  GDBusConnection *connection = g_dbus_connection_new_for_address_finish (result, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  if (connection == NULL || !use_connection (self, connection, &error))
    {
      give_up_attempt (self, error);
      return;
    }
  g_dbus_connection_call (self->connection, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                          "org.freedesktop.DBus", "RequestName", request_name_arguments (),
                          G_VARIANT_TYPE ("(u)"), G_DBUS_CALL_FLAGS_NONE, -1, self->cancellable,
                          on_name_requested, self);
}

static gboolean
on_retry (gpointer user_data)
{
  SseBus *self = user_data;

  self->retry_timer = 0;
  g_dbus_connection_new_for_address (self->address,
                                     G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
                                         | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                     NULL, self->cancellable, on_connected, self);
  return G_SOURCE_REMOVE;
}

static void
connect_later (SseBus *self)
{
  self->retry_timer = g_timeout_add (self->retry, on_retry, self);
  self->retry = MIN (self->retry * 2, LAST_RETRY);
}

/* ---- start and end ---- */

static gboolean
start (SseBus *self, GError **error)
{
  g_autoptr (GVariant) answer = NULL;
  GDBusConnection *connection = g_dbus_connection_new_for_address_sync (
      self->address,
      G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
          | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
      NULL, NULL, error);

  if (connection == NULL || !use_connection (self, connection, error))
    return FALSE;
  answer = g_dbus_connection_call_sync (
      self->connection, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
      "RequestName", request_name_arguments (), G_VARIANT_TYPE ("(u)"), G_DBUS_CALL_FLAGS_NONE, -1,
      NULL, error);
  return answer != NULL && check_name (answer, error);
}

/**
 * sse_bus_new:
 * @type: the system's or the session's bus
 * @hub: what is shown there
 * @counters: likewise; outlives it
 * @funcs: what else is asked; outlives it
 * @user_data: for @funcs
 * @error: where the bus can't be reached, or does not give the name
 *
 * Connects, and owns the name when it returns.
 */
SseBus *
sse_bus_new (GBusType type,
             SseHub *hub,
             const SseCounters *counters,
             const SseBusFuncs *funcs,
             gpointer user_data,
             GError **error)
{
  g_autoptr (SseBus) self = g_new0 (SseBus, 1);
  g_autoptr (GError) local = NULL;
  GPtrArray *streams = sse_hub_get_streams (hub);

  sse_bus_error_register ();
  self->hub = g_object_ref (hub);
  self->cancellable = g_cancellable_new ();
  self->context = (SseBusContext){
    .hub = hub,
    .callers = sse_bus_callers_new (),
    .authority = sse_bus_authority_new (type),
    .funcs = funcs,
    .user_data = user_data,
  };
  self->interfaces[PUBLISHER]
      = G_DBUS_INTERFACE_SKELETON (sse_bus_publisher_new_in (&self->context));
  self->interfaces[MANAGER] = G_DBUS_INTERFACE_SKELETON (sse_bus_manager_new_in (&self->context));
  self->interfaces[SERVER]
      = G_DBUS_INTERFACE_SKELETON (sse_bus_live_server_new (counters, sse_hub_get_log (hub)));
  self->manager = g_dbus_object_manager_server_new (SSE_BUS_PATH);
  for (guint i = 0; i < streams->len; i++)
    add_stream (self, g_ptr_array_index (streams, i));

  self->address = g_dbus_address_get_for_bus_sync (type, NULL, &local);
  if (self->address == NULL || !start (self, &local))
    {
      g_set_error (error, local->domain, local->code,
                   type == G_BUS_TYPE_SYSTEM ? _ ("cannot use the system bus: %s")
                                             : _ ("cannot use the session bus: %s"),
                   local->message);
      return NULL;
    }
  return g_steal_pointer (&self);
}

static void
on_flushed (GObject *connection, GAsyncResult *result, gpointer done)
{
  g_dbus_connection_flush_finish (G_DBUS_CONNECTION (connection), result, NULL);
  *(gboolean *) done = TRUE;
}

static gboolean
on_flush_timeout (gpointer cancellable)
{
  g_cancellable_cancel (cancellable);
  return G_SOURCE_CONTINUE;
}

/* Waits until the bus has what was sent to it, or does not take it. */
static void
flush (GDBusConnection *connection)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  guint timeout = g_timeout_add (FLUSH_TIMEOUT, on_flush_timeout, cancellable);
  gboolean done = FALSE;

  g_dbus_connection_flush (connection, cancellable, on_flushed, &done);
  while (!done)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (timeout);
}

/* Answers all calls that are open. Those that come now are told that the daemon stops; nothing that
 * the open ones wait for takes its time any more. */
static void
close_calls (SseBus *self)
{
  self->context.closing = TRUE;
  sse_bus_callers_close (self->context.callers);
  sse_bus_authority_close (self->context.authority);
  while (self->context.n_open > 0)
    g_main_context_iteration (NULL, TRUE);
}

/* Sends what is still to be answered, and leaves the bus. */
void
sse_bus_free (SseBus *self)
{
  g_cancellable_cancel (self->cancellable);
  g_clear_handle_id (&self->retry_timer, g_source_remove);
  close_calls (self);
  if (self->connection != NULL)
    {
      g_autoptr (GDBusConnection) connection = g_object_ref (self->connection);

      /* Who calls meanwhile is told that the daemon stops, not that there is no such method. */
      g_signal_handlers_disconnect_by_data (connection, self);
      flush (connection);
      g_dbus_connection_close_sync (connection, NULL, NULL);
      drop_connection (self);
    }
  g_object_unref (self->manager);
  for (guint i = 0; i < N_INTERFACES; i++)
    g_object_unref (self->interfaces[i]);
  sse_bus_callers_free (self->context.callers);
  sse_bus_authority_free (self->context.authority);
  g_object_unref (self->cancellable);
  g_object_unref (self->hub);
  g_free (self->address);
  g_free (self);
}
