/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet"

#include "config.h"

#include "sse-daemon.h"

#include <string.h>
#include <sys/resource.h>

#include <glib/gi18n.h>

#include "sse-bus.h"
#include "sse-front.h"
#include "sse-hub.h"
#include "sse-plugin-loader.h"
#include "sse-settings.h"
#include "sse-token.h"
#include "sse-volatile-log.h"

/* Of the main context at the end, for answers that publishers are due, however many keep asking. */
#define MAX_LAST_ITERATIONS 10000

/* Of what a client that resumes missed, that it is given at a time. */
#define SLICE_BYTES ((gsize) 256 * 1024)

struct _SseDaemon
{
  GVariant *http; /* settings */
  SseHubOptions options;
  GBusType bus_type;
  GPtrArray *plugins;
  SseToken *token;

  SseHub *hub;
  SseCounters counters;
  SseFront *front;
  SseBus *bus;
};

/* ---- reading the configuration ---- */

static gboolean
read_hub (SseDaemon *self, SseConfig *config, GError **error)
{
  g_autoptr (GVariant) hub = sse_config_get_group (config, "hub", sse_settings_hub, error);
  g_autoptr (GVariant) clients = NULL;
  guint n_workers;

  if (hub == NULL)
    return FALSE;
  clients = sse_config_get_group (config, "clients", sse_settings_clients, error);
  if (clients == NULL)
    return FALSE;

  n_workers = (guint) sse_settings_get_number (clients, "workers");
  self->options = (SseHubOptions){
    .intake = {
      .max_update_bytes = sse_settings_get_number (hub, "max-update-bytes"),
      .max_updates = (guint) sse_settings_get_number (hub, "max-backlog"),
      .max_bytes = sse_settings_get_number (hub, "max-backlog-bytes"),
    },
    .fanout = {
      .n_workers = n_workers > 0 ? n_workers : g_get_num_processors (),
      .queue_bytes = sse_settings_get_number (clients, "queue-bytes"),
      .total_bytes = sse_settings_get_number (clients, "total-queue-bytes"),
      .heartbeat_ms = (guint) sse_settings_get_number (clients, "heartbeat-ms"),
      .peer_timeout_ms = (guint) sse_settings_get_number (clients, "peer-timeout-ms"),
      .retry_min_ms = (guint) sse_settings_get_number (clients, "retry-min-ms"),
      .retry_max_ms = (guint) sse_settings_get_number (clients, "retry-max-ms"),
    },
    .conflate_ms = (guint) sse_settings_get_number (hub, "conflate-ms"),
    .slice_bytes = SLICE_BYTES,
    .resume_events = (guint) sse_settings_get_number (hub, "resume-events"),
    .resume_bytes = sse_settings_get_number (hub, "resume-bytes"),
  };
  if (self->options.fanout.retry_min_ms > self->options.fanout.retry_max_ms)
    return sse_config_fail (config, "clients", "retry-min-ms", error,
                            _ ("is greater than retry-max-ms"));
  if (self->options.intake.max_bytes < self->options.intake.max_update_bytes)
    return sse_config_fail (config, "hub", "max-backlog-bytes", error,
                            _ ("is less than max-update-bytes"));
  return TRUE;
}

static gboolean
read_token (SseDaemon *self, SseConfig *config, GError **error)
{
  g_autoptr (GVariant) settings = sse_config_get_group (config, "auth", sse_settings_auth, error);
  g_autoptr (GVariant) content = NULL;
  g_autoptr (GBytes) secret = NULL;

  if (settings == NULL)
    return FALSE;
  content = g_variant_lookup_value (settings, "secret-file", G_VARIANT_TYPE_BYTESTRING);
  if (content == NULL)
    return sse_config_fail (
        config, "auth", "secret-file", error,
        _ ("not set; name a file with a secret of 32 bytes or more, or give systemd's "
           "credential auth.secret-file"));
  secret = g_variant_get_data_as_bytes (content);
  self->token
      = sse_token_new (secret, sse_settings_get_boolean (settings, "require-expiry"), error);
  return self->token != NULL;
}

static gboolean
load_plugins (SseDaemon *self, SseConfig *config, GError **error)
{
  g_autoptr (GVariant) settings
      = sse_config_get_group (config, "plugins", sse_settings_plugins, error);
  g_autoptr (GError) local = NULL;
  const char *directory;

  if (settings == NULL)
    return FALSE;
  g_variant_lookup (settings, "directory", "&s", &directory);
  self->plugins = sse_plugins_load (directory, &local);
  if (self->plugins == NULL)
    return sse_config_fail (config, "plugins", "directory", error, "%s", local->message);
  if (self->plugins->len == 0)
    return sse_config_fail (config, "plugins", "directory", error, _ ("no plugin in %s"),
                            directory);
  return sse_plugins_configure (self->plugins, config, error);
}

static gboolean
read_http (SseDaemon *self, SseConfig *config, GError **error)
{
  g_autoptr (GError) local = NULL;
  const char *key;

  self->http = sse_config_get_group (config, "http", sse_settings_http, error);
  if (self->http == NULL)
    return FALSE;
  return sse_front_check (self->http, &key, &local)
         || sse_config_fail (config, "http", key, error, "%s", local->message);
}

static gboolean
read_config (SseDaemon *self, SseConfig *config, GError **error)
{
  return read_http (self, config, error) && read_hub (self, config, error)
         && sse_settings_read_bus (config, &self->bus_type, error)
         && read_token (self, config, error) && load_plugins (self, config, error)
         && sse_config_check_groups (config, error);
}

/* ---- the daemon ---- */

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

/**
 * sse_daemon_new:
 * @config: what files and the command line say
 * @error: what is wrong there
 *
 * Checks the configuration, reads the secrets and loads the plugins. Nothing is listened on yet.
 */
SseDaemon *
sse_daemon_new (SseConfig *config, GError **error)
{
  g_autoptr (SseDaemon) self = g_new0 (SseDaemon, 1);
  g_autoptr (SseLog) log = NULL;

  if (!read_config (self, config, error))
    return NULL;
  raise_descriptor_limit ();
  log = sse_volatile_log_new ();
  self->hub = sse_hub_new (self->plugins, log, &self->options, error);
  if (self->hub == NULL)
    return NULL;
  self->front = sse_front_new (self->hub, self->token, self->http, &self->counters, error);
  if (self->front == NULL)
    return NULL;
  return g_steal_pointer (&self);
}

/**
 * sse_daemon_start:
 * @error: where an address or the bus can't be had
 *
 * Owns the name on the bus and listens.
 */
gboolean
sse_daemon_start (SseDaemon *self, GError **error)
{
  if (self->bus_type != G_BUS_TYPE_NONE)
    {
      self->bus = sse_bus_new (self->bus_type, self->hub, &self->counters, error);
      if (self->bus == NULL)
        return FALSE;
    }
  return sse_front_start (self->front, error);
}

/* Stops in the reverse order: no more clients, no more updates, then the answers that are due. */
void
sse_daemon_free (SseDaemon *self)
{
  g_clear_pointer (&self->front, sse_front_free);
  if (self->hub != NULL)
    {
      sse_hub_stop (self->hub);
      for (guint i = 0; i < MAX_LAST_ITERATIONS && g_main_context_iteration (NULL, FALSE); i++)
        continue;
    }
  g_clear_pointer (&self->bus, sse_bus_free);
  g_clear_object (&self->hub);
  g_clear_pointer (&self->plugins, g_ptr_array_unref);
  g_clear_pointer (&self->token, sse_token_free);
  g_clear_pointer (&self->http, g_variant_unref);
  g_free (self);
}
