/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet"

#include "config.h"

#include "sse-daemon.h"

#include <string.h>

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

struct _SseDaemon
{
  GVariant *http; /* settings */
  SseHubOptions options;
  GBusType bus_type;
  GPtrArray *plugins;
  SseToken *token;

  SseHub *hub;
  SseFront *front;
  SseBus *bus;
};

static gboolean
get_boolean (GVariant *settings, const char *key)
{
  gboolean value = FALSE;

  g_variant_lookup (settings, key, "b", &value);
  return value;
}

/* A number that its setting bounds to what fits. */
static gsize
get_number (GVariant *settings, const char *key)
{
  gint64 value = 0;

  g_variant_lookup (settings, key, "x", &value);
  return (gsize) value;
}

static gboolean G_GNUC_PRINTF (5, 6) fail (
    SseConfig *config, const char *group, const char *key, GError **error, const char *format, ...)
{
  g_autofree char *where = sse_config_describe (config, group, key);
  g_autofree char *what = NULL;
  va_list args;

  va_start (args, format);
  what = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, SSE_CONFIG_ERROR, SSE_CONFIG_ERROR_INVALID, "%s: %s", where, what);
  return FALSE;
}

/* ---- reading the configuration ---- */

static gboolean
read_hub (SseDaemon *self, SseConfig *config, GError **error)
{
  g_autoptr (GVariant) hub = sse_config_get_group (config, "hub", sse_settings_hub, error);
  g_autoptr (GVariant) clients = NULL;

  if (hub == NULL)
    return FALSE;
  clients = sse_config_get_group (config, "clients", sse_settings_clients, error);
  if (clients == NULL)
    return FALSE;

  self->options = (SseHubOptions){
    .intake = {
      .max_update_bytes = get_number (hub, "max-update-bytes"),
      .max_updates = (guint) get_number (hub, "max-backlog"),
      .max_bytes = get_number (hub, "max-backlog-bytes"),
    },
    .fanout = {
      .n_workers = (guint) get_number (clients, "workers"),
      .queue_bytes = get_number (clients, "queue-bytes"),
      .heartbeat_ms = (guint) get_number (clients, "heartbeat-ms"),
      .retry_min_ms = (guint) get_number (clients, "retry-min-ms"),
      .retry_max_ms = (guint) get_number (clients, "retry-max-ms"),
    },
    .conflate_ms = (guint) get_number (hub, "conflate-ms"),
    .resume_events = (guint) get_number (hub, "resume-events"),
    .resume_bytes = get_number (hub, "resume-bytes"),
  };
  if (self->options.fanout.retry_min_ms > self->options.fanout.retry_max_ms)
    return fail (config, "clients", "retry-min-ms", error, _ ("is greater than retry-max-ms"));
  if (self->options.intake.max_bytes < self->options.intake.max_update_bytes)
    return fail (config, "hub", "max-backlog-bytes", error, _ ("is less than max-update-bytes"));
  return TRUE;
}

static gboolean
read_bus (SseDaemon *self, SseConfig *config, GError **error)
{
  g_autoptr (GVariant) settings = sse_config_get_group (config, "bus", sse_settings_bus, error);
  const char *bus;

  if (settings == NULL)
    return FALSE;
  g_variant_lookup (settings, "bus", "&s", &bus);
  if (strcmp (bus, "system") == 0)
    self->bus_type = G_BUS_TYPE_SYSTEM;
  else if (strcmp (bus, "session") == 0)
    self->bus_type = G_BUS_TYPE_SESSION;
  else if (strcmp (bus, "none") == 0)
    self->bus_type = G_BUS_TYPE_NONE;
  else
    return fail (config, "bus", "bus", error, _ ("“%s” is none of system, session and none"), bus);
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
    return fail (config, "auth", "secret-file", error,
                 _ ("not set; name a file with a secret of 32 bytes or more, or give systemd's "
                    "credential auth.secret-file"));
  secret = g_variant_get_data_as_bytes (content);
  self->token = sse_token_new (secret, get_boolean (settings, "require-expiry"), error);
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
    return fail (config, "plugins", "directory", error, "%s", local->message);
  if (self->plugins->len == 0)
    return fail (config, "plugins", "directory", error, _ ("no plugin in %s"), directory);
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
         || fail (config, "http", key, error, "%s", local->message);
}

static gboolean
read_config (SseDaemon *self, SseConfig *config, GError **error)
{
  return read_http (self, config, error) && read_hub (self, config, error)
         && read_bus (self, config, error) && read_token (self, config, error)
         && load_plugins (self, config, error) && sse_config_check_groups (config, error);
}

/* ---- the daemon ---- */

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
  log = sse_volatile_log_new ();
  self->hub = sse_hub_new (self->plugins, log, &self->options, error);
  if (self->hub == NULL)
    return NULL;
  self->front = sse_front_new (self->hub, self->token, self->http, error);
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
      self->bus = sse_bus_new (self->bus_type, self->hub, error);
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
