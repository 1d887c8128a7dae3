/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include <unistd.h>

#include "fixture.h"

#define LARGE 100000

static const SseFanoutOptions one = {
  .n_workers = 1,
  .n_channels = 2,
  .queue_bytes = 10000,
  .total_bytes = G_MAXSIZE,
  .heartbeat_ms = 3600 * 1000,
  .peer_timeout_ms = 60000,
};

static const SseFanoutOptions three = {
  .n_workers = 3,
  .n_channels = 2,
  .queue_bytes = 10000,
  .total_bytes = G_MAXSIZE,
  .heartbeat_ms = 3600 * 1000,
  .peer_timeout_ms = 60000,
};

static const SseFanoutOptions beating = {
  .n_workers = 1,
  .n_channels = 2,
  .queue_bytes = 10000,
  .total_bytes = G_MAXSIZE,
  .heartbeat_ms = 10,
  .peer_timeout_ms = 60000,
};

/* What was told of a client. */
typedef struct
{
  Fixture *fixture;
  SseCatchUp *catch_up;
  guint n_due;
  gboolean gone;
} Told;

static void
on_fed (gboolean gone, gpointer user_data)
{
  Told *told = user_data;

  g_assert_false (told->gone);
  if (gone)
    told->gone = TRUE;
  else
    told->n_due++;
}

static void
wait_due (Told *told, guint n)
{
  while (told->n_due < n && !told->gone)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (told->n_due, ==, n);
  g_assert_false (told->gone);
}

static void
wait_gone (Told *told)
{
  while (!told->gone)
    g_main_context_iteration (NULL, TRUE);
}

/* A client of ann's that is behind; its first slice is "first ". */
static int
join (Fixture *self, Told *told, gint64 expires)
{
  static const char *const first[] = { "first ", NULL };
  SseJoin join = { .user = "ann", .expires = expires };
  int fds[2];

  make_pair (fds);
  join.fd = fds[0];
  *told = (Told){ .fixture = self };
  told->catch_up = fixture_join_behind (self, &join, first, on_fed, told);
  return fds[1];
}

static void
feed (Told *told, const char *text)
{
  const char *const texts[] = { text, NULL };
  g_autoptr (GPtrArray) frames = make_frames (texts);

  sse_fanout_feed (told->fixture->fanout, told->catch_up, frames);
}

static void
feed_last (Told *told, const char *text)
{
  const char *const texts[] = { text, NULL };
  g_autoptr (GPtrArray) frames = make_frames (texts);

  sse_fanout_feed_last (told->fixture->fanout, told->catch_up, frames);
}

/* What is sent while it is behind is not for it, what is sent after the last slice is. */
static void
test_slices (Fixture *self, gconstpointer data)
{
  int other = fixture_join (self, 0, "ann", FALSE);
  Told told;
  int fd = join (self, &told, NEVER);

  fixture_send (self, 0, NULL, "1 ");
  wait_due (&told, 1);
  fixture_send (self, 0, "ann", "2 ");
  fixture_send_view (self, 0, NULL, 0, "3 ");
  feed (&told, "second ");
  fixture_send (self, 0, NULL, "4 ");
  wait_due (&told, 2);
  fixture_send_view (self, 0, "ann", 0, "5 ");
  fixture_send (self, 0, NULL, "6 ");
  feed_last (&told, "last ");
  fixture_send (self, 0, NULL, "7 ");
  fixture_send (self, 0, "ann", "8 ");
  fixture_send_view (self, 0, NULL, 0, "9 ");

  fixture_expect (fd, "first second last 7 8 9 ");
  fixture_expect (other, "1 2 ");
  close (fd);
  close (other);
  fixture_wait_left (self, 2);
  g_assert_cmpuint (told.n_due, ==, 2);
  g_assert_false (told.gone);
}

/* A slice without anything for the client is a slice. */
static void
test_empty_slices (Fixture *self, gconstpointer data)
{
  g_autoptr (GPtrArray) none = make_frames (NULL);
  Told told;
  int fd = join (self, &told, NEVER);

  for (guint i = 1; i <= 5; i++)
    {
      wait_due (&told, i);
      sse_fanout_feed (self->fanout, told.catch_up, none);
    }
  wait_due (&told, 6);
  sse_fanout_feed_last (self->fanout, told.catch_up, none);
  fixture_send (self, 0, NULL, "now");
  fixture_expect (fd, "first now");
  close (fd);
}

/* So is a first one. */
static void
test_nothing_first (Fixture *self, gconstpointer data)
{
  SseJoin join = { .user = "ann", .expires = NEVER };
  Told told = { .fixture = self };
  int fds[2];

  make_pair (fds);
  join.fd = fds[0];
  told.catch_up = fixture_join_behind (self, &join, NULL, on_fed, &told);
  wait_due (&told, 1);
  feed_last (&told, "last");
  fixture_expect (fds[1], "last");
  close (fds[1]);
}

/* The next slice is due when the socket has taken all of the one before, and not earlier; slices
 * are larger than what may wait for a client. */
static void
test_slow_socket (Fixture *self, gconstpointer data)
{
  g_autofree char *large = g_strnfill (LARGE, 'x');
  const char *const first[] = { large, large, NULL };
  SseJoin join = { .user = "ann", .expires = NEVER };
  Told told = { .fixture = self };
  g_autofree char *bytes = NULL;
  int fds[2];

  make_small_pair (fds);
  join.fd = fds[0];
  told.catch_up = fixture_join_behind (self, &join, first, on_fed, &told);
  fixture_wait_queued (self, 0, 1);
  bytes = fixture_read (fds[1], LARGE);
  g_assert_cmpuint (told.n_due, ==, 0);
  g_free (fixture_read (fds[1], LARGE));
  wait_due (&told, 1);
  feed_last (&told, large);
  fixture_wait_queued (self, 0, 1);
  fixture_send (self, 0, NULL, "behind it");
  g_free (fixture_read (fds[1], LARGE));
  fixture_expect (fds[1], "behind it");
  close (fds[1]);
}

/* It gets the views that are its user's then, whatever they were when it came; and is told to be
 * due once. */
static void
test_personal (Fixture *self, gconstpointer data)
{
  int witness = fixture_join (self, 0, "ann", FALSE);
  Told told;
  int fd = join (self, &told, NEVER);

  wait_due (&told, 1);
  sse_fanout_set_personal (self->fanout, 0, "ann", 0, TRUE);
  fixture_send_view (self, 0, "ann", 0, "seen");
  fixture_expect (witness, "seen");
  close (witness);
  fixture_expect_left (self, "0 ann gone");
  g_assert_cmpuint (told.n_due, ==, 1);
  feed_last (&told, "last ");
  fixture_send_view (self, 0, NULL, 0, "everyone's ");
  fixture_send_view (self, 0, "ann", 0, "ann's ");
  fixture_expect (fd, "first last ann's ");
  close (fd);
}

static void
test_heartbeats (Fixture *self, gconstpointer data)
{
  Told told;
  int fd = join (self, &told, NEVER);

  /* The publisher takes its time. */
  fixture_expect (fd, "first :\n\n:\n\n:\n\n");
  wait_due (&told, 1);
  g_assert_cmpuint (told.n_due, ==, 1);
  feed_last (&told, "last ");
  close (fd);
  fixture_expect_left (self, "0 ann gone");
}

static void
test_hang_up (Fixture *self, gconstpointer data)
{
  Told told;

  close (join (self, &told, NEVER));
  wait_gone (&told);
  fixture_expect_left (self, "0 ann gone");
}

/* The next slice and the client's end are on their way to each other. */
static void
test_hang_up_when_due (Fixture *self, gconstpointer data)
{
  for (guint i = 0; i < 200; i++)
    {
      Told told;
      int fd = join (self, &told, NEVER);

      wait_due (&told, 1);
      close (fd);
      for (guint j = 0; j < i % 5; j++)
        g_thread_yield ();
      if (i % 2 == 0)
        {
          feed_last (&told, "last");
          fixture_expect_left (self, "0 ann gone");
          g_assert_false (told.gone);
        }
      else
        {
          feed (&told, "next");
          wait_gone (&told);
          fixture_expect_left (self, "0 ann gone");
        }
    }
}

static void
test_expiry (Fixture *self, gconstpointer data)
{
  Told told;
  int fd = join (self, &told, g_get_real_time () + 50000);

  wait_gone (&told);
  fixture_expect_left (self, "0 ann expired");
  fixture_expect (fd, "first ");
  fixture_expect_end (fd);
}

static void
test_stop (Fixture *self, gconstpointer data)
{
  Told due, fed;
  int a = join (self, &due, NEVER), b = join (self, &fed, NEVER);

  wait_due (&due, 1);
  wait_due (&fed, 1);
  feed (&fed, "second ");
  fixture_stop (self);
  g_assert_true (due.gone);
  g_assert_true (fed.gone);
  fixture_expect (a, "first retry: 0\n\n");
  fixture_expect_end (a);
  fixture_expect (b, "first second retry: 0\n\n");
  fixture_expect_end (b);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  alarm (300); /* for what never comes */
  fixture_add_test ("/behind/slices", &one, test_slices);
  fixture_add_test ("/behind/slices-three-workers", &three, test_slices);
  fixture_add_test ("/behind/empty-slices", &one, test_empty_slices);
  fixture_add_test ("/behind/nothing-first", &one, test_nothing_first);
  fixture_add_test ("/behind/slow-socket", &one, test_slow_socket);
  fixture_add_test ("/behind/personal", &one, test_personal);
  fixture_add_test ("/behind/heartbeats", &beating, test_heartbeats);
  fixture_add_test ("/behind/hang-up", &one, test_hang_up);
  fixture_add_test ("/behind/hang-up-when-due", &three, test_hang_up_when_due);
  fixture_add_test ("/behind/expiry", &one, test_expiry);
  fixture_add_test ("/behind/stop", &three, test_stop);
  return g_test_run ();
}
