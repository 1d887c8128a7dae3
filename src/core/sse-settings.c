/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-settings.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#define MIB (G_GINT64_CONSTANT (1) << 20)

static const SseSetting http_settings[] = {
  { "listen", SSE_SETTING_STRINGS, "localhost:3001", 0, 0,
    N_ ("Addresses to listen on: HOST:PORT, [IPV6]:PORT, *:PORT or unix:PATH. Where rivulet.socket "
        "listens, that counts, and this does not.") },
  { "base-paths", SSE_SETTING_STRINGS, "/api", 0, 0,
    N_ ("Prefixes under which every path is served a second time.") },
  { "allowed-origins", SSE_SETTING_STRINGS, "http://localhost:3000", 0, 0,
    N_ ("Origins whose pages may follow streams; the first is named to all others.") },
  { "publish", SSE_SETTING_BOOLEAN, "false", 0, 0,
    N_ ("Whether updates are taken at POST /publish/STREAM, from whoever has a token whose claim "
        "publish names the stream: for publishers that have no bus, such as those in containers. "
        "Pages of allowed-origins may publish with such a token, too. A plugin's stream or webhook "
        "whose path is one of these is not served while it is on. A proxy in front should pass "
        "nothing on to there that is not meant to come in. See rivuletd(8).") },
  { "max-connections", SSE_SETTING_INTEGER, "0", 0, 1000000,
    N_ ("Connections served at once. A stream's client that comes on top is asked to come back "
        "later; what is soon done, such as a webhook, is served nevertheless. 0: as many as "
        "descriptors allow.") },
  { "max-connections-per-address", SSE_SETTING_INTEGER, "0", 0, 1000000,
    N_ ("The same of one client's address, or of 64 bits of an IPv6 address; of some more than "
        "that, all are closed. Not for behind a proxy: there all clients have the proxy's address. "
        "Many people may share one address, in an office or a mobile network. 0: no limit.") },
  { "max-connections-per-user", SSE_SETTING_INTEGER, "0", 0, 1000000,
    N_ ("Streams that one user follows at once, in all tabs and on all devices together: a page "
        "that follows four of them, open in three tabs, follows twelve. 0: no limit.") },
  { "cookie-name", SSE_SETTING_STRING, NULL, 0, 0,
    N_ ("The cookie that may hold a token, where neither Authorization nor ?token= does: for pages "
        "of the same site, whose web application sets it with HttpOnly, Secure and "
        "SameSite=Strict. A name that begins with __Host- can be set by nobody else. It does not "
        "count for pages of other origins than those allowed.") },
  { "head-timeout-ms", SSE_SETTING_INTEGER, "10000", 100, 600000,
    N_ ("Time a client has for its whole request head, in milliseconds.") },
  { "body-timeout-seconds", SSE_SETTING_INTEGER, "30", 1, 3600,
    N_ ("Time a client has for a request's whole body, in seconds, from when its head was "
        "there.") },
  { .key = NULL },
};

static const SseSetting operators_settings[] = {
  { "listen", SSE_SETTING_STRINGS, NULL, 0, 0,
    N_ ("Addresses where operators see how rivuletd is: the page at /, and for programs /healthz, "
        "/readyz and /metrics; written as those of [http]. Whoever reaches one needs no token: "
        "keep them to the machine or to a network of your own. A Unix socket is open to the user "
        "and the group that rivuletd runs as, and to root. Where it is not set: the socket "
        "\"operators\" in systemd's RuntimeDirectory where it gives one, such as "
        "unix:/run/rivulet/operators; else none. Empty: none. Where a socket of systemd's is named "
        "operators, that counts, and this does not.") },
  { "streams-url", SSE_SETTING_STRING, NULL, 0, 0,
    N_ ("Where a browser reaches the streams, such as https://example.org/live, for the operators' "
        "page. Where it is not set: the first of [http] listen that is an IPv4 address or *. The "
        "page's own origin has to be among allowed-origins of [http].") },
  { .key = NULL },
};

static const SseSetting auth_settings[] = {
  { "algorithm", SSE_SETTING_STRING, "HS256", 0, 0,
    N_ ("What tokens are signed with, whatever they say themselves: HS256, HS384 or HS512, with a "
        "secret; RS256, RS384, RS512, ES256, ES384 or ES512, with a private key of which rivuletd "
        "has the public part.") },
  { "secret-file", SSE_SETTING_SECRET, NULL, 32, 4096,
    N_ ("File with the secret, readable by rivuletd alone. It has no default, and rivuletd does "
        "not start without it, a public key or a group [key NAME].") },
  { "public-key-file", SSE_SETTING_SECRET, NULL, 1, 16384,
    N_ ("File with the public key in PEM: of RSA, with 2048 bits or more, or on the elliptic curve "
        "P-256 (ES256), P-384 (ES384) or P-521 (ES512).") },
  { "issue-secret-file", SSE_SETTING_SECRET, NULL, 32, 4096,
    N_ ("File with a secret that IssueToken signs with. Where several rivuletd share a log, it is "
        "the same on all nodes, so that the token of one is good at all. Where it is not set, "
        "rivuletd has a secret of its own, which it makes.") },
  { "require-expiry", SSE_SETTING_BOOLEAN, "true", 0, 0,
    N_ ("Whether a token without exp is invalid.") },
  { "leeway-seconds", SSE_SETTING_INTEGER, "0", 0, 60,
    N_ ("How far the clocks of those who sign tokens may be off, in seconds: a token is good for "
        "as much longer.") },
  { "issuer", SSE_SETTING_STRING, NULL, 0, 0,
    N_ ("What a token's iss has to be. Where it is not set, it may be anything.") },
  { "audience", SSE_SETTING_STRING, NULL, 0, 0,
    N_ ("What a token's aud has to be, or to have in it. Where it is not set, a token with an aud "
        "is refused: it is for somebody else.") },
  { .key = NULL },
};

static const SseSetting key_settings[] = {
  { "algorithm", SSE_SETTING_STRING, NULL, 0, 0,
    N_ ("What tokens that name this key are signed with, as in [auth]; it has to be set.") },
  { "file", SSE_SETTING_SECRET, NULL, 1, 16384,
    N_ ("File with the secret, of 32 bytes or more, or the public key in PEM; it has to be set.") },
  { .key = NULL },
};

static const SseSetting hub_settings[] = {
  { "conflate-ms", SSE_SETTING_INTEGER, "50", 0, 60000,
    N_ ("Least time between two renderings of a view, in milliseconds.") },
  { "max-update-bytes", SSE_SETTING_INTEGER, "1048576", 1024, 64 * MIB,
    N_ ("The largest update, in bytes of JSON.") },
  { "max-backlog", SSE_SETTING_INTEGER, "10000", 1, 1000000,
    N_ ("Updates that may wait for the log; what comes on top is refused as Busy.") },
  { "max-backlog-bytes", SSE_SETTING_INTEGER, "67108864", 1024, 4096 * MIB,
    N_ ("The same, in bytes of JSON and 64 for each value in it.") },
  { "resume-events", SSE_SETTING_INTEGER, "10000", 0, 1000000,
    N_ ("Appended events of each stream that are kept for clients that resume.") },
  { "resume-bytes", SSE_SETTING_INTEGER, "33554432", 0, 4096 * MIB,
    N_ ("The same, in bytes. For clients that follow several streams on one connection, as much "
        "again may be kept.") },
  { "log-accepted", SSE_SETTING_BOOLEAN, "false", 0, 0,
    N_ ("Whether the journal is told of each accepted update too, with who published it: the user, "
        "the process and its unit. It is told of each refused one in any case.") },
  { .key = NULL },
};

static const SseSetting log_settings[] = {
  { "backend", SSE_SETTING_STRING, "local", 0, 0,
    N_ ("Where the log is: local, on this machine, or nats: on NATS JetStream, where several "
        "rivuletd share it; see [nats].") },
  { "durability", SSE_SETTING_STRING, "full", 0, 0,
    N_ ("full: an update that was accepted is on the disk, and is there again after a crash. none: "
        "nothing is written; what was accepted is lost when rivuletd ends.") },
  { "directory", SSE_SETTING_STRING, NULL, 0, 0,
    N_ ("Directory of the log. Where it is not set: systemd's StateDirectory where it gives one; "
        "else ~/.local/state/rivulet on the session bus, and @STATE_DIR@ on another.") },
  { "retain-updates", SSE_SETTING_INTEGER, "10000", 1, 1000000,
    N_ ("Updates of each stream that are kept, for clients that come back after a long time.") },
  { "retain-hours", SSE_SETTING_INTEGER, "72", 1, 87600, N_ ("How long they are kept, in hours.") },
  { .key = NULL },
};

static const SseSetting nats_settings[] = {
  { "urls", SSE_SETTING_STRINGS, "nats://localhost:4222", 0, 0,
    N_ ("Servers of NATS, several with ;, such as nats://10.0.0.1:4222, or tls://… for TLS. Others "
        "of their cluster are found by themselves.") },
  { "name", SSE_SETTING_STRING, "rivulet", 0, 0,
    N_ ("The log's name: of the JetStream stream with all updates, of that beside it, NAME-state, "
        "and what begins their subjects. It is the same on all nodes. Letters, digits, - and _.") },
  { "node", SSE_SETTING_STRING, NULL, 0, 0,
    N_ ("What this node is called where nodes are listed. Where it is not set: the machine's "
        "name.") },
  { "replicas", SSE_SETTING_INTEGER, "1", 1, 5,
    N_ ("On how many servers the log is kept, where rivuletd makes it: 3 where there are three.") },
  { "credentials-file", SSE_SETTING_STRING, NULL, 0, 0,
    N_ ("File with the credentials that NATS asks for, as nsc(1) makes it.") },
  { "ca-file", SSE_SETTING_STRING, NULL, 0, 0,
    N_ ("File with the certificates, in PEM, that the servers' are signed with. Where it is set, "
        "TLS is spoken.") },
  { "certificate-file", SSE_SETTING_STRING, NULL, 0, 0,
    N_ ("File with this node's own certificate, in PEM, where the servers ask for one.") },
  { "key-file", SSE_SETTING_STRING, NULL, 0, 0, N_ ("File with its key.") },
  { "connect-seconds", SSE_SETTING_INTEGER, "10", 1, 3600,
    N_ ("How long rivuletd looks for a server when it starts, in seconds.") },
  { "deadline-seconds", SSE_SETTING_INTEGER, "5", 1, 60,
    N_ ("How long a publisher waits for the servers, in seconds; then it is told StoreFailed, and "
        "that whether its update was taken is unknown.") },
  { "checkpoint-updates", SSE_SETTING_INTEGER, "10000", 10, 1000000,
    N_ ("Updates between two checkpoints, with which a node begins that is new or was away. One "
        "node writes it for all, and then the log is trimmed behind it, but for [log] "
        "retain-updates.") },
  { "retain-seconds", SSE_SETTING_INTEGER, "60", 0, 86400,
    N_ ("How long each update stays in the log at least, in seconds: a node that gets nothing for "
        "longer, as where servers fail, has to begin anew with a checkpoint.") },
  { .key = NULL },
};

static const SseSetting clients_settings[] = {
  { "workers", SSE_SETTING_INTEGER, "0", 0, 256,
    N_ ("Threads that write to clients; 0: one for each processor.") },
  { "queue-bytes", SSE_SETTING_INTEGER, "1048576", 16384, 1024 * MIB,
    N_ ("What may wait for a client that reads slowly, views aside, in bytes; then it is "
        "closed.") },
  { "total-queue-bytes", SSE_SETTING_INTEGER, "268435456", 1 * MIB, 1024 * 1024 * MIB,
    N_ ("What may wait for all of them together, in bytes of memory (what several wait for takes "
        "it once), an equal part for each worker; then those are closed that take most.") },
  { "heartbeat-ms", SSE_SETTING_INTEGER, "15000", 100, 3600000,
    N_ ("Time between two heartbeats to a client, in milliseconds.") },
  { "peer-timeout-ms", SSE_SETTING_INTEGER, "40000", 1000, 3600000,
    N_ ("How long what was sent to a client may stay unacknowledged, or unread while it takes no "
        "more, in milliseconds, until it is taken for dead. A client whose network is gone is "
        "noticed within this and the time between two heartbeats. A client that is there keeps "
        "what it came with.") },
  { "retry-min-ms", SSE_SETTING_INTEGER, "1000", 0, 3600000,
    N_ ("Clients are told to come back after a random time, this long at least, in "
        "milliseconds.") },
  { "retry-max-ms", SSE_SETTING_INTEGER, "5000", 0, 3600000,
    N_ ("The same: this long at most, in milliseconds.") },
  { "shutdown-seconds", SSE_SETTING_INTEGER, "10", 0, 3600,
    N_ ("How long a stop may take, in seconds: for publishers to get their answers, and for "
        "clients to take what they are due. Who has not left by then is closed as it is.") },
  { .key = NULL },
};

static const SseSetting bus_settings[] = {
  { "bus", SSE_SETTING_STRING, "system", 0, 0,
    N_ ("The bus to own the name on: system, session or none.") },
  { .key = NULL },
};

static const SseSetting plugins_settings[] = {
  { "directory", SSE_SETTING_STRING, RIVULET_PLUGIN_DIR, 0, 0,
    N_ ("Directory of the plugins, one stream each; others may be in folders of it.") },
  { .key = NULL },
};

const SseSettingsGroup sse_settings_groups[] = {
  { "http", http_settings, NULL },
  { "operators", operators_settings, NULL },
  { "auth", auth_settings, NULL },
  { SSE_SETTINGS_KEY_PREFIX "NAME", key_settings,
    N_ ("A further key, for tokens whose header names it (kid). There may be any number of these "
        "groups. A token that names none of them, or that has no kid, is checked with the key of "
        "[auth].") },
  { "hub", hub_settings, NULL },
  { "log", log_settings, NULL },
  { "nats", nats_settings,
    N_ ("Looked at where [log] backend is nats: several rivuletd then share one log, and each "
        "serves the same streams.") },
  { "clients", clients_settings, NULL },
  { "bus", bus_settings, NULL },
  { "plugins", plugins_settings, NULL },
  { NULL, NULL, NULL },
};

const SseSettingsName sse_settings_at_start[] = {
  { "http", "listen" },
  { "http", "base-paths" },
  { "operators", "listen" },
  { "hub", "resume-events" },
  { "hub", "resume-bytes" },
  { "log", "backend" },
  { "log", "durability" },
  { "log", "directory" },
  { "log", "retain-updates" },
  { "log", "retain-hours" },
  { "nats", "urls" },
  { "nats", "name" },
  { "nats", "node" },
  { "nats", "replicas" },
  { "nats", "credentials-file" },
  { "nats", "ca-file" },
  { "nats", "certificate-file" },
  { "nats", "key-file" },
  { "nats", "connect-seconds" },
  { "nats", "deadline-seconds" },
  { "nats", "checkpoint-updates" },
  { "nats", "retain-seconds" },
  { "clients", "workers" },
  { "bus", "bus" },
  { "plugins", "directory" },
  { NULL, NULL },
};

/**
 * sse_settings_read:
 * @group: the name of one of the daemon's own groups
 * @error: %SSE_CONFIG_ERROR
 *
 * Returns: (transfer full): as sse_config_get_group()
 */
GVariant *
sse_settings_read (SseConfig *config, const char *group, GError **error)
{
  for (const SseSettingsGroup *own = sse_settings_groups; own->name != NULL; own++)
    if (g_str_has_prefix (group, SSE_SETTINGS_KEY_PREFIX)
            ? g_str_has_prefix (own->name, SSE_SETTINGS_KEY_PREFIX)
            : strcmp (own->name, group) == 0)
      return sse_config_get_group (config, group, own->settings, error);
  g_assert_not_reached ();
}

/**
 * sse_settings_get_boolean:
 * @settings: what sse_settings_read() gave
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
 * @settings: what sse_settings_read() gave
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
 * @settings: what sse_settings_read() gave; outlives the string
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
 * @settings: what sse_settings_read() gave; outlives the strings
 * @key: a list that is set or has a default
 *
 * Returns: (transfer container) (array zero-terminated=1): the strings
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
  g_autoptr (GVariant) settings = sse_settings_read (config, "bus", error);
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
