/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-settings.h"

#include <string.h>

#include <glib/gi18n.h>

#define MIB (G_GINT64_CONSTANT (1) << 20)

const SseSetting sse_settings_http[] = {
  { "listen", SSE_SETTING_STRINGS, "localhost:3001", 0, 0,
    "Addresses to listen on: HOST:PORT, [IPV6]:PORT, *:PORT or unix:PATH." },
  { "base-paths", SSE_SETTING_STRINGS, "/api", 0, 0,
    "Prefixes under which every path is served a second time." },
  { "allowed-origins", SSE_SETTING_STRINGS, "http://localhost:3000", 0, 0,
    "Origins whose pages may follow streams; the first is named to all others." },
  { "publish", SSE_SETTING_BOOLEAN, "false", 0, 0,
    "Whether updates are taken at POST /publish/STREAM, with a token that names the stream." },
  { "max-connections", SSE_SETTING_INTEGER, "0", 0, 1000000,
    "Connections served at once; what comes on top is asked to come back later. 0: as many as "
    "descriptors allow." },
  { "max-connections-per-address", SSE_SETTING_INTEGER, "0", 0, 1000000,
    "The same of one client's address, or of 64 bits of an IPv6 address; 0: no limit." },
  { "max-connections-per-user", SSE_SETTING_INTEGER, "0", 0, 1000000,
    "Streams that one user follows at once, in all; 0: no limit." },
  { "cookie-name", SSE_SETTING_STRING, NULL, 0, 0,
    "The cookie that may hold a token, where neither Authorization nor the query does." },
  { "head-timeout-ms", SSE_SETTING_INTEGER, "10000", 100, 600000,
    "Time a client has for its whole request head, in milliseconds." },
  { "body-timeout-seconds", SSE_SETTING_INTEGER, "30", 1, 3600,
    "Time a client has for a request's whole body, in seconds, from when its head was there." },
  { .key = NULL },
};

const SseSetting sse_settings_operators[] = {
  { "listen", SSE_SETTING_STRINGS, NULL, 0, 0,
    "Addresses where operators see how it is: HOST:PORT, [IPV6]:PORT, *:PORT or unix:PATH. Empty: "
    "nowhere." },
  { .key = NULL },
};

const SseSetting sse_settings_auth[] = {
  { "algorithm", SSE_SETTING_STRING, "HS256", 0, 0,
    "What tokens are signed with, whatever they say themselves: HS256, HS384, HS512 (a secret), "
    "RS256, RS384, RS512, ES256, ES384, ES512 (a public key)." },
  { "secret-file", SSE_SETTING_SECRET, NULL, 32, 4096,
    "File with the secret that tokens are signed with, 32 bytes or more." },
  { "public-key-file", SSE_SETTING_SECRET, NULL, 1, 16384,
    "File with the public key in PEM that tokens are checked with, in place of a secret." },
  { "require-expiry", SSE_SETTING_BOOLEAN, "true", 0, 0,
    "Whether a token without exp is invalid." },
  { "leeway-seconds", SSE_SETTING_INTEGER, "0", 0, 60,
    "How far the clocks of those who sign tokens may be off, in seconds." },
  { "issuer", SSE_SETTING_STRING, NULL, 0, 0,
    "What a token's iss has to be; where it is not set, anything." },
  { "audience", SSE_SETTING_STRING, NULL, 0, 0,
    "What a token's aud has to be or to have in it; where it is not set, there may be no aud." },
  { .key = NULL },
};

const SseSetting sse_settings_key[] = {
  { "algorithm", SSE_SETTING_STRING, NULL, 0, 0,
    "What tokens that name this key are signed with, such as ES256." },
  { "file", SSE_SETTING_SECRET, NULL, 1, 16384,
    "File with the secret, of 32 bytes or more, or the public key in PEM." },
  { .key = NULL },
};

const SseSetting sse_settings_hub[] = {
  { "conflate-ms", SSE_SETTING_INTEGER, "50", 0, 60000,
    "Least time between two renderings of a view, in milliseconds." },
  { "max-update-bytes", SSE_SETTING_INTEGER, "1048576", 1024, 64 * MIB,
    "The largest update, in bytes of JSON." },
  { "max-backlog", SSE_SETTING_INTEGER, "10000", 1, 1000000,
    "Updates that may wait for the log; what comes on top is refused as Busy." },
  { "max-backlog-bytes", SSE_SETTING_INTEGER, "67108864", 1024, 4096 * MIB,
    "The same, in bytes of JSON and 64 for each value in it." },
  { "resume-events", SSE_SETTING_INTEGER, "10000", 0, 1000000,
    "Appended events of each stream that are kept for clients that resume." },
  { "resume-bytes", SSE_SETTING_INTEGER, "33554432", 0, 4096 * MIB, "The same, in bytes." },
  { "log-accepted", SSE_SETTING_BOOLEAN, "false", 0, 0,
    "Whether the journal is told of each accepted update too, with who published it." },
  { .key = NULL },
};

const SseSetting sse_settings_log[] = {
  { "durability", SSE_SETTING_STRING, "full", 0, 0,
    "full: what was accepted is on the disk; none: it is lost when the daemon ends." },
  { "directory", SSE_SETTING_STRING, NULL, 0, 0, "Directory of the log." },
  { "retain-updates", SSE_SETTING_INTEGER, "10000", 1, 1000000,
    "Updates of each stream that are kept in the log." },
  { "retain-hours", SSE_SETTING_INTEGER, "72", 1, 87600, "How long they are kept, in hours." },
  { .key = NULL },
};

const SseSetting sse_settings_clients[] = {
  { "workers", SSE_SETTING_INTEGER, "0", 0, 256,
    "Threads that write to clients; 0: one for each processor." },
  { "queue-bytes", SSE_SETTING_INTEGER, "1048576", 16384, 1024 * MIB,
    "What may wait for a client that reads slowly, views aside, in bytes; then it is closed." },
  { "total-queue-bytes", SSE_SETTING_INTEGER, "268435456", 1 * MIB, 1024 * 1024 * MIB,
    "The same for all clients together, in bytes of memory; then those are closed that take "
    "most." },
  { "heartbeat-ms", SSE_SETTING_INTEGER, "15000", 100, 3600000,
    "Time between two heartbeats to a client, in milliseconds." },
  { "peer-timeout-ms", SSE_SETTING_INTEGER, "40000", 1000, 3600000,
    "How long what was sent may stay unacknowledged, or unread by a peer that takes no more, until "
    "it is taken for dead, in milliseconds." },
  { "retry-min-ms", SSE_SETTING_INTEGER, "1000", 0, 3600000,
    "Least time after which a client shall come back, in milliseconds." },
  { "retry-max-ms", SSE_SETTING_INTEGER, "5000", 0, 3600000,
    "Greatest time after which a client shall come back; each is told a random one between." },
  { "shutdown-seconds", SSE_SETTING_INTEGER, "10", 0, 3600,
    "How long publishers and clients may take to leave when the daemon stops, in seconds." },
  { .key = NULL },
};

const SseSetting sse_settings_bus[] = {
  { "bus", SSE_SETTING_STRING, "system", 0, 0,
    "The bus to own the name on: system, session or none." },
  { .key = NULL },
};

const SseSetting sse_settings_plugins[] = {
  { "directory", SSE_SETTING_STRING, RIVULET_PLUGIN_DIR, 0, 0,
    "Directory of the plugins, one stream each." },
  { .key = NULL },
};

/**
 * sse_settings_get_boolean:
 * @settings: what sse_config_get_group() gave
 * @key: a boolean that is set or has a default
 */
gboolean
sse_settings_get_boolean (GVariant *settings, const char *key)
{
  gboolean value = FALSE;

  g_variant_lookup (settings, key, "b", &value);
  return value;
}

/**
 * sse_settings_get_number:
 * @settings: what sse_config_get_group() gave
 * @key: an integer that is set or has a default; its bounds leave it none below 0
 */
gsize
sse_settings_get_number (GVariant *settings, const char *key)
{
  gint64 value = 0;

  g_variant_lookup (settings, key, "x", &value);
  return (gsize) value;
}

/**
 * sse_settings_get_string:
 * @settings: what sse_config_get_group() gave; outlives the string
 *
 * Returns: (transfer none) (nullable): the text, %NULL where it is not set and has no default
 */
const char *
sse_settings_get_string (GVariant *settings, const char *key)
{
  const char *text = NULL;

  g_variant_lookup (settings, key, "&s", &text);
  return text;
}

/**
 * sse_settings_get_strings:
 * @settings: what sse_config_get_group() gave; outlives the strings
 * @key: a list
 *
 * Returns: (transfer container) (array zero-terminated=1) (nullable): the strings, %NULL where it
 * is not set and has no default
 */
const char **
sse_settings_get_strings (GVariant *settings, const char *key)
{
  const char **strings = NULL;

  g_variant_lookup (settings, key, "^a&s", &strings);
  return strings;
}

/**
 * sse_settings_read_bus:
 * @type: (out): the bus that the daemon is on, %G_BUS_TYPE_NONE for none
 * @error: %SSE_CONFIG_ERROR
 *
 * Reads the group `bus`.
 */
gboolean
sse_settings_read_bus (SseConfig *config, GBusType *type, GError **error)
{
  g_autoptr (GVariant) settings = sse_config_get_group (config, "bus", sse_settings_bus, error);
  const char *name;

  if (settings == NULL)
    return FALSE;
  name = sse_settings_get_string (settings, "bus");
  if (strcmp (name, "system") == 0)
    *type = G_BUS_TYPE_SYSTEM;
  else if (strcmp (name, "session") == 0)
    *type = G_BUS_TYPE_SESSION;
  else if (strcmp (name, "none") == 0)
    *type = G_BUS_TYPE_NONE;
  else
    return sse_config_fail (config, "bus", "bus", error,
                            _ ("“%s” is none of system, session and none"), name);
  return TRUE;
}
