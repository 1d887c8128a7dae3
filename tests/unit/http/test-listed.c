/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-front.h"

#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "front-fixture.h"

/* What a listing tells of clients that come by HTTP. */

static void
on_listed (GObject *hub, GAsyncResult *result, gpointer user_data)
{
  GPtrArray **clients = user_data;
  g_autoptr (GError) error = NULL;

  *clients = sse_hub_list_clients_finish (SSE_HUB (hub), result, &error);
  g_assert_no_error (error);
}

/* The one client there is, which then leaves. */
static void
assert_listed (Fixture *fixture, int fd, const char *address, const char *last_event_id)
{
  g_autoptr (GString) received = g_string_new (NULL);
  g_autoptr (GPtrArray) clients = NULL;
  const SseListed *listed;

  wait_for (receive_some (fd, received) && strstr (received->str, "event: initial") != NULL);
  sse_hub_list_clients_async (fixture->hub, "probe", 0, on_listed, &clients);
  wait_for (clients != NULL);
  g_assert_cmpuint (clients->len, ==, 1);
  listed = g_ptr_array_index (clients, 0);
  g_assert_cmpstr (listed->user, ==, "42");
  g_assert_cmpstr (listed->address, ==, address);
  g_assert_cmpstr (listed->last_event_id, ==, last_event_id);
  close (fd);
  wait_for (sse_hub_get_n_clients (fixture->hub) == 0);
}

static void
test_ids (Fixture *fixture, gconstpointer data)
{
  g_autofree char *target = g_strconcat ("/probe/stream", fixture->query, NULL);
  g_autofree char *with_id = g_strconcat (target, "&lastEventId=old%2D2", NULL);

  assert_listed (fixture, fixture_ask (fixture, "GET", target, ""), "127.0.0.1", "");
  assert_listed (fixture, fixture_ask (fixture, "GET", target, "Last-Event-ID: old-1\r\n"),
                 "127.0.0.1", "old-1");
  assert_listed (fixture, fixture_ask (fixture, "GET", with_id, ""), "127.0.0.1", "old-2");
}

/* Whoever could say what they like of where they come from is not asked. */
static void
test_forwarded (Fixture *fixture, gconstpointer data)
{
  g_autofree char *target = g_strconcat ("/probe/stream", fixture->query, NULL);

  assert_listed (fixture, fixture_ask_from (fixture, "127.0.0.2:0", target), "127.0.0.2", "");
  assert_listed (fixture,
                 fixture_ask (fixture, "GET", target,
                              "X-Forwarded-For: 192.0.2.1\r\nForwarded: for=192.0.2.1\r\n"),
                 "127.0.0.1", "");
}

/* By another address that it listens on. */
static void
assert_listed_at (Fixture *fixture, const char *listen, const char *address)
{
  g_autoptr (GVariant) settings
      = fixture_make_settings (listen, "/api", "http://localhost:3000", &fixture_many);
  g_autofree char *request
      = g_strdup_printf ("GET /probe/stream%s HTTP/1.1\r\n" HOST "\r\n", fixture->query);
  g_autoptr (GError) error = NULL;
  SseCounters counters = { 0 };
  SseFront *front = sse_front_new (fixture->hub, fixture->token, settings, &counters, &error);
  int fd;

  g_assert_no_error (error);
  g_assert_true (sse_front_start (front, NULL, &error));
  fd = connect_to (sse_front_get_addresses (front)[0]);
  send_text (fd, request);
  assert_listed (fixture, fd, address, "");
  sse_front_free (front);
}

static void
test_ipv6 (Fixture *fixture, gconstpointer data)
{
  if (have_ipv6 ())
    assert_listed_at (fixture, "[::1]:0", "::1");
  else
    g_test_skip ("there is no IPv6 here");
}

static void
test_unix (Fixture *fixture, gconstpointer data)
{
  g_autofree char *folder = g_dir_make_tmp ("rivulet-listed-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "socket", NULL);
  g_autofree char *listen = g_strconcat ("unix:", path, NULL);

  assert_listed_at (fixture, listen, "unix");
  g_unlink (path);
  g_assert_no_errno (g_rmdir (folder));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  fixture_warm_up ();
#define ADD(name, func)                                                                            \
  g_test_add ("/http/listed/" name, Fixture, NULL, fixture_set_up, func, fixture_tear_down)
  ADD ("ids", test_ids);
  ADD ("forwarded", test_forwarded);
  ADD ("ipv6", test_ipv6);
  ADD ("unix", test_unix);
  return g_test_run ();
}
