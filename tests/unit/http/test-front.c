/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-front.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "front-fixture.h"
#include "sse-front-settings.h"

/* Iterations after which all that was asked for has certainly been done or begun. */
#define MOMENTS 40

/* For one after the other to follow a stream, if nothing is left of the one before. */
static const Limits just_enough = { .total = 1000, .per_address = 6, .per_user = 1 };

/* ---- requests ---- */

static void
test_stream (Fixture *fixture, gconstpointer data)
{
  const char *const paths[] = { "/probe/stream", "/api/probe/stream" };

  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autofree char *target = g_strconcat (paths[i], fixture->query, NULL);
      g_autoptr (GString) received = g_string_new (NULL);
      int fd = fixture_ask (fixture, "GET", target, "");

      wait_for (receive_some (fd, received) && strstr (received->str, "event: initial") != NULL);
      assert_in (received->str, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream");
      assert_in (received->str, "\r\nTransfer-Encoding: chunked\r\n");
      g_assert_cmpuint (sse_hub_get_n_clients (fixture->hub), ==, 1);
      close (fd);
      wait_for (sse_hub_get_n_clients (fixture->hub) == 0);
    }
}

/* What a log says that commits in a thread of its own: it may come between any two other things. */
static void
revoke_now (Fixture *fixture, const char *user)
{
  g_autoptr (GPtrArray) updates
      = g_ptr_array_new_with_free_func ((GDestroyNotify) sse_update_unref);
  SseUpdate *update = sse_revocations_new_update (user);

  g_ptr_array_add (updates, update);
  g_assert_true (sse_update_parse (update, NULL));
  sse_update_set_accepted (update, g_get_real_time ());
  sse_update_set_position (update, 1);
  sse_log_emit_committed (sse_hub_get_log (fixture->hub), updates);
}

/* On the way from the token to the stream: whenever it is revoked, nobody stays. */
static void
test_revoked_on_the_way (Fixture *fixture, gconstpointer data)
{
  for (guint n_iterations = 0; n_iterations < MOMENTS; n_iterations++)
    {
      g_autofree char *user = g_strdup_printf ("user-%u", n_iterations);
      g_autofree char *query = fixture_make_query (fixture, user);
      g_autofree char *target = g_strconcat ("/probe/stream", query, NULL);
      g_autofree char *answer = NULL;
      int fd = fixture_ask (fixture, "GET", target, "");

      for (guint i = 0; i < n_iterations; i++)
        g_main_context_iteration (NULL, FALSE);
      revoke_now (fixture, user);
      answer = receive_all (fd);
      wait_for (sse_hub_get_n_clients (fixture->hub) == 0);
      g_test_message ("%u: %.12s", n_iterations, answer);
    }
}

static void
test_answers (Fixture *fixture, gconstpointer data)
{
  g_autofree char *required
      = fixture_get_answer (fixture, "GET", "/probe/stream", "Origin: http://x\r\n");
  g_autofree char *invalid = fixture_get_answer (fixture, "GET", "/probe/stream?token=x", "");
  g_autofree char *preflight = fixture_get_answer (fixture, "OPTIONS", "/probe/stream", "");
  g_autofree char *method = fixture_get_answer (fixture, "PUT", "/probe/stream", "");
  g_autofree char *unknown = fixture_get_answer (fixture, "GET", "/probe/other", "");
  g_autofree char *escaped = fixture_get_answer (fixture, "GET", "/probe/strea%6d", "");
  g_autofree char *large
      = fixture_get_answer (fixture, "POST", "/probe/hook", "Content-Length: 100001\r\n");
  g_autofree char *no_length = fixture_get_answer (fixture, "POST", "/probe/hook", "");

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
  assert_in (no_length, "HTTP/1.1 411 ");
}

static void
test_posts (Fixture *fixture, gconstpointer data)
{
  g_autofree char *taken = receive_all (fixture_post (fixture, "{\"type\":\"good\"}"));
  g_autofree char *bad = receive_all (fixture_post (fixture, "{\"type\":\"bad\"}"));
  g_autofree char *nothing = receive_all (fixture_post (fixture, "nothing"));
  g_autofree char *forbidden = receive_all (fixture_post (fixture, "forbidden"));
  g_autofree char *empty = receive_all (fixture_post (fixture, ""));
  g_autofree char *chunked = NULL;
  int fd = connect_to (fixture->address);

  send_text (fd, POST "Transfer-Encoding: chunked\r\n\r\n7\r\nnothing\r\n0\r\n\r\n");
  chunked = receive_all (fd);

  assert_in (taken, "HTTP/1.1 202 Accepted\r\n");
  assert_in (taken, "{\"id\":\"");
  assert_in (bad,
             "{\"statusCode\":400,\"message\":\"type: must be good\",\"error\":\"Bad Request\"}");
  assert_in (nothing, "HTTP/1.1 200 OK\r\n");
  assert_in (nothing, "{\"message\":\"nothing to publish\"}");
  assert_in (forbidden,
             "{\"statusCode\":401,\"message\":\"it is forbidden\",\"error\":\"Unauthorized\"}");
  assert_in (empty, "HTTP/1.1 400 ");
  assert_in (chunked, "{\"message\":\"nothing to publish\"}");
}

/* More than there are threads, and than may wait: each is answered, one way or the other. */
static void
test_many_posts (Fixture *fixture, gconstpointer data)
{
  int fds[300];
  guint n_taken = 0;

  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    fds[i] = fixture_post (fixture, "{\"type\":\"good\"}");
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

/* Whose request has come gets the whole answer before it is said to be quiet; nobody else comes. */
static void
test_stop (Fixture *fixture, gconstpointer data)
{
  g_autofree char *address = g_strdup (fixture->address);
  g_autofree char *answer = NULL;
  int other = connect_to (fixture->address), late, fd;

  wait_for (fixture->counters.accepted == 1);
  g_assert_true (sse_front_is_quiet (fixture->front));
  fd = fixture_post (fixture, "{\"type\":\"good\"}");
  wait_for (!sse_front_is_quiet (fixture->front));
  sse_front_stop (fixture->front);
  g_assert_false (try_connect (address, &late));
  wait_for (sse_front_is_quiet (fixture->front));
  g_clear_pointer (&fixture->front, sse_front_free);
  answer = receive_all (fd);
  assert_in (answer, "HTTP/1.1 202 Accepted\r\n");
  assert_in (answer, "{\"id\":\"");
  close (other);
}

/* ---- at every moment ---- */

/* What clients ask for, in all the ways that take time. */
static void
ask_for_everything (Fixture *fixture, int *fds)
{
  g_autofree char *target = g_strconcat ("/probe/stream", fixture->query, NULL);

  fds[0] = fixture_ask (fixture, "GET", target, "");
  fds[1] = fixture_ask (fixture, "GET", "/probe/stream", "");
  fds[2] = fixture_post (fixture, "{\"type\":\"good\"}");
  fds[3] = fixture_post (fixture, "nothing");
  fds[4] = connect_to (fixture->address);
  send_text (fds[4], POST "Content-Length: 10\r\n\r\nhalf");
  fds[5] = connect_to (fixture->address);
  send_text (fds[5], "GET /pro");
  fds[6] = connect_to (fixture->address);
  send_text (fds[6], POST "Transfer-Encoding: chunked\r\n\r\n6\r\nhal");
}

#define N_ASKED 7

static void
test_freed_at_every_moment (void)
{
  for (guint moment = 0; moment < MOMENTS; moment++)
    {
      Fixture fixture = { 0 };
      int fds[N_ASKED];

      fixture_start (&fixture, &fixture_many);
      ask_for_everything (&fixture, fds);
      for (guint i = 0; i < moment; i++)
        iterate ();
      g_clear_pointer (&fixture.front, sse_front_free);
      for (guint i = 0; i < N_ASKED; i++)
        close (fds[i]);
      fixture_stop (&fixture);
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
      wait_for (fixture->counters.accepted == (moment + 1) * N_ASKED
                && sse_hub_get_n_clients (fixture->hub) == 0 && count_descriptors () == before);
      g_assert_cmpuint (fixture->counters.connections, ==, 0);
      g_assert_true (sse_front_is_quiet (fixture->front));
    }
  g_assert_cmpuint (fixture->counters.refused_by_address, ==, 0);
  g_assert_cmpuint (fixture->counters.refused_by_user, ==, 0);
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
      g_autoptr (GVariant) settings = fixture_make_settings (cases[i].listen, cases[i].base_path,
                                                             cases[i].origin, &fixture_many);
      g_autoptr (GError) error = NULL;
      const char *key = NULL;
      gboolean ok = sse_front_settings_check (settings, &key, &error);

      g_assert_true (ok == (cases[i].key == NULL));
      if (cases[i].key == NULL)
        continue;
      g_assert_cmpstr (key, ==, cases[i].key);
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
      g_assert_null (sse_front_new (NULL, NULL, settings, NULL, NULL));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  fixture_warm_up ();
#define ADD(name, limits, func)                                                                    \
  g_test_add ("/http/front/" name, Fixture, limits, fixture_set_up, func, fixture_tear_down)
  ADD ("stream", NULL, test_stream);
  ADD ("revoked-on-the-way", NULL, test_revoked_on_the_way);
  ADD ("answers", NULL, test_answers);
  ADD ("posts", NULL, test_posts);
  ADD ("many-posts", NULL, test_many_posts);
  ADD ("stop", NULL, test_stop);
  ADD ("left-at-every-moment", &just_enough, test_left_at_every_moment);
  g_test_add_func ("/http/front/freed-at-every-moment", test_freed_at_every_moment);
  g_test_add_func ("/http/front/settings", test_settings);
  return g_test_run ();
}
