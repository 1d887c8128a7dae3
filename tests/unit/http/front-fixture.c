/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "front-fixture.h"

#include <string.h>
#include <unistd.h>

#include "probe.h"
#include "sse-volatile-log.h"

#define SECRET "0123456789abcdef0123456789abcdef"

const Limits fixture_many = { .total = 1000 };

GVariant *
fixture_make_settings (const char *listen,
                       const char *base_path,
                       const char *origin,
                       const Limits *limits)
{
  GVariantDict dict;
  const char *const listens[] = { listen, NULL };
  const char *const base_paths[] = { base_path, NULL };
  const char *const origins[] = { origin, NULL };

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "listen", "^as", listens);
  g_variant_dict_insert (&dict, "base-paths", "^as", base_paths);
  g_variant_dict_insert (&dict, "allowed-origins", "^as", origins);
  g_variant_dict_insert (&dict, "max-connections", "x", limits->total);
  g_variant_dict_insert (&dict, "max-connections-per-address", "x", limits->per_address);
  g_variant_dict_insert (&dict, "max-connections-per-user", "x", limits->per_user);
  g_variant_dict_insert (&dict, "head-timeout-ms", "x", (gint64) 60000);
  g_variant_dict_insert (&dict, "body-timeout-seconds", "x", (gint64) 60);
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

static void
plugin_free (gpointer data)
{
  SsePlugin *plugin = data;

  g_object_unref (plugin->source);
  g_free (plugin);
}

static SseHub *
make_hub (Fixture *fixture)
{
  const SseHubOptions options = {
    .intake = { .max_update_bytes = 100000, .max_updates = 100, .max_bytes = 1000000 },
    .fanout = { .n_workers = 1,
                .queue_bytes = 100000,
                .total_bytes = G_MAXSIZE,
                .heartbeat_ms = 60000,
                .peer_timeout_ms = 60000,
                .retry_min_ms = 1000,
                .retry_max_ms = 5000 },
  };
  g_autoptr (GPtrArray) plugins = g_ptr_array_new_with_free_func (plugin_free);
  g_autoptr (SseLog) log = sse_volatile_log_new ();
  g_autoptr (GError) error = NULL;
  SsePlugin *plugin = g_new0 (SsePlugin, 1);
  SseHub *hub;

  plugin->file = plugin->name = plugin->version = (char *) "probe";
  plugin->source = g_object_new (TEST_TYPE_PROBE, NULL);
  fixture->source = G_OBJECT (plugin->source);
  g_object_add_weak_pointer (fixture->source, (gpointer *) &fixture->source);
  g_ptr_array_add (plugins, plugin);
  hub = sse_hub_new (plugins, log, &options, &error);
  g_assert_no_error (error);
  return hub;
}

/* What follows the path of a request of that user's. */
char *
fixture_make_query (Fixture *fixture, const char *user)
{
  g_autoptr (GError) error = NULL;
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  const SseClaims claims = {
    .subject = (char *) user,
    .issued = now,
    .expires = (now + 3600) * G_USEC_PER_SEC,
  };
  g_autofree char *token = sse_token_sign (fixture->token, &claims, &error);

  g_assert_no_error (error);
  return g_strconcat ("?token=", token, NULL);
}

void
fixture_start (Fixture *fixture, const Limits *limits)
{
  g_autoptr (GVariant) settings
      = fixture_make_settings ("127.0.0.1:0", "/api", "http://localhost:3000", limits);
  g_autoptr (GBytes) secret = g_bytes_new_static (SECRET, strlen (SECRET));
  g_autoptr (GError) error = NULL;
  SseClaimsRules rules = { .require_expiry = TRUE };

  fixture->n_descriptors = count_descriptors ();
  fixture->hub = make_hub (fixture);
  fixture->token = sse_token_new (&rules);
  sse_token_set_default (fixture->token, sse_token_key_new ("HS256", secret, &error));
  fixture->front
      = sse_front_new (fixture->hub, fixture->token, settings, &fixture->counters, &error);
  g_assert_no_error (error);
  g_assert_true (sse_front_start (fixture->front, NULL, &error));
  fixture->address = sse_front_get_addresses (fixture->front)[0];
  fixture->query = fixture_make_query (fixture, "42");
}

/* Nothing is left: neither descriptors, nor anything that holds the source. */
void
fixture_stop (Fixture *fixture)
{
  g_clear_pointer (&fixture->front, sse_front_free);
  sse_hub_stop (fixture->hub);
  g_clear_object (&fixture->hub);
  g_clear_pointer (&fixture->token, sse_token_free);
  g_clear_pointer (&fixture->query, g_free);
  wait_for (fixture->source == NULL);
  wait_for (count_descriptors () <= fixture->n_descriptors);
}

void
fixture_set_up (Fixture *fixture, gconstpointer limits)
{
  fixture_start (fixture, limits != NULL ? limits : &fixture_many);
}

void
fixture_tear_down (Fixture *fixture, gconstpointer data)
{
  fixture_stop (fixture);
}

int
fixture_ask (Fixture *fixture, const char *method, const char *target, const char *rest)
{
  g_autofree char *request
      = g_strdup_printf ("%s %s HTTP/1.1\r\n" HOST "%s\r\n", method, target, rest);
  int fd = connect_to (fixture->address);

  send_text (fd, request);
  return fd;
}

char *
fixture_get_answer (Fixture *fixture, const char *method, const char *target, const char *rest)
{
  return receive_all (fixture_ask (fixture, method, target, rest));
}

void
assert_in (const char *answer, const char *part)
{
  g_test_message ("%s\nin\n%s", part, answer);
  g_assert_nonnull (strstr (answer, part));
}

static char *
make_post (const char *body)
{
  return g_strdup_printf (POST "Content-Length: %u\r\n\r\n%s", (guint) strlen (body), body);
}

int
fixture_post (Fixture *fixture, const char *body)
{
  g_autofree char *request = make_post (body);
  int fd = connect_to (fixture->address);

  send_text (fd, request);
  return fd;
}

void
close_all (int *fds, guint n)
{
  for (guint i = 0; i < n; i++)
    close (fds[i]);
}

int
fixture_ask_from (Fixture *fixture, const char *source, const char *target)
{
  g_autofree char *request = g_strdup_printf ("GET %s HTTP/1.1\r\n" HOST "\r\n", target);
  int fd = connect_from (source, fixture->address);

  send_text (fd, request);
  return fd;
}

/* One that has its first event. */
int
fixture_follow_from (Fixture *fixture, const char *source, const char *target)
{
  g_autoptr (GString) received = g_string_new (NULL);
  int fd = fixture_ask_from (fixture, source, target);

  wait_for (strstr (received->str, "initial\ndata: ") != NULL || !receive_some (fd, received));
  assert_in (received->str, "initial\ndata: ");
  return fd;
}

void
assert_turned_away (int fd)
{
  g_autofree char *answer = receive_all (fd);

  assert_in (answer, "HTTP/1.1 200 OK\r\n");
  assert_in (answer, "\r\nContent-Type: text/event-stream; charset=utf-8\r\n");
  assert_in (answer, "\r\nAccess-Control-Allow-Origin: http://localhost:3000\r\n");
  assert_in (answer, "\r\n\r\nretry: ");
  g_assert_null (strstr (answer, "event:"));
}

/* What does not stay, that is, at any limit. */
void
fixture_assert_served (Fixture *fixture, const char *source)
{
  g_autofree char *request = make_post ("{\"type\":\"good\"}");
  g_autofree char *answer = NULL;
  int fd = connect_from (source, fixture->address);

  send_text (fd, request);
  answer = receive_all (fd);
  assert_in (answer, "HTTP/1.1 202 ");
}

static GLogWriterOutput
be_quiet (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
  if ((level & G_LOG_LEVEL_MASK) <= G_LOG_LEVEL_WARNING)
    return g_log_writer_default (level, fields, n_fields, user_data);
  return G_LOG_WRITER_HANDLED;
}

/* To be called before the tests: GLib's contexts and threads have descriptors of their own, from
 * the first time on. */
void
fixture_warm_up (void)
{
  Fixture fixture = { 0 };
  g_autofree char *answer = NULL;

  g_log_set_writer_func (be_quiet, NULL, NULL);
  fixture_start (&fixture, &fixture_many);
  answer = receive_all (fixture_post (&fixture, "nothing"));
  fixture.n_descriptors = G_MAXUINT;
  fixture_stop (&fixture);
}
