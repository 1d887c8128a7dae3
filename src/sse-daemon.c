/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet"

#include "config.h"

#include "sse-daemon.h"

#include <sys/resource.h>

#include <glib/gi18n-lib.h>

#include "sse-address.h"
#include "sse-bus.h"
#include "sse-error.h"
#include "sse-front.h"
#include "sse-hub.h"
#include "sse-issue.h"
#include "sse-journal.h"
#if HAVE_NATS
#include "sse-nats-log.h"
#endif
#include "sse-operators.h"
#include "sse-options.h"
#include "sse-own-key.h"
#include "sse-plugin-loader.h"
#include "sse-pulse.h"
#include "sse-service.h"
#include "sse-store.h"
#include "sse-volatile-log.h"

/* Of the main context at the end, for answers that publishers are due, however many keep asking. */
#define MAX_LAST_ITERATIONS 10000

struct _SseDaemon
{
  SseDaemonReadConfig read_config;
  gpointer user_data;
  char *state_dirs;
  char *runtime_dirs;

  SseOptions *options;
  GHashTable *started_groups; /* of the options that it was started with */
  GPtrArray *plugins;
  SseOwnKey own_key;
  SseHub *hub;
  SseCounters counters;
  SseFront *front;
  SseOperators *operators;
  SseBus *bus;
  SsePulse *pulse;
  gboolean stopping;
  GMainLoop *loop; /* not owned: runs while it serves */
  GError *loss;    /* why it cannot serve any more */
};

/* Every client takes a descriptor; the soft limit is low for the sake of programs that use
 * select(). */
static void
raise_descriptor_limit (void)
{
  struct rlimit limit;

  if (getrlimit (RLIMIT_NOFILE, &limit) < 0)
    return;
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit (RLIMIT_NOFILE, &limit) == 0)
    g_info ("%" G_GUINT64_FORMAT " descriptors may be open", (guint64) limit.rlim_cur);
}

static gboolean
load_plugins (SseDaemon *self, SseConfig *config, GError **error)
{
  const char *directory = self->options->plugin_dir;
  g_autoptr (GError) local = NULL;

  self->plugins = sse_plugins_load (directory, &local);
  if (self->plugins == NULL)
    return sse_config_fail (config, "plugins", "directory", error, "%s", local->message);
  if (self->plugins->len == 0)
    return sse_config_fail (config, "plugins", "directory", error, _ ("no plugin in %s"),
                            directory);
  return sse_plugins_configure (self->plugins, config, error);
}

/**
 * sse_daemon_new:
 * @read_config: reads the configuration, now and in sse_daemon_reload()
 * @user_data: for @read_config; outlives it
 * @state_dirs: (nullable): directories for the log, the first counts, where the configuration names
 *   none; with colons between, as systemd gives them
 * @runtime_dirs: (nullable): likewise, for the operators' socket
 * @error: what is wrong there
 *
 * Checks the configuration, reads the secrets and loads the plugins. Nothing is opened yet.
 */
SseDaemon *
sse_daemon_new (SseDaemonReadConfig read_config,
                gpointer user_data,
                const char *state_dirs,
                const char *runtime_dirs,
                GError **error)
{
  g_autoptr (SseDaemon) self = g_new0 (SseDaemon, 1);
  g_autoptr (SseConfig) config = read_config (user_data, error);

  self->read_config = read_config;
  self->user_data = user_data;
  self->state_dirs = g_strdup (state_dirs);
  self->runtime_dirs = g_strdup (runtime_dirs);
  if (config == NULL)
    return NULL;
  self->options = sse_options_read (config, state_dirs, runtime_dirs, error);
  if (self->options == NULL || !load_plugins (self, config, error)
      || !sse_config_check_groups (config, error))
    return NULL;
  self->started_groups = g_hash_table_ref (self->options->groups);
  return g_steal_pointer (&self);
}

static void
add_own_key (SseDaemon *self, SseToken *token)
{
  if (sse_token_has_own (token))
    return;
  if (self->options->shared)
    g_message ("tokens that IssueToken makes are good at this node alone: [auth] issue-secret-file "
               "is not set");
  sse_token_set_own (token, self->own_key.id, sse_token_key_ref (self->own_key.key));
}

static SseLog *
open_log (SseDaemon *self, GError **error)
{
#if HAVE_NATS
  if (self->options->shared)
    return sse_nats_log_new (&self->options->nats, error);
#endif
  if (self->options->directory != NULL)
    return sse_store_new (&self->options->store, error);
  g_message ("durability=none: what is accepted is lost when rivuletd ends");
  return sse_volatile_log_new ();
}

/* What was applied is not in the log any more, or not as it was. */
static void
on_lost (SseLog *log, const GError *error, gpointer daemon)
{
  SseDaemon *self = daemon;

  g_clear_error (&self->loss);
  self->loss = g_error_copy (error);
  if (self->loop != NULL)
    g_main_loop_quit (self->loop);
}

/* A stream is not what it is at other nodes. */
static void
on_differs (SseLog *log, const char *stream, const char *why, gpointer daemon)
{
  g_autoptr (GError) error = NULL;

  if (!sse_hub_disable (((SseDaemon *) daemon)->hub, stream, why, &error))
    on_lost (log, error, daemon);
}

/**
 * sse_daemon_load:
 * @error: where the log or the key for tokens can't be opened, or threads can't be had
 *
 * Loads what the log keeps. This takes its time where that is much, and may be cut short by ending
 * the process.
 */
gboolean
sse_daemon_load (SseDaemon *self, GError **error)
{
  g_autoptr (SseLog) log = NULL;

  raise_descriptor_limit ();
  log = open_log (self, error);
  if (log == NULL || !sse_own_key_load (&self->own_key, self->options->directory, error))
    return FALSE;
  add_own_key (self, self->options->token);
  g_signal_connect (log, "lost", G_CALLBACK (on_lost), self);
  g_signal_connect (log, "differs", G_CALLBACK (on_differs), self);
  self->hub = sse_hub_new (self->plugins, log, &self->options->hub, error);
  return self->hub != NULL && sse_hub_load (self->hub, error);
}

/* ---- what the bus asks for ---- */

static char *
issue_token (
    const char *subject, const char *const *streams, guint seconds, gpointer daemon, GError **error)
{
  SseDaemon *self = daemon;

  return sse_issue_token (self->hub, self->options->token, subject, streams, seconds, error);
}

static gboolean
reload_for_bus (gpointer daemon, GError **error)
{
  return sse_daemon_reload (daemon, error);
}

static const SseBusFuncs bus_funcs = { issue_token, reload_for_bus };

/* Listens for operators and for clients: on the service manager's sockets for them, where it gives
 * any, else as is configured. */
static gboolean
listen_for_all (SseDaemon *self, GError **error)
{
  g_auto (SseServiceSockets) sockets = { NULL, NULL };
  const char *const *addresses = (const char *const *) self->options->operators_listen;

  if (!sse_service_take_sockets (&sockets, error))
    return FALSE;
  if (sockets.operators == NULL)
    sockets.operators = sse_address_listen (addresses, SSE_ADDRESS_CLOSED, error);
  if (sockets.operators == NULL)
    return FALSE;
  self->operators = sse_operators_new (self->hub, self->front, &self->counters,
                                       g_steal_pointer (&sockets.operators), error);
  if (self->operators == NULL)
    return FALSE;
  sse_operators_configure (self->operators, self->options->http, self->options->operators);
  return sse_front_start (self->front, g_steal_pointer (&sockets.public), error);
}

/**
 * sse_daemon_start:
 * @self: one that is loaded
 * @error: where an address or the bus can't be had
 *
 * Owns the name on the bus and listens, and then tells the service manager that it is ready.
 */
gboolean
sse_daemon_start (SseDaemon *self, GError **error)
{
  self->front = sse_front_new (self->hub, self->options->token, self->options->http,
                               &self->counters, error);
  if (self->front == NULL)
    return FALSE;
  if (self->options->bus_type != G_BUS_TYPE_NONE)
    {
      self->bus = sse_bus_new (self->options->bus_type, self->hub, &self->counters, &bus_funcs,
                               self, error);
      if (self->bus == NULL)
        return FALSE;
    }
  self->pulse = sse_pulse_new (self->hub, error);
  if (self->pulse == NULL || !listen_for_all (self, error))
    return FALSE;
  sse_service_tell_ready ();
  return TRUE;
}

/**
 * sse_daemon_serve:
 * @self: one that was started
 * @loop: quit by whoever wants it to stop
 * @error: that the log is not any more what was served of it
 *
 * Serves until it is to stop, or has to begin again.
 */
gboolean
sse_daemon_serve (SseDaemon *self, GMainLoop *loop, GError **error)
{
  self->loop = loop;
  if (self->loss == NULL)
    g_main_loop_run (loop);
  self->loop = NULL;
  if (self->loss == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&self->loss));
  return FALSE;
}

/* ---- loading the configuration again ---- */

static gboolean
configure_plugin (SsePlugin *plugin, GVariant *settings, gpointer daemon, GError **error)
{
  SseStream *stream
      = sse_hub_get_stream (((SseDaemon *) daemon)->hub, sse_source_get_stream (plugin->source));

  /* One that is disabled has no clients. */
  if (!sse_stream_is_enabled (stream))
    return sse_source_configure (plugin->source, settings, error);
  return sse_stream_configure (stream, settings, error);
}

static gboolean
reload (SseDaemon *self, GError **error)
{
  g_autoptr (SseConfig) config = self->read_config (self->user_data, error);
  g_autoptr (SseOptions) options = NULL;

  if (config == NULL)
    return FALSE;
  options = sse_options_read (config, self->state_dirs, self->runtime_dirs, error);
  if (options == NULL
      || !sse_plugins_reconfigure (self->plugins, config, configure_plugin, self, error))
    return FALSE;

  add_own_key (self, options->token);
  sse_hub_configure (self->hub, &options->hub);
  sse_front_configure (self->front, options->token, options->http);
  sse_operators_configure (self->operators, options->http, options->operators);
  sse_options_tell_restart (options, self->started_groups);
  sse_options_free (self->options);
  self->options = g_steal_pointer (&options);
  return TRUE;
}

/**
 * sse_daemon_reload:
 * @self: one that was started
 * @error: what is wrong in the configuration, or that the daemon stops
 *
 * Reads the configuration and the secrets again. Where all is in order it takes effect, but for
 * what is only looked at when the daemon starts; else nothing changes. Clients stay. The log says
 * what came of it.
 */
gboolean
sse_daemon_reload (SseDaemon *self, GError **error)
{
  g_autoptr (GError) local = NULL;
  gboolean ok;

  if (self->stopping)
    {
      g_set_error_literal (error, SSE_ERROR, SSE_ERROR_REFUSED, "the daemon stops");
      return FALSE;
    }
  sse_service_tell_reloading ();
  ok = reload (self, &local);
  sse_service_tell_ready ();
  if (ok)
    {
      sse_journal (G_LOG_LEVEL_MESSAGE, SSE_JOURNAL_CONFIG_LOADED, NULL,
                   "the configuration was loaded again");
      return TRUE;
    }
  sse_journal (G_LOG_LEVEL_WARNING, SSE_JOURNAL_CONFIG_REFUSED, NULL,
               "the configuration stays as it was: %s", local->message);
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

/* ---- stopping ---- */

static gboolean
is_quiet (SseDaemon *self)
{
  return sse_hub_is_quiet (self->hub) && sse_front_is_quiet (self->front);
}

static gboolean
is_empty (SseDaemon *self)
{
  return sse_hub_get_n_clients (self->hub) == 0 && is_quiet (self);
}

static gboolean
on_deadline (gpointer passed)
{
  *(gboolean *) passed = TRUE;
  return G_SOURCE_CONTINUE;
}

/**
 * sse_daemon_stop:
 * @self: one that was started
 *
 * Lets everyone leave, within the time that is configured for it: nobody comes in any more;
 * publishers get their answers, and clients what was accepted; then clients are told to come back,
 * and their responses end. It iterates the main context meanwhile. Who is left then is closed by
 * sse_daemon_free().
 */
void
sse_daemon_stop (SseDaemon *self)
{
  gboolean passed = FALSE;
  guint deadline = g_timeout_add (self->options->shutdown_seconds * 1000, on_deadline, &passed);

  sse_service_tell_stopping (self->options->shutdown_seconds);
  sse_pulse_stop (self->pulse);
  self->stopping = TRUE;
  sse_operators_tell_stopping (self->operators);
  sse_front_stop (self->front);
  sse_hub_close (self->hub);
  g_message ("stopping, within %u s; clients: %u", self->options->shutdown_seconds,
             sse_hub_get_n_clients (self->hub));
  while (!is_quiet (self) && !passed)
    g_main_context_iteration (NULL, TRUE);
  sse_hub_end_clients (self->hub);
  while (!is_empty (self) && !passed)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (deadline);
  if (passed)
    g_message ("the time to stop is over; clients that are closed as they are: %u",
               sse_hub_get_n_clients (self->hub));
}

/* Ends in the reverse order: no more clients, no more updates, then the answers that are due. */
void
sse_daemon_free (SseDaemon *self)
{
  self->stopping = TRUE; /* one that could not be started */
  g_clear_pointer (&self->operators, sse_operators_free);
  g_clear_pointer (&self->front, sse_front_free);
  if (self->pulse != NULL)
    sse_pulse_stop (self->pulse);
  if (self->hub != NULL)
    {
      sse_hub_stop (self->hub);
      for (guint i = 0; i < MAX_LAST_ITERATIONS && g_main_context_iteration (NULL, FALSE); i++)
        continue;
    }
  g_clear_pointer (&self->bus, sse_bus_free);
  g_clear_pointer (&self->pulse, sse_pulse_free);
  g_clear_object (&self->hub);
  g_clear_pointer (&self->plugins, g_ptr_array_unref);
  sse_own_key_clear (&self->own_key);
  g_clear_pointer (&self->started_groups, g_hash_table_unref);
  g_clear_pointer (&self->options, sse_options_free);
  g_free (self->state_dirs);
  g_free (self->runtime_dirs);
  g_clear_error (&self->loss);
  g_free (self);
}
