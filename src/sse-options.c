/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet"

#include "config.h"

#include "sse-options.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#include "sse-address.h"
#include "sse-front-settings.h"
#include "sse-settings.h"
#include "sse-streams-url.h"
#include "sse-token-settings.h"

/* In the directory for what runs. */
#define OPERATORS_SOCKET "operators"

/* Of what a client that resumes missed, that it is given at a time. */
#define SLICE_BYTES ((gsize) 256 * 1024)

/* A group's settings, kept in @self; NULL with an error. */
static GVariant *
read_group (SseOptions *self, SseConfig *config, const char *group, GError **error)
{
  GVariant *values = sse_settings_read (config, group, error);

  if (values != NULL)
    g_hash_table_replace (self->groups, g_strdup (group), values);
  return values;
}

static gboolean
read_http (SseOptions *self, SseConfig *config, GError **error)
{
  g_autoptr (GError) local = NULL;
  const char *key;

  self->http = read_group (self, config, "http", error);
  if (self->http == NULL)
    return FALSE;
  return sse_front_settings_check (self->http, &key, &local)
         || sse_config_fail (config, "http", key, error, "%s", local->message);
}

/* Of directories as systemd gives them, with colons between, the first; NULL where there is none.
 */
static char *
take_first (const char *directories)
{
  if (directories == NULL || *directories == '\0')
    return NULL;
  return g_strndup (directories, strcspn (directories, ":"));
}

static char **
choose_operators (const char *runtime_dirs)
{
  g_autoptr (GStrvBuilder) addresses = g_strv_builder_new ();
  g_autofree char *directory = take_first (runtime_dirs);
  g_autofree char *address = NULL;

  if (directory != NULL)
    {
      address = g_strdup_printf ("unix:%s/" OPERATORS_SOCKET, directory);
      g_strv_builder_add (addresses, address);
    }
  return g_strv_builder_end (addresses);
}

static gboolean
read_operators (SseOptions *self, SseConfig *config, const char *runtime_dirs, GError **error)
{
  g_autoptr (GError) local = NULL;
  const char *url;

  self->operators = read_group (self, config, "operators", error);
  if (self->operators == NULL)
    return FALSE;
  if (!g_variant_lookup (self->operators, "listen", "^as", &self->operators_listen))
    self->operators_listen = choose_operators (runtime_dirs);
  for (char **address = self->operators_listen; *address != NULL; address++)
    if (!sse_address_check (*address, &local))
      return sse_config_fail (config, "operators", "listen", error, "%s", local->message);
  url = sse_settings_get_string (self->operators, "streams-url");
  if (url != NULL && !sse_streams_url_check (url, &local))
    return sse_config_fail (config, "operators", "streams-url", error, "%s", local->message);
  return TRUE;
}

static gboolean
read_hub (SseOptions *self, SseConfig *config, GError **error)
{
  GVariant *hub = read_group (self, config, "hub", error);

  if (hub == NULL)
    return FALSE;
  self->hub.intake = (SseIntakeOptions){
    .max_update_bytes = sse_settings_get_number (hub, "max-update-bytes"),
    .max_updates = (guint) sse_settings_get_number (hub, "max-backlog"),
    .max_bytes = sse_settings_get_number (hub, "max-backlog-bytes"),
  };
  self->hub.conflate_ms = (guint) sse_settings_get_number (hub, "conflate-ms");
  self->hub.slice_bytes = SLICE_BYTES;
  self->hub.resume_events = (guint) sse_settings_get_number (hub, "resume-events");
  self->hub.resume_bytes = sse_settings_get_number (hub, "resume-bytes");
  self->hub.log_accepted = sse_settings_get_boolean (hub, "log-accepted");
  if (self->hub.intake.max_bytes < self->hub.intake.max_update_bytes)
    return sse_config_fail (config, "hub", "max-backlog-bytes", error,
                            _ ("is less than max-update-bytes"));
  return TRUE;
}

static gboolean
read_clients (SseOptions *self, SseConfig *config, GError **error)
{
  GVariant *clients = read_group (self, config, "clients", error);
  guint n_workers;

  if (clients == NULL)
    return FALSE;
  n_workers = (guint) sse_settings_get_number (clients, "workers");
  self->hub.fanout = (SseFanoutOptions){
    .n_workers = n_workers > 0 ? n_workers : g_get_num_processors (),
    .queue_bytes = sse_settings_get_number (clients, "queue-bytes"),
    .total_bytes = sse_settings_get_number (clients, "total-queue-bytes"),
    .heartbeat_ms = (guint) sse_settings_get_number (clients, "heartbeat-ms"),
    .peer_timeout_ms = (guint) sse_settings_get_number (clients, "peer-timeout-ms"),
    .retry_min_ms = (guint) sse_settings_get_number (clients, "retry-min-ms"),
    .retry_max_ms = (guint) sse_settings_get_number (clients, "retry-max-ms"),
  };
  self->shutdown_seconds = (guint) sse_settings_get_number (clients, "shutdown-seconds");
  if (self->hub.fanout.retry_min_ms > self->hub.fanout.retry_max_ms)
    return sse_config_fail (config, "clients", "retry-min-ms", error,
                            _ ("is greater than retry-max-ms"));
  return TRUE;
}

static gboolean
read_bus (SseOptions *self, SseConfig *config, GError **error)
{
  return read_group (self, config, "bus", error) != NULL
         && sse_settings_read_bus (config, &self->bus_type, error);
}

static char *
choose_directory (GBusType bus_type, const char *state_dirs)
{
  char *directory = take_first (state_dirs);

  if (directory != NULL)
    return directory;
  if (bus_type == G_BUS_TYPE_SESSION)
    return g_build_filename (g_get_user_state_dir (), "rivulet", NULL);
  return g_strdup (RIVULET_STATE_DIR);
}

/* What is a word of a NATS subject as it is. */
static gboolean
is_log_name (const char *name)
{
  return *name != '\0' && name[strspn (name, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-_")] == '\0';
}

static gboolean
read_nats (SseOptions *self, SseConfig *config, GError **error)
{
  GVariant *nats = read_group (self, config, "nats", error);
  const char *name;

  if (nats == NULL)
    return FALSE;
  self->nats_urls = sse_settings_get_strings (nats, "urls");
  name = sse_settings_get_string (nats, "name");
  self->nats = (SseNatsOptions){
    .urls = self->nats_urls,
    .name = name,
    .node = sse_settings_get_string (nats, "node"),
    .replicas = (guint) sse_settings_get_number (nats, "replicas"),
    .credentials_file = sse_settings_get_string (nats, "credentials-file"),
    .ca_file = sse_settings_get_string (nats, "ca-file"),
    .certificate_file = sse_settings_get_string (nats, "certificate-file"),
    .key_file = sse_settings_get_string (nats, "key-file"),
    .connect_ms = 1000 * (guint) sse_settings_get_number (nats, "connect-seconds"),
    .deadline_ms = 1000 * (guint) sse_settings_get_number (nats, "deadline-seconds"),
    .max_update_bytes = self->hub.intake.max_update_bytes,
    .checkpoint_updates = sse_settings_get_number (nats, "checkpoint-updates"),
    .retain_updates = self->store.retain_updates,
    .retain_seconds = (gint64) sse_settings_get_number (nats, "retain-seconds"),
    .directory = self->directory,
  };
  if (self->nats.node == NULL)
    self->nats.node = g_get_host_name ();
  if (!is_log_name (name))
    return sse_config_fail (config, "nats", "name", error,
                            _ ("“%s” has other characters than letters, digits, - and _"), name);
  if (*self->nats_urls == NULL)
    return sse_config_fail (config, "nats", "urls", error, _ ("is empty"));
  if ((self->nats.certificate_file == NULL) != (self->nats.key_file == NULL))
    return sse_config_fail (config, "nats", "certificate-file", error,
                            _ ("a certificate needs its key-file, and a key its certificate"));
  return TRUE;
}

static gboolean
read_backend (SseOptions *self, SseConfig *config, GVariant *settings, GError **error)
{
  const char *backend = sse_settings_get_string (settings, "backend");

  self->shared = strcmp (backend, "nats") == 0;
  if (!self->shared && strcmp (backend, "local") != 0)
    return sse_config_fail (config, "log", "backend", error, _ ("“%s” is neither local nor nats"),
                            backend);
  if (self->shared && !HAVE_NATS)
    return sse_config_fail (config, "log", "backend", error,
                            _ ("nats: this rivuletd was built without libnats"));
  if (self->shared && self->directory == NULL)
    return sse_config_fail (config, "log", "durability", error,
                            _ ("none does not go with [log] backend=nats"));
  return read_nats (self, config, error);
}

static gboolean
read_log (SseOptions *self, SseConfig *config, const char *state_dirs, GError **error)
{
  GVariant *settings = read_group (self, config, "log", error);
  const char *durability;

  if (settings == NULL)
    return FALSE;
  durability = sse_settings_get_string (settings, "durability");
  if (strcmp (durability, "none") == 0)
    return read_backend (self, config, settings, error);
  if (strcmp (durability, "full") != 0)
    return sse_config_fail (config, "log", "durability", error, _ ("“%s” is neither full nor none"),
                            durability);
  self->directory = g_strdup (sse_settings_get_string (settings, "directory"));
  if (self->directory == NULL)
    self->directory = choose_directory (self->bus_type, state_dirs);
  self->store = (SseStoreOptions){
    .directory = self->directory,
    .retain_updates = sse_settings_get_number (settings, "retain-updates"),
    .retain_hours = (guint) sse_settings_get_number (settings, "retain-hours"),
  };
  return read_backend (self, config, settings, error);
}

static gboolean
read_plugins (SseOptions *self, SseConfig *config, GError **error)
{
  GVariant *settings = read_group (self, config, "plugins", error);

  if (settings == NULL)
    return FALSE;
  self->plugin_dir = sse_settings_get_string (settings, "directory");
  return TRUE;
}

/**
 * sse_options_read:
 * @config: what files and the command line say
 * @state_dirs: (nullable): directories for the log, the first counts, where @config names none;
 *   with colons between, as systemd gives them
 * @runtime_dirs: (nullable): likewise, for the operators' socket
 * @error: what is wrong there: %SSE_CONFIG_ERROR
 *
 * Reads and checks the daemon's own groups, and the keys for tokens. The streams' groups are left
 * for when their plugins are known.
 *
 * Returns: (transfer full): what they say
 */
SseOptions *
sse_options_read (SseConfig *config,
                  const char *state_dirs,
                  const char *runtime_dirs,
                  GError **error)
{
  g_autoptr (SseOptions) self = g_new0 (SseOptions, 1);

  self->groups
      = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_variant_unref);
  if (!read_http (self, config, error) || !read_operators (self, config, runtime_dirs, error)
      || !read_hub (self, config, error) || !read_clients (self, config, error)
      || !read_bus (self, config, error) || !read_log (self, config, state_dirs, error)
      || !read_plugins (self, config, error))
    return NULL;
  self->token = sse_token_settings_read (config, error);
  return self->token != NULL ? g_steal_pointer (&self) : NULL;
}

void
sse_options_free (SseOptions *self)
{
  g_hash_table_unref (self->groups);
  g_clear_pointer (&self->token, sse_token_free);
  g_strfreev (self->operators_listen);
  g_free (self->nats_urls);
  g_free (self->directory);
  g_free (self);
}

static GVariant *
look_up (GHashTable *groups, const char *group, const char *key)
{
  return g_variant_lookup_value (g_hash_table_lookup (groups, group), key, NULL);
}

/**
 * sse_options_tell_restart:
 * @running: (element-type utf8 GVariant): the groups that the daemon was started with
 *
 * Says in the log what of @self differs from these and takes effect with the next start.
 */
void
sse_options_tell_restart (SseOptions *self, GHashTable *running)
{
  for (const SseSettingsName *name = sse_settings_at_start; name->group != NULL; name++)
    {
      g_autoptr (GVariant) now = look_up (running, name->group, name->key);
      g_autoptr (GVariant) then = look_up (self->groups, name->group, name->key);

      if (now == NULL ? then != NULL : then == NULL || !g_variant_equal (now, then))
        g_message ("[%s] %s: takes effect with the next start", name->group, name->key);
    }
}
