/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-front.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fixture.h"
#include "probe.h"
#include "sse-volatile-log.h"

#define SECRET "0123456789abcdef0123456789abcdef"
#define HOST   "Host: localhost\r\n"
#define POST   "POST /probe/hook HTTP/1.1\r\n" HOST "X-Twice: one\r\nx-twice: two\r\n"

/* Iterations after which all that was asked for has certainly been done or begun. */
#define MOMENTS 40

typedef struct
{
  SseHub *hub;
  SseToken *token;
  SseFront *front;
  const char *address;
  char *query; /* a good token */
  GObject *source;
  guint n_descriptors;
} Fixture;

static GVariant *
make_settings (const char *listen, const char *base_path, const char *origin, gint64 max)
{
  GVariantDict dict;
  const char *const listens[] = { listen, NULL };
  const char *const base_paths[] = { base_path, NULL };
  const char *const origins[] = { origin, NULL };

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "listen", "^as", listens);
  g_variant_dict_insert (&dict, "base-paths", "^as", base_paths);
  g_variant_dict_insert (&dict, "allowed-origins", "^as", origins);
  g_variant_dict_insert (&dict, "max-connections", "x", max);
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

static void
start (Fixture *fixture, gint64 max_connections)
{
  g_autoptr (GVariant) settings
      = make_settings ("127.0.0.1:0", "/api", "http://localhost:3000", max_connections);
  g_autoptr (GBytes) secret = g_bytes_new_static (SECRET, strlen (SECRET));
  g_autoptr (GError) error = NULL;
  g_autofree char *token = NULL;
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;

  fixture->n_descriptors = count_descriptors ();
  fixture->hub = make_hub (fixture);
  fixture->token = sse_token_new (secret, TRUE, &error);
  fixture->front = sse_front_new (fixture->hub, fixture->token, settings, &error);
  g_assert_no_error (error);
  g_assert_true (sse_front_start (fixture->front, &error));
  fixture->address = sse_front_get_addresses (fixture->front)[0];
  token = sse_token_sign (fixture->token, "42", now, now + 3600, &error);
  fixture->query = g_strconcat ("?token=", token, NULL);
}

/* Nothing is left: neither descriptors, nor anything that holds the source. */
static void
stop (Fixture *fixture)
{
  g_clear_pointer (&fixture->front, sse_front_free);
  sse_hub_stop (fixture->hub);
  g_clear_object (&fixture->hub);
  g_clear_pointer (&fixture->token, sse_token_free);
  g_clear_pointer (&fixture->query, g_free);
  wait_for (fixture->source == NULL);
  wait_for (count_descriptors () <= fixture->n_descriptors);
}

static void
set_up (Fixture *fixture, gconstpointer max_connections)
{
  start (fixture, max_connections != NULL ? GPOINTER_TO_INT (max_connections) : 1000);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  stop (fixture);
}

static int
ask (Fixture *fixture, const char *method, const char *target, const char *rest)
{
  g_autofree char *request
      = g_strdup_printf ("%s %s HTTP/1.1\r\n" HOST "%s\r\n", method, target, rest);
  int fd = connect_to (fixture->address);

  send_text (fd, request);
  return fd;
}

static char *
get_answer (Fixture *fixture, const char *method, const char *target, const char *rest)
{
  return receive_all (ask (fixture, method, target, rest));
}

static void
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

static int
post (Fixture *fixture, const char *body)
{
  g_autofree char *request = make_post (body);
  int fd = connect_to (fixture->address);

  send_text (fd, request);
  return fd;
}

/* ---- requests ---- */

static void
test_stream (Fixture *fixture, gconstpointer data)
{
  const char *const paths[] = { "/probe/stream", "/api/probe/stream" };

  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autofree char *target = g_strconcat (paths[i], fixture->query, NULL);
      g_autoptr (GString) received = g_string_new (NULL);
      int fd = ask (fixture, "GET", target, "");

      wait_for (receive_some (fd, received) && strstr (received->str, "event: initial") != NULL);
      assert_in (received->str, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream");
      assert_in (received->str, "\r\nTransfer-Encoding: chunked\r\n");
      g_assert_cmpuint (sse_hub_get_n_clients (fixture->hub), ==, 1);
      close (fd);
      wait_for (sse_hub_get_n_clients (fixture->hub) == 0);
    }
}

static void
test_answers (Fixture *fixture, gconstpointer data)
{
  g_autofree char *required = get_answer (fixture, "GET", "/probe/stream", "Origin: http://x\r\n");
  g_autofree char *invalid = get_answer (fixture, "GET", "/probe/stream?token=x", "");
  g_autofree char *preflight = get_answer (fixture, "OPTIONS", "/probe/stream", "");
  g_autofree char *method = get_answer (fixture, "PUT", "/probe/stream", "");
  g_autofree char *unknown = get_answer (fixture, "GET", "/probe/other", "");
  g_autofree char *escaped = get_answer (fixture, "GET", "/probe/strea%6d", "");
  g_autofree char *large
      = get_answer (fixture, "POST", "/probe/hook", "Content-Length: 100001\r\n");
  g_autofree char *chunked
      = get_answer (fixture, "POST", "/probe/hook", "Transfer-Encoding: chunked\r\n");

  assert_in (required, "HTTP/1.1 401 Unauthorized\r\n");
  assert_in (required,
             "{\"statusCode\":401,\"message\":\"Token required\",\"error\":\"Unauthorized\"}");
  assert_in (required, "\r\nWWW-Authenticate: Bearer\r\n");
  assert_in (required, "\r\nContent-Type: application/json; charset=utf-8\r\n");
  assert_in (required, "\r\nAccess-Control-Allow-Origin: http://localhost:3000\r\n");
  g_assert_null (strstr (required, "\r\nServer:"));
  assert_in (invalid,
             "{\"statusCode\":401,\"message\":\"Invalid token\",\"error\":\"Unauthorized\"}");
  assert_in (preflight, "HTTP/1.1 204 No Content\r\n");
  assert_in (preflight, "\r\nAccess-Control-Allow-Methods: GET\r\n");
  assert_in (method, "HTTP/1.1 405 Method Not Allowed\r\n");
  assert_in (method, "\r\nAllow: GET, OPTIONS\r\n");
  assert_in (method, "\r\nAccess-Control-Allow-Origin: http://localhost:3000\r\n");
  assert_in (unknown, "{\"statusCode\":404,\"message\":\"Not found\",\"error\":\"Not Found\"}");
  assert_in (escaped, "HTTP/1.1 404 ");
  assert_in (large, "HTTP/1.1 413 ");
  assert_in (chunked, "HTTP/1.1 411 ");
}

static void
test_posts (Fixture *fixture, gconstpointer data)
{
  g_autofree char *taken = receive_all (post (fixture, "{\"type\":\"good\"}"));
  g_autofree char *bad = receive_all (post (fixture, "{\"type\":\"bad\"}"));
  g_autofree char *nothing = receive_all (post (fixture, "nothing"));
  g_autofree char *forbidden = receive_all (post (fixture, "forbidden"));
  g_autofree char *empty = receive_all (post (fixture, ""));

  assert_in (taken, "HTTP/1.1 202 Accepted\r\n");
  assert_in (taken, "{\"id\":\"");
  assert_in (bad,
             "{\"statusCode\":400,\"message\":\"type: must be good\",\"error\":\"Bad Request\"}");
  assert_in (nothing, "HTTP/1.1 200 OK\r\n");
  assert_in (nothing, "{\"message\":\"nothing to publish\"}");
  assert_in (forbidden,
             "{\"statusCode\":401,\"message\":\"it is forbidden\",\"error\":\"Unauthorized\"}");
  assert_in (empty, "HTTP/1.1 400 ");
}

/* More than there are threads, and than may wait: each is answered, one way or the other. */
static void
test_many_posts (Fixture *fixture, gconstpointer data)
{
  int fds[300];
  guint n_taken = 0;

  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    fds[i] = post (fixture, "{\"type\":\"good\"}");
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    {
      g_autofree char *answer = receive_all (fds[i]);

      if (strstr (answer, "HTTP/1.1 202 ") != NULL)
        n_taken++;
      else
        assert_in (answer, "HTTP/1.1 503 Service Unavailable\r\n");
    }
  g_assert_cmpuint (n_taken, >, 0);
}

/* One more than there may be is asked to come back; when one has left, the next is served. */
static void
test_full (Fixture *fixture, gconstpointer data)
{
  g_autofree char *target = g_strconcat ("/probe/stream", fixture->query, NULL);
  g_autoptr (GString) received = g_string_new (NULL);
  g_autofree char *refused = NULL;
  int first = ask (fixture, "GET", target, "");
  int third;

  wait_for (sse_hub_get_n_clients (fixture->hub) == 1);
  refused = get_answer (fixture, "GET", target, "");
  assert_in (refused, "HTTP/1.1 200 OK\r\n");
  assert_in (refused, "\r\nContent-Type: text/event-stream; charset=utf-8\r\n");
  assert_in (refused, "\r\n\r\nretry: ");
  g_assert_null (strstr (refused, "event:"));

  close (first);
  wait_for (sse_hub_get_n_clients (fixture->hub) == 0);
  third = ask (fixture, "GET", target, "");
  wait_for (receive_some (third, received) && strstr (received->str, "event: initial") != NULL);
  close (third);
}

/* Many more than there may be at once, one after the other: each that was answered is forgotten. */
static void
test_forgotten (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < 200; i++)
    {
      g_autofree char *answer = get_answer (fixture, "GET", "/probe/stream", "");

      assert_in (answer, "HTTP/1.1 401 ");
    }
}

/* ---- at every moment ---- */

/* What clients ask for, in all the ways that take time. */
static void
ask_for_everything (Fixture *fixture, int *fds)
{
  g_autofree char *target = g_strconcat ("/probe/stream", fixture->query, NULL);

  fds[0] = ask (fixture, "GET", target, "");
  fds[1] = ask (fixture, "GET", "/probe/stream", "");
  fds[2] = post (fixture, "{\"type\":\"good\"}");
  fds[3] = post (fixture, "nothing");
  fds[4] = connect_to (fixture->address);
  send_text (fds[4], POST "Content-Length: 10\r\n\r\nhalf");
  fds[5] = connect_to (fixture->address);
  send_text (fds[5], "GET /pro");
}

#define N_ASKED 6

static void
test_freed_at_every_moment (void)
{
  for (guint moment = 0; moment < MOMENTS; moment++)
    {
      Fixture fixture = { 0 };
      int fds[N_ASKED];

      start (&fixture, 1000);
      ask_for_everything (&fixture, fds);
      for (guint i = 0; i < moment; i++)
        iterate ();
      g_clear_pointer (&fixture.front, sse_front_free);
      for (guint i = 0; i < N_ASKED; i++)
        close (fds[i]);
      stop (&fixture);
    }
}

static void
test_left_at_every_moment (Fixture *fixture, gconstpointer data)
{
  const struct linger reset = { 1, 0 };
  guint before = count_descriptors ();

  for (guint moment = 0; moment < MOMENTS; moment++)
    {
      int fds[N_ASKED];

      ask_for_everything (fixture, fds);
      for (guint i = 0; i < moment; i++)
        iterate ();
      for (guint i = 0; i < N_ASKED; i++)
        {
          if (moment % 2 == 1)
            setsockopt (fds[i], SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
          close (fds[i]);
        }
      wait_for (sse_hub_get_n_clients (fixture->hub) == 0 && count_descriptors () == before);
    }
}

/* ---- settings ---- */

static void
test_settings (void)
{
  const struct
  {
    const char *listen;
    const char *base_path;
    const char *origin;
    const char *key;
  } cases[] = {
    { "localhost:3001", "/api", "http://localhost:3000", NULL },
    { "localhost:3001", NULL, "http://localhost:3000", NULL },
    { NULL, "/api", "http://localhost:3000", "listen" },
    { "localhost", "/api", "http://localhost:3000", "listen" },
    { "localhost:3001", "api", "http://localhost:3000", "base-paths" },
    { "localhost:3001", "/", "http://localhost:3000", "base-paths" },
    { "localhost:3001", "/api", "*", "allowed-origins" },
    { "localhost:3001", "/api", NULL, "allowed-origins" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GVariant) settings
          = make_settings (cases[i].listen, cases[i].base_path, cases[i].origin, 1);
      g_autoptr (GError) error = NULL;
      const char *key = NULL;
      gboolean ok = sse_front_check (settings, &key, &error);

      g_assert_true (ok == (cases[i].key == NULL));
      if (cases[i].key == NULL)
        continue;
      g_assert_cmpstr (key, ==, cases[i].key);
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
      g_assert_null (sse_front_new (NULL, NULL, settings, NULL));
    }
}

/* GLib's contexts and threads have descriptors of their own, from the first time on. */
static void
warm_up (void)
{
  Fixture fixture = { 0 };
  g_autofree char *answer = NULL;

  start (&fixture, 1000);
  answer = receive_all (post (&fixture, "nothing"));
  fixture.n_descriptors = G_MAXUINT;
  stop (&fixture);
}

static GLogWriterOutput
be_quiet (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
  if ((level & G_LOG_LEVEL_MASK) <= G_LOG_LEVEL_WARNING)
    return g_log_writer_default (level, fields, n_fields, user_data);
  return G_LOG_WRITER_HANDLED;
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_writer_func (be_quiet, NULL, NULL);
  warm_up ();
#define ADD(name, max_connections, func)                                                           \
  g_test_add ("/http/front/" name, Fixture, GINT_TO_POINTER (max_connections), set_up, func,       \
              tear_down)
  ADD ("stream", 0, test_stream);
  ADD ("answers", 0, test_answers);
  ADD ("posts", 0, test_posts);
  ADD ("many-posts", 0, test_many_posts);
  ADD ("full", 1, test_full);
  ADD ("forgotten", 1, test_forgotten);
  ADD ("left-at-every-moment", 0, test_left_at_every_moment);
  g_test_add_func ("/http/front/freed-at-every-moment", test_freed_at_every_moment);
  g_test_add_func ("/http/front/settings", test_settings);
  return g_test_run ();
}
