/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include <unistd.h>

#include "fixture.h"

/* Far more than a socket of make_small_pair() takes. */
#define LARGE 100000

#define BOUND 10000

static const SseFanoutOptions options = {
  .n_workers = 1,
  .n_channels = 3,
  .queue_bytes = BOUND,
  .total_bytes = G_MAXSIZE,
  .heartbeat_ms = 3600 * 1000,
  .peer_timeout_ms = 60000,
};

static const SseFanoutOptions beating = {
  .n_workers = 1,
  .n_channels = 3,
  .queue_bytes = BOUND,
  .total_bytes = G_MAXSIZE,
  .heartbeat_ms = 10,
  .peer_timeout_ms = 60000,
};

static int
join_small (Fixture *self, const char *user, const char *const *first)
{
  const SseJoin join = { .user = user, .expires = NEVER };

  return fixture_join_small (self, &join, first);
}

/* A client of which a large frame is partly written, as it does not read. */
static int
join_blocked (Fixture *self, const char *user)
{
  int fd = join_small (self, user, NULL);

  fixture_send_size (self, 0, user, LARGE);
  fixture_wait_input (fd);
  fixture_wait_queued (self, 0, 1);
  return fd;
}

static void
expect_size (int fd, gsize size)
{
  g_autofree char *expected = g_strnfill (size, 'x');

  fixture_expect (fd, expected);
}

static void
test_order (Fixture *self, gconstpointer data)
{
  int fd = join_small (self, "ann", NULL);

  fixture_send (self, 0, NULL, "first ");
  fixture_send_size (self, 0, NULL, LARGE);
  fixture_wait_queued (self, 0, 1);
  fixture_send (self, 0, NULL, "second ");
  fixture_send (self, 0, "ann", "third ");
  fixture_expect (fd, "first ");
  expect_size (fd, LARGE);
  fixture_expect (fd, "second third ");

  /* And again, now that the socket once was full. */
  fixture_send_size (self, 0, NULL, LARGE);
  fixture_send (self, 0, NULL, "fourth ");
  expect_size (fd, LARGE);
  fixture_expect (fd, "fourth ");
  fixture_wait_worker (self, 2);
  g_assert_cmpuint (sse_fanout_get_queued_bytes (self->fanout, 0), ==, 0);
  close (fd);
}

/* A view that is partly written finishes, of those behind it the newest remains. */
static void
test_views (Fixture *self, gconstpointer data)
{
  g_autofree char *large = g_strnfill (LARGE, 'x');
  int fd = join_small (self, "ann", NULL);

  fixture_send_view (self, 0, NULL, 0, large);
  fixture_wait_queued (self, 0, 1);
  fixture_send_view (self, 0, NULL, 0, "zero-2 ");
  fixture_wait_worker (self, 2);
  fixture_send (self, 0, NULL, "event-1 ");
  fixture_send_view (self, 0, NULL, 1, "one-1 ");
  fixture_wait_worker (self, 2);
  fixture_send_view (self, 0, "ann", 0, "zero-3 ");
  fixture_wait_worker (self, 2);
  fixture_send (self, 0, NULL, "event-2 ");
  fixture_wait_worker (self, 2);
  expect_size (fd, LARGE);
  fixture_expect (fd, "event-1 one-1 zero-3 event-2 ");
  close (fd);
}

static void
test_overflow (Fixture *self, gconstpointer data)
{
  int ann = join_blocked (self, "ann"), bob = fixture_join (self, 0, "bob", FALSE);

  fixture_send_size (self, 0, NULL, BOUND / 2);
  fixture_send_size (self, 0, NULL, BOUND / 2);
  fixture_wait_worker (self, 2);
  g_assert_cmpuint (sse_fanout_get_queued_bytes (self->fanout, 0), >=, BOUND);
  fixture_send (self, 0, NULL, "x");
  fixture_wait_told (self, "0 ann overflow");
  g_assert_cmpuint (sse_fanout_get_queued_bytes (self->fanout, 0), ==, 0);

  /* Nobody else notices. */
  expect_size (bob, BOUND + 1);
  close (ann);
  close (bob);
}

/* Views do not add up. */
static void
test_views_do_not_overflow (Fixture *self, gconstpointer data)
{
  g_autofree char *view = g_strnfill (BOUND - 10, 'x');
  int fd = join_blocked (self, "ann");

  for (guint i = 0; i < 10; i++)
    {
      fixture_send_view (self, 0, NULL, 0, view);
      fixture_wait_worker (self, 2);
    }
  fixture_send (self, 0, NULL, "event ");
  expect_size (fd, LARGE + BOUND - 10);
  fixture_expect (fd, "event ");
  close (fd);
}

/* One frame alone may be larger than the bound, but then nothing behind it. */
static void
test_large_frame (Fixture *self, gconstpointer data)
{
  int ann = join_blocked (self, "ann"), bob = join_blocked (self, "bob");

  fixture_send_size (self, 0, NULL, LARGE);
  fixture_wait_worker (self, 2);
  expect_size (bob, 2 * LARGE);
  fixture_send (self, 0, NULL, "event ");
  fixture_expect (bob, "event ");
  fixture_wait_told (self, "0 ann overflow");
  close (ann);
  close (bob);
}

/* What comes at once and is more than the bound goes out, where the socket takes it. */
static void
test_burst_to_reader (gboolean to_all)
{
  Fixture fixture;
  int fd;

  fixture_set_up (&fixture, &options);
  fd = fixture_join (&fixture, 0, "ann", FALSE);
  for (guint i = 0; i < 30; i++)
    fixture_send_size (&fixture, 0, to_all ? NULL : "ann", 1000);
  expect_size (fd, 30000);
  close (fd);
  fixture_tear_down (&fixture);
}

static void
test_burst_to_all (void)
{
  test_burst_to_reader (TRUE);
}

static void
test_burst_to_user (void)
{
  test_burst_to_reader (FALSE);
}

static void
test_burst_overflows (Fixture *self, gconstpointer data)
{
  int ann = join_small (self, "ann", NULL), bob = join_small (self, "bob", NULL);

  for (guint i = 0; i < 30; i++)
    {
      fixture_send_size (self, 0, NULL, 1000);
      fixture_send_size (self, 1, NULL, 1000);
      fixture_send_size (self, 0, "bob", 1000);
    }
  fixture_wait_told (self, "0 ann overflow");
  fixture_wait_told (self, "0 bob overflow");
  close (ann);
  close (bob);
}

/* A client may get more to begin with than may wait for it later. */
static void
test_first_frames_exempt (Fixture *self, gconstpointer data)
{
  g_autofree char *large = g_strnfill (LARGE, 'x');
  const char *const first[] = { large, large, NULL };
  int fd = join_small (self, "ann", first);

  fixture_wait_queued (self, 0, 1);
  fixture_send_size (self, 0, NULL, BOUND / 2);
  fixture_send_size (self, 0, NULL, BOUND / 2);
  fixture_wait_worker (self, 2);
  expect_size (fd, 2 * LARGE + BOUND);
  close (fd);
}

static void
test_behind_first_frames (Fixture *self, gconstpointer data)
{
  g_autofree char *large = g_strnfill (LARGE, 'x');
  const char *const first[] = { large, large, NULL };
  int fd = join_small (self, "ann", first);

  fixture_send_size (self, 0, NULL, BOUND);
  fixture_wait_worker (self, 2);
  fixture_send (self, 0, NULL, "x");
  fixture_wait_told (self, "0 ann overflow");
  close (fd);
}

static void
test_queued_bytes (Fixture *self, gconstpointer data)
{
  int fd = join_blocked (self, "ann");
  guint64 before;

  fixture_wait_worker (self, 2);
  before = sse_fanout_get_queued_bytes (self->fanout, 0);
  fixture_send_size (self, 0, NULL, 1234);
  fixture_wait_worker (self, 2);
  g_assert_cmpuint (sse_fanout_get_queued_bytes (self->fanout, 0), ==, before + 1234);
  g_assert_cmpuint (sse_fanout_get_queued_bytes (self->fanout, 1), ==, 0);
  close (fd);
  fixture_wait_told (self, "0 ann gone");
  g_assert_cmpuint (sse_fanout_get_queued_bytes (self->fanout, 0), ==, 0);
}

static void
test_heartbeat (Fixture *self, gconstpointer data)
{
  SseJoin join = { .user = "ann", .chunked = TRUE, .expires = NEVER };
  int chunked = fixture_join_full (self, &join, NULL);
  int plain = fixture_join (self, 1, "bob", FALSE);

  fixture_expect (chunked, "3\r\n:\n\n\r\n3\r\n:\n\n\r\n");
  fixture_expect (plain, ":\n\n:\n\n:\n\n");
  close (chunked);
  close (plain);
}

/* For whom something waits there is no heartbeat. */
static void
test_no_heartbeat_when_waiting (Fixture *self, gconstpointer data)
{
  int slow = join_small (self, "ann", NULL), idle = fixture_join (self, 1, "bob", FALSE);
  guint64 before;
  char next;

  fixture_send_size (self, 0, NULL, LARGE);
  fixture_wait_worker (self, 2);
  before = sse_fanout_get_queued_bytes (self->fanout, 0);
  fixture_send (self, 1, NULL, "from here ");
  do
    {
      g_autofree char *text = fixture_read (idle, 1);

      next = *text;
    }
  while (next != 'f');
  fixture_expect (idle, "rom here :\n\n:\n\n:\n\n:\n\n");
  g_assert_cmpuint (sse_fanout_get_queued_bytes (self->fanout, 0), ==, before);
  close (slow);
  close (idle);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  fixture_add_test ("/slow/order", &options, test_order);
  fixture_add_test ("/slow/views", &options, test_views);
  fixture_add_test ("/slow/overflow", &options, test_overflow);
  fixture_add_test ("/slow/views-do-not-overflow", &options, test_views_do_not_overflow);
  fixture_add_test ("/slow/large-frame", &options, test_large_frame);
  g_test_add_func ("/slow/burst-to-all", test_burst_to_all);
  g_test_add_func ("/slow/burst-to-user", test_burst_to_user);
  fixture_add_test ("/slow/burst-overflows", &options, test_burst_overflows);
  fixture_add_test ("/slow/first-frames-exempt", &options, test_first_frames_exempt);
  fixture_add_test ("/slow/behind-first-frames", &options, test_behind_first_frames);
  fixture_add_test ("/slow/queued-bytes", &options, test_queued_bytes);
  fixture_add_test ("/slow/heartbeat", &beating, test_heartbeat);
  fixture_add_test ("/slow/no-heartbeat-when-waiting", &beating, test_no_heartbeat_when_waiting);
  return g_test_run ();
}
