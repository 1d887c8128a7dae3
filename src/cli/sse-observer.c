/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-observer.h"

#include <glib/gi18n-lib.h>

#include "sse-cli-bus.h"
#include "sse-cli.h"

struct _SseObserver
{
  GDBusConnection *connection;
  GBusType bus;
  const SseObserverCalls *calls;
  gpointer user_data;

  GMainLoop *loop;
  GError *error;
  GCancellable *cancellable;
  guint watch;
  guint subscription;
  gboolean looking; /* answers are waited for */
  gboolean changed; /* since they were asked for */
  GVariant *server;
};

static void look (SseObserver *self);

/* The answers of one that went away meanwhile don't come; that is told otherwise. */
static gboolean
went_away (const GError *error)
{
  return g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY)
         || g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN)
         || g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER);
}

/* Of both answers: what they are, or NULL where it ends here. */
static GVariant *
finish (SseObserver *self, GObject *connection, GAsyncResult *result, GError **error)
{
  GVariant *answer = g_dbus_connection_call_finish (G_DBUS_CONNECTION (connection), result, error);
  g_autofree char *why = NULL;

  if (answer != NULL)
    return answer;
  self->looking = FALSE;
  if (g_error_matches (*error, G_IO_ERROR, G_IO_ERROR_CANCELLED)
      || g_dbus_connection_is_closed (self->connection))
    return NULL;
  if (went_away (*error))
    {
      /* It may be there again already. */
      if (self->changed)
        look (self);
      return NULL;
    }
  why = sse_cli_bus_describe (*error, self->bus);
  sse_observer_stop (self, g_error_new (SSE_CLI_ERROR, SSE_CLI_ERROR_FAILED,
                                        _ ("cannot look at rivuletd: %s"), why));
  return NULL;
}

static void
on_objects (GObject *connection, GAsyncResult *result, gpointer user_data)
{
  SseObserver *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) answer = finish (self, connection, result, &error);
  g_autoptr (GVariant) objects = NULL;

  if (answer == NULL)
    return;
  self->looking = FALSE;
  objects = g_variant_get_child_value (answer, 0);
  self->calls->seen (self->server, objects, self->user_data);
  if (self->changed)
    look (self);
}

static void
call (SseObserver *self,
      const char *interface,
      const char *method,
      GVariant *arguments,
      const char *type,
      GAsyncReadyCallback callback)
{
  g_dbus_connection_call (self->connection, SSE_CLI_BUS_NAME, SSE_CLI_BUS_PATH, interface, method,
                          arguments, G_VARIANT_TYPE (type), G_DBUS_CALL_FLAGS_NO_AUTO_START,
                          SSE_CLI_BUS_TIMEOUT, self->cancellable, callback, self);
}

static void
on_server (GObject *connection, GAsyncResult *result, gpointer user_data)
{
  SseObserver *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) answer = finish (self, connection, result, &error);

  if (answer == NULL)
    return;
  g_clear_pointer (&self->server, g_variant_unref);
  self->server = g_variant_get_child_value (answer, 0);
  call (self, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", NULL, "(a{oa{sa{sv}}})",
        on_objects);
}

/* Asks for all of it, at once or when what was asked for before is there. */
static void
look (SseObserver *self)
{
  self->changed = self->looking;
  if (self->looking)
    return;
  self->looking = TRUE;
  call (self, "org.freedesktop.DBus.Properties", "GetAll",
        g_variant_new ("(s)", SSE_CLI_BUS_SERVER), "(a{sv})", on_server);
}

static void
on_properties_changed (GDBusConnection *connection,
                       const char *sender,
                       const char *path,
                       const char *interface,
                       const char *signal,
                       GVariant *parameters,
                       gpointer user_data)
{
  look (user_data);
}

static void
on_appeared (GDBusConnection *connection, const char *name, const char *owner, gpointer user_data)
{
  look (user_data);
}

static void
on_vanished (GDBusConnection *connection, const char *name, gpointer user_data)
{
  SseObserver *self = user_data;

  if (connection != NULL)
    self->calls->away (self->user_data);
}

static void
on_closed (GDBusConnection *connection, gboolean peer_vanished, GError *error, gpointer user_data)
{
  sse_observer_stop (user_data, g_error_new (SSE_CLI_ERROR, SSE_CLI_ERROR_FAILED,
                                             _ ("the connection to the bus was lost: %s"),
                                             error != NULL ? error->message : _ ("it was closed")));
}

/**
 * sse_observer_new:
 * @bus: which bus @connection is to
 * @calls: outlives it
 * @user_data: for @calls
 */
SseObserver *
sse_observer_new (GDBusConnection *connection,
                  GBusType bus,
                  const SseObserverCalls *calls,
                  gpointer user_data)
{
  SseObserver *self = g_new0 (SseObserver, 1);

  self->connection = g_object_ref (connection);
  self->bus = bus;
  self->calls = calls;
  self->user_data = user_data;
  self->loop = g_main_loop_new (NULL, FALSE);
  self->cancellable = g_cancellable_new ();
  return self;
}

/* The answers that are still waited for come to nothing. */
void
sse_observer_free (SseObserver *self)
{
  g_cancellable_cancel (self->cancellable);
  while (self->looking)
    g_main_context_iteration (NULL, TRUE);
  g_clear_pointer (&self->server, g_variant_unref);
  g_clear_error (&self->error);
  g_object_unref (self->cancellable);
  g_object_unref (self->connection);
  g_main_loop_unref (self->loop);
  g_free (self);
}

/**
 * sse_observer_run:
 * @error: why it could not go on, or what sse_observer_stop() was given
 *
 * Observes until sse_observer_stop().
 */
gboolean
sse_observer_run (SseObserver *self, GError **error)
{
  g_signal_connect (self->connection, "closed", G_CALLBACK (on_closed), self);
  self->subscription = g_dbus_connection_signal_subscribe (
      self->connection, SSE_CLI_BUS_NAME, "org.freedesktop.DBus.Properties", "PropertiesChanged",
      NULL, NULL, G_DBUS_SIGNAL_FLAGS_NONE, on_properties_changed, self, NULL);
  self->watch = g_bus_watch_name_on_connection (self->connection, SSE_CLI_BUS_NAME,
                                                G_BUS_NAME_WATCHER_FLAGS_NONE, on_appeared,
                                                on_vanished, self, NULL);
  g_main_loop_run (self->loop);
  g_bus_unwatch_name (self->watch);
  g_dbus_connection_signal_unsubscribe (self->connection, self->subscription);
  g_signal_handlers_disconnect_by_data (self->connection, self);
  if (self->error == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&self->error));
  return FALSE;
}

/**
 * sse_observer_stop:
 * @error: (transfer full) (nullable): what sse_observer_run() shall fail with; the first counts
 */
void
sse_observer_stop (SseObserver *self, GError *error)
{
  if (self->error == NULL)
    self->error = error;
  else
    g_clear_error (&error);
  g_main_loop_quit (self->loop);
}
