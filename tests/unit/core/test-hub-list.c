/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hub-fixture.h"

#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sse-error.h"

/* Who follows a stream is listed. */

#define A_LONG_TIME_MS 3600000

static void
on_listed (GObject *hub, GAsyncResult *result, gpointer user_data)
{
  GAsyncResult **kept = user_data;

  g_assert_null (*kept);
  *kept = g_object_ref (result);
}

static GPtrArray *
list (Fixture *fixture, const char *stream, guint max, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  sse_hub_list_clients_async (fixture->hub, stream, max, on_listed, &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  return sse_hub_list_clients_finish (fixture->hub, result, error);
}

static GPtrArray *
list_well (Fixture *fixture, const char *stream, guint max)
{
  g_autoptr (GError) error = NULL;
  GPtrArray *clients = list (fixture, stream, max, &error);

  g_assert_no_error (error);
  g_assert_nonnull (clients);
  return clients;
}

static void
test_told (Fixture *fixture, gconstpointer data)
{
  gint64 before = g_get_real_time ();
  g_autoptr (Client) ann = client_new (fixture, "probe", "ann", "old-4");
  g_autoptr (Client) bob = client_new (fixture, "other", "bob", NULL);
  g_autoptr (GPtrArray) probe = NULL;
  g_autoptr (GPtrArray) other = NULL;
  g_autoptr (GPtrArray) disabled = NULL;
  const SseListed *listed;

  client_expect (ann, START ("0", "-"));
  client_expect (bob, START ("0", "-"));
  probe = list_well (fixture, "probe", 10);
  g_assert_cmpuint (probe->len, ==, 1);
  listed = g_ptr_array_index (probe, 0);
  g_assert_cmpstr (listed->user, ==, "ann");
  g_assert_cmpstr (listed->address, ==, "unix");
  g_assert_cmpstr (listed->last_event_id, ==, "old-4");
  g_assert_cmpint (listed->since, >=, before);
  g_assert_cmpint (listed->since, <=, g_get_real_time ());
  g_assert_cmpuint (listed->queued_bytes, ==, 0);

  other = list_well (fixture, "other", 10);
  g_assert_cmpuint (other->len, ==, 1);
  listed = g_ptr_array_index (other, 0);
  g_assert_cmpstr (listed->user, ==, "bob");
  g_assert_cmpstr (listed->last_event_id, ==, "");

  disabled = list_well (fixture, "wrong-abi", 10);
  g_assert_cmpuint (disabled->len, ==, 0);
}

static void
test_bounds (Fixture *fixture, gconstpointer data)
{
  static const guint maxima[] = { 1, 2, 3, 0, SSE_HUB_MAX_LISTED, G_MAXUINT };
  static const guint expected[] = { 1, 2, 3, 3, 3, 3 };
  Client *clients[3];

  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    {
      clients[i] = client_new (fixture, "probe", "ann", NULL);
      client_expect (clients[i], START ("0", "-"));
    }
  for (guint i = 0; i < G_N_ELEMENTS (maxima); i++)
    {
      g_autoptr (GPtrArray) listed = list_well (fixture, "probe", maxima[i]);

      g_assert_cmpuint (listed->len, ==, expected[i]);
    }
  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    client_free (clients[i]);
}

/* All of them are at the other end of one socket. */
static void
subscribe_many (Fixture *fixture, int fd, guint n)
{
  SseStream *stream = sse_hub_get_stream (fixture->hub, "probe");
  g_autoptr (SseFrame) head = sse_frame_new_raw ("HEAD\n", 5);

  for (guint i = 0; i < n; i++)
    {
      const SseSubscriber subscriber = {
        .fd = fcntl (fd, F_DUPFD_CLOEXEC, 0),
        .user = "ann",
        .expires = G_MAXINT64,
        .head = head,
      };

      g_assert_no_errno (subscriber.fd);
      sse_hub_subscribe (fixture->hub, stream, &subscriber);
    }
}

static void
test_most (Fixture *fixture, gconstpointer data)
{
  const guint n = SSE_HUB_MAX_LISTED + 5;
  struct rlimit limit;
  int fds[2];

  g_assert_no_errno (getrlimit (RLIMIT_NOFILE, &limit));
  limit.rlim_cur = limit.rlim_max;
  g_assert_no_errno (setrlimit (RLIMIT_NOFILE, &limit));
  if (limit.rlim_cur < n + 100)
    {
      g_test_skip ("there may not be as many descriptors");
      return;
    }
  g_assert_no_errno (socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds));
  subscribe_many (fixture, fds[0], n);
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (GPtrArray) clients = list_well (fixture, "probe", i == 0 ? 0 : n);

      g_assert_cmpuint (clients->len, ==, SSE_HUB_MAX_LISTED);
    }
  close (fds[0]);
  close (fds[1]);
}

static void
test_no_such_stream (Fixture *fixture, gconstpointer data)
{
  static const char *const names[] = { "nothing", "", "revocations" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *expected
          = g_strdup_printf ("there is no stream named “%s”; there are: probe, other", names[i]);

      g_assert_null (list (fixture, names[i], 10, &error));
      g_assert_error (error, SSE_ERROR, SSE_ERROR_UNKNOWN_STREAM);
      g_assert_cmpstr (error->message, ==, expected);
    }
}

/* An id may be anything: no more of it is kept than is an id, and text. */
static void
test_ids (Fixture *fixture, gconstpointer data)
{
  g_autofree char *longest = g_strnfill (64, 'x');
  g_autofree char *too_long = g_strnfill (65, 'x');
  g_autofree char *before_cut = g_strnfill (63, 'x');
  g_autofree char *cut = g_strconcat (before_cut, "é", NULL);
  const struct
  {
    const char *id;
    const char *told;
  } rows[] = {
    { longest, longest },     { too_long, longest }, { cut, before_cut },
    { "id\xff\xfe-7", "id" }, { "é-7", "é-7" },      { "", "" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *user = g_strdup_printf ("user-%u", i);
      g_autoptr (Client) client = client_new (fixture, "probe", user, rows[i].id);
      g_autoptr (GPtrArray) clients = NULL;
      const SseListed *listed = NULL;

      client_expect (client, START ("0", "-"));
      clients = list_well (fixture, "probe", 0);
      for (guint j = 0; j < clients->len && listed == NULL; j++)
        if (strcmp (((const SseListed *) g_ptr_array_index (clients, j))->user, user) == 0)
          listed = g_ptr_array_index (clients, j);
      g_assert_nonnull (listed);
      g_assert_cmpstr (listed->last_event_id, ==, rows[i].told);
    }
}

/* One that gets what it missed is listed, with what of that waits for it. */
static void
test_behind (Fixture *fixture, gconstpointer data)
{
  g_autofree char *large = g_strnfill (20 * SLICE_BYTES, 'x');
  g_autoptr (GPtrArray) clients = NULL;
  g_autoptr (Client) ann = NULL;
  const SseListed *listed;

  for (guint i = 0; i < 3; i++)
    fixture_publish (fixture, "probe", NULL, "say", large);
  ann = client_new (fixture, "probe", "ann", "ep-0");
  clients = list_well (fixture, "probe", 10);
  g_assert_cmpuint (clients->len, ==, 1);
  listed = g_ptr_array_index (clients, 0);
  g_assert_true (g_str_has_suffix (listed->last_event_id, "-0"));
  g_assert_cmpuint (listed->queued_bytes, >, 10 * SLICE_BYTES);
}

/* One that has yet to join is not. */
static void
test_newcomer (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Client) ann = client_new (fixture, "probe", "ann", NULL);
  g_autoptr (Client) bob = NULL;
  g_autoptr (GPtrArray) before = NULL;
  g_autoptr (GPtrArray) after = NULL;

  fixture_set_conflate (fixture, A_LONG_TIME_MS);
  fixture_publish (fixture, "probe", NULL, "set", "x");
  fixture_publish (fixture, "probe", NULL, "set", "y");
  bob = client_new (fixture, "probe", "bob", NULL);
  g_assert_cmpuint (sse_hub_get_n_clients (fixture->hub), ==, 2);
  before = list_well (fixture, "probe", 10);
  g_assert_cmpuint (before->len, ==, 1);
  fixture_set_conflate (fixture, 0);
  client_expect (bob, START ("2", "y"));
  after = list_well (fixture, "probe", 10);
  g_assert_cmpuint (after->len, ==, 2);
}

/* Whoever waits for a listing is answered when the hub stops, and later: there is nobody. */
static void
test_stopped (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Client) ann = client_new (fixture, "probe", "ann", NULL);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GPtrArray) clients = NULL;
  g_autoptr (GPtrArray) later = NULL;
  g_autoptr (GError) error = NULL;

  client_expect (ann, START ("0", "-"));
  sse_hub_list_clients_async (fixture->hub, "probe", 10, on_listed, &result);
  sse_hub_stop (fixture->hub);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  clients = sse_hub_list_clients_finish (fixture->hub, result, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (clients->len, ==, 0);
  later = list_well (fixture, "probe", 10);
  g_assert_cmpuint (later->len, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  alarm (300); /* for what never comes */
#define ADD(name, func)                                                                            \
  g_test_add ("/core/hub-list/" name, Fixture, NULL, fixture_set_up, func, fixture_tear_down)
  ADD ("told", test_told);
  ADD ("bounds", test_bounds);
  ADD ("most", test_most);
  ADD ("no-such-stream", test_no_such_stream);
  ADD ("ids", test_ids);
  ADD ("behind", test_behind);
  ADD ("newcomer", test_newcomer);
  ADD ("stopped", test_stopped);
  return g_test_run ();
}
