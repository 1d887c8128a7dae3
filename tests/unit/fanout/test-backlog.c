/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <unistd.h>

#include "fixture.h"
#include "sse-backlog.h"

#define LARGE 100000
#define BOUND 250000

static const SseFanoutOptions options = {
  .n_workers = 1,
  .n_channels = 2,
  .queue_bytes = 10 * LARGE,
  .total_bytes = BOUND,
  .heartbeat_ms = 3600 * 1000,
  .peer_timeout_ms = 60000,
};

static const SseFanoutOptions apart = {
  .n_workers = 2,
  .n_channels = 2,
  .queue_bytes = 10 * LARGE,
  .total_bytes = BOUND,
  .heartbeat_ms = 3600 * 1000,
  .peer_timeout_ms = 60000,
};

/* A frame counts as long as it waits for anybody, and once. */
static void
test_once (void)
{
  g_autoptr (SseFrame) frame = sse_frame_new_raw ("123456789", 9);
  SseBacklog backlog;
  gsize place;

  sse_backlog_init (&backlog);
  sse_backlog_add (&backlog, frame);
  place = backlog.bytes - 9;
  g_assert_cmpuint (sse_backlog_get_share (&backlog, frame), ==, place + 9);
  sse_backlog_add (&backlog, frame);
  sse_backlog_add (&backlog, frame);
  g_assert_cmpuint (backlog.bytes, ==, 9 + 3 * place);
  g_assert_cmpuint (sse_backlog_get_share (&backlog, frame), ==, place + 3);
  sse_backlog_remove (&backlog, frame);
  g_assert_cmpuint (backlog.bytes, ==, 9 + 2 * place);
  sse_backlog_remove (&backlog, frame);
  sse_backlog_remove (&backlog, frame);
  g_assert_cmpuint (backlog.bytes, ==, 0);
  sse_backlog_add (&backlog, frame);
  g_assert_cmpuint (backlog.bytes, ==, 9 + place);
  sse_backlog_remove (&backlog, frame);
  g_assert_cmpuint (backlog.bytes, ==, 0);
  sse_backlog_clear (&backlog);
}

static int
join_small (Fixture *self, const char *user)
{
  const SseJoin join = { .user = user, .expires = NEVER };

  return fixture_join_small (self, &join, NULL);
}

/* Too much for all together: the one that costs most is closed, and nobody else. */
static void
test_sheds_largest (Fixture *self, gconstpointer data)
{
  int most = join_small (self, "most"), less = join_small (self, "less");
  int least = join_small (self, "least"), quick = fixture_join (self, 0, "quick", FALSE);

  fixture_send_size (self, 0, "least", 10000);
  fixture_send_size (self, 0, "less", LARGE);
  fixture_send_size (self, 0, "most", LARGE);
  fixture_send_size (self, 0, "most", 20000);
  fixture_wait_worker (self, 1);
  fixture_expect_left (self, "1 witness gone");
  g_assert_cmpuint (self->left->len, ==, 1);

  fixture_send_size (self, 0, "least", 20000);
  fixture_expect_left (self, "0 most overflow");
  fixture_send (self, 0, NULL, "all");
  fixture_expect (quick, "all");
  g_free (fixture_read (less, LARGE));
  fixture_expect (less, "all");
  g_free (fixture_read (least, 30000));
  fixture_expect (least, "all");
  g_assert_cmpuint (self->left->len, ==, 2);
  close (most);
  close (less);
  close (least);
  close (quick);
}

/* What counts is the memory that somebody's leaving frees: a view of one's own, and not what all
 * wait for. */
static void
test_sheds_costliest (Fixture *self, gconstpointer data)
{
  g_autofree char *view = g_strnfill (LARGE + 10000, 'x');
  int many[10], hog = join_small (self, "hog"), feeder = fixture_join (self, 0, "quick", FALSE);

  for (guint i = 0; i < G_N_ELEMENTS (many); i++)
    many[i] = join_small (self, "many");
  fixture_send_view (self, 0, "hog", 0, view);
  fixture_send_size (self, 0, "many", LARGE);
  fixture_wait_queued (self, 0, G_N_ELEMENTS (many) * LARGE);
  fixture_wait_worker (self, 1);
  fixture_expect_left (self, "1 witness gone");
  fixture_send_size (self, 0, "many", LARGE / 2);
  fixture_expect_left (self, "0 hog overflow");
  fixture_send (self, 0, NULL, "all");
  fixture_expect (feeder, "all");
  for (guint i = 0; i < G_N_ELEMENTS (many); i++)
    {
      g_free (fixture_read (many[i], LARGE + LARGE / 2));
      fixture_expect (many[i], "all");
      close (many[i]);
    }
  close (hog);
  close (feeder);
}

/* Each worker has its part: who costs most at one of them costs nobody at the other their place. */
static void
test_workers_apart (Fixture *self, gconstpointer data)
{
  int hog = join_small (self, "hog"), other = join_small (self, "other");

  fixture_send_size (self, 0, "other", LARGE);
  fixture_send_size (self, 0, "hog", LARGE);
  fixture_wait_worker (self, 1);
  fixture_send_size (self, 0, "hog", LARGE / 2);
  fixture_wait_told (self, "0 hog overflow");
  fixture_send (self, 0, "other", "on");
  g_free (fixture_read (other, LARGE));
  fixture_expect (other, "on");
  close (hog);
  close (other);
}

static void
on_fed (gboolean gone, gpointer user_data)
{
  *(gboolean *) user_data = gone;
}

/* Who is behind is no exception. */
static void
test_sheds_behind (Fixture *self, gconstpointer data)
{
  g_autofree char *large = g_strnfill (3 * LARGE, 'x');
  const char *const first[] = { large, NULL };
  SseJoin join = { .user = "ann", .expires = NEVER };
  gboolean gone = FALSE;
  int fds[2];

  make_small_pair (fds);
  join.fd = fds[0];
  fixture_join_behind (self, &join, first, on_fed, &gone);
  fixture_expect_left (self, "0 ann overflow");
  g_assert_true (gone);
  close (fds[1]);
}

/* What all wait for takes its memory once. */
static void
test_shared_frame (Fixture *self, gconstpointer data)
{
  int fds[20];

  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    fds[i] = join_small (self, "ann");
  fixture_send_size (self, 0, NULL, LARGE);
  fixture_send_size (self, 0, NULL, LARGE);
  fixture_wait_queued (self, 0, G_N_ELEMENTS (fds) * LARGE);
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    {
      g_free (fixture_read (fds[i], 2 * LARGE));
      close (fds[i]);
    }
  fixture_wait_left (self, G_N_ELEMENTS (fds));
  for (guint i = 0; i < self->left->len; i++)
    g_assert_cmpstr (g_ptr_array_index (self->left, i), ==, "0 ann gone");
}

/* What was read makes room again, any number of times. */
static void
test_room_returns (Fixture *self, gconstpointer data)
{
  int fd = join_small (self, "ann");

  for (guint i = 0; i < 10; i++)
    {
      fixture_send_size (self, 0, NULL, 2 * LARGE);
      fixture_wait_queued (self, 0, 1);
      g_free (fixture_read (fd, 2 * LARGE));
    }
  fixture_send (self, 0, NULL, "end");
  fixture_expect (fd, "end");
  close (fd);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/backlog/once", test_once);
  fixture_add_test ("/backlog/sheds-largest", &options, test_sheds_largest);
  fixture_add_test ("/backlog/sheds-costliest", &options, test_sheds_costliest);
  fixture_add_test ("/backlog/workers-apart", &apart, test_workers_apart);
  fixture_add_test ("/backlog/sheds-behind", &options, test_sheds_behind);
  fixture_add_test ("/backlog/shared-frame", &options, test_shared_frame);
  fixture_add_test ("/backlog/room-returns", &options, test_room_returns);
  return g_test_run ();
}
