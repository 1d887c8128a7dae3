/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fixture.h"

#define LARGE  100000
#define N_MANY 200

static const SseFanoutOptions options = {
  .n_workers = 2,
  .n_channels = 2,
  .queue_bytes = 1024 * 1024,
  .total_bytes = G_MAXSIZE,
  .heartbeat_ms = 3600 * 1000,
  .peer_timeout_ms = 60000,
  .retry_min_ms = 1000,
  .retry_max_ms = 2000000000,
};

/* So that an end is known byte for byte. */
static const SseFanoutOptions steady = {
  .n_workers = 1,
  .n_channels = 2,
  .queue_bytes = 1024 * 1024,
  .total_bytes = G_MAXSIZE,
  .heartbeat_ms = 3600 * 1000,
  .peer_timeout_ms = 60000,
  .retry_min_ms = 7,
  .retry_max_ms = 7,
};

#define END         "retry: 7\n\n"
#define END_CHUNKED "a\r\nretry: 7\n\n\r\n0\r\n\r\n"

static const SseFanoutOptions beating = {
  .n_workers = 1,
  .n_channels = 2,
  .queue_bytes = 1024 * 1024,
  .total_bytes = G_MAXSIZE,
  .heartbeat_ms = 10,
  .peer_timeout_ms = 60000,
  .retry_min_ms = 7,
  .retry_max_ms = 7,
};

static int
join_slow (Fixture *self, gboolean chunked)
{
  const SseJoin join = { .user = "ann", .chunked = chunked, .expires = NEVER };

  return fixture_join_small (self, &join, NULL);
}

/* Returns the client's end of a TCP connection. */
static int
join_tcp (Fixture *self)
{
  SseJoin join = { .user = "tcp", .chunked = TRUE, .expires = NEVER };
  int fds[2];

  make_tcp_pair (fds);
  join.fd = fds[0];
  fixture_join_fd (self, &join, NULL);
  return fds[1];
}

static void
expect_all (int fd, const char *text)
{
  fixture_expect (fd, text);
  fixture_expect_end (fd);
}

static void
expect_large (int fd)
{
  g_autofree char *text = fixture_read (fd, LARGE);

  g_assert_cmpuint (strspn (text, "x"), ==, LARGE);
}

/* Each gets what was sent before, a last `retry:` of its own and its end. */
static void
test_all (Fixture *self, gconstpointer data)
{
  g_autoptr (GHashTable) delays = g_hash_table_new (NULL, NULL);
  int fds[N_MANY];

  for (guint i = 0; i < N_MANY; i++)
    fds[i] = fixture_join (self, i % 2, i % 3 == 0 ? "ann" : "bob", i % 5 < 2);
  fixture_send (self, 0, NULL, "event\n\n");
  fixture_send (self, 1, NULL, "event\n\n");
  sse_fanout_end (self->fanout);
  fixture_wait_left (self, N_MANY);

  for (guint i = 0; i < N_MANY; i++)
    {
      g_autofree char *text = fixture_read_all (fds[i]);
      gboolean chunked = i % 5 < 2;
      const char *retry = strstr (text, "retry: ");
      char *end;
      guint64 delay;

      g_assert_true (g_str_has_suffix (g_ptr_array_index (self->left, i), " stopped"));
      g_assert_true (g_str_has_prefix (text, chunked ? "7\r\nevent\n\n\r\n" : "event\n\n"));
      g_assert_nonnull (retry);
      delay = g_ascii_strtoull (retry + strlen ("retry: "), &end, 10);
      g_assert_cmpuint (delay, >=, options.retry_min_ms);
      g_assert_cmpuint (delay, <=, options.retry_max_ms);
      g_assert_cmpstr (end, ==, chunked ? "\n\n\r\n0\r\n\r\n" : "\n\n");
      g_hash_table_add (delays, GSIZE_TO_POINTER (delay));
    }
  /* Some may be the same by chance, but not many. */
  g_assert_cmpuint (g_hash_table_size (delays), >, N_MANY - 5);
}

/* Who reads slowly gets everything, and holds up nobody. */
static void
test_slow (Fixture *self, gconstpointer data)
{
  int slow = join_slow (self, FALSE), chunked = join_slow (self, TRUE);
  int quick = fixture_join (self, 1, "bob", TRUE);

  fixture_send_size (self, 0, NULL, LARGE);
  fixture_wait_queued (self, 0, LARGE);
  sse_fanout_end (self->fanout);
  expect_all (quick, END_CHUNKED);
  fixture_expect_left (self, "1 bob stopped");
  g_assert_cmpuint (self->left->len, ==, 1);

  expect_large (slow);
  expect_all (slow, END);
  fixture_expect_left (self, "0 ann stopped");
  g_assert_cmpuint (self->left->len, ==, 2);

  fixture_expect (chunked, "186a0\r\n");
  expect_large (chunked);
  expect_all (chunked, "\r\n" END_CHUNKED);
  fixture_expect_left (self, "0 ann stopped");
}

/* Who never reads is closed as it is when the waiting ends. */
static void
test_never_reads (Fixture *self, gconstpointer data)
{
  g_autofree char *text = NULL;
  int fd = join_slow (self, TRUE), witness = fixture_join (self, 1, "bob", FALSE);

  fixture_send_size (self, 0, NULL, LARGE);
  fixture_wait_queued (self, 0, 1);
  sse_fanout_end (self->fanout);
  expect_all (witness, END);
  fixture_expect_left (self, "1 bob stopped");
  fixture_stop (self);
  fixture_expect_left (self, "0 ann stopped");
  text = fixture_read_all (fd);
  g_assert_nonnull (strchr (text, 'x'));
  g_assert_null (strstr (text, "retry"));
}

/* Nothing comes behind the end, whoever it is sent to, heartbeats neither. */
static void
test_nothing_behind (Fixture *self, gconstpointer data)
{
  int fd = join_slow (self, FALSE);

  fixture_send_size (self, 0, NULL, LARGE);
  fixture_wait_queued (self, 0, 1);
  sse_fanout_end (self->fanout);
  fixture_send (self, 0, NULL, "event");
  fixture_send (self, 0, "ann", "event");
  fixture_send_view (self, 0, NULL, 0, "view");
  sse_fanout_set_personal (self->fanout, 0, "ann", 0, TRUE);
  fixture_send_view (self, 0, "ann", 0, "view");
  sse_fanout_end (self->fanout);
  expect_all (fixture_join (self, 1, "late", FALSE), END); /* the worker has done all that */
  expect_large (fd);
  expect_all (fd, END);
}

/* Whoever comes late is served and ended. */
static void
test_late (Fixture *self, gconstpointer data)
{
  static const char *const first[] = { "HEAD ", NULL };
  const SseJoin join = { .user = "ann", .expires = NEVER };
  int fd;

  sse_fanout_end (self->fanout);
  fd = fixture_join_full (self, &join, first);
  expect_all (fd, "HEAD " END);
  fixture_expect_left (self, "0 ann stopped");
}

typedef struct
{
  guint n_due;
  gboolean gone;
} Told;

static void
on_fed (gboolean gone, gpointer user_data)
{
  Told *told = user_data;

  g_assert_false (told->gone);
  told->gone = gone;
  told->n_due += !gone;
}

static SseCatchUp *
join_behind (Fixture *self, Told *told, const char *first, int *fd)
{
  const char *const texts[] = { first, NULL };
  SseJoin join = { .user = "ann", .expires = NEVER };
  int fds[2];

  make_small_pair (fds);
  join.fd = fds[0];
  *fd = fds[1];
  return fixture_join_behind (self, &join, texts, on_fed, told);
}

/* Who is behind is ended after its slice, and is due no other. */
static void
test_behind (Fixture *self, gconstpointer data)
{
  g_autofree char *large = g_strnfill (LARGE, 'x');
  static const char *const texts[] = { "slice", NULL };
  g_autoptr (GPtrArray) slice = make_frames (texts);
  Told waiting = { 0 }, writing = { 0 };
  int fds[2];
  SseCatchUp *due = join_behind (self, &waiting, "first ", &fds[0]);

  while (waiting.n_due == 0)
    g_main_context_iteration (NULL, TRUE);
  join_behind (self, &writing, large, &fds[1]);
  fixture_wait_queued (self, 0, 1);
  sse_fanout_end (self->fanout);
  sse_fanout_feed (self->fanout, due, slice); /* too late, as it happens */
  expect_all (fds[0], "first " END);
  expect_large (fds[1]);
  expect_all (fds[1], END);
  fixture_wait_left (self, 2);
  g_assert_true (waiting.gone && writing.gone);
  g_assert_cmpuint (waiting.n_due, ==, 1);
  g_assert_cmpuint (writing.n_due, ==, 0);
}

/* The last slice may be on its way when it ends: then nobody is told, as after any last slice. */
static void
test_last_slice_late (Fixture *self, gconstpointer data)
{
  static const char *const texts[] = { "slice", NULL };
  g_autoptr (GPtrArray) slice = make_frames (texts);
  Told told = { 0 };
  int fd;
  SseCatchUp *catch_up = join_behind (self, &told, "first ", &fd);

  while (told.n_due == 0)
    g_main_context_iteration (NULL, TRUE);
  sse_fanout_end (self->fanout);
  sse_fanout_feed_last (self->fanout, catch_up, slice);
  expect_all (fd, "first " END);
  fixture_expect_left (self, "0 ann stopped");
  g_assert_false (told.gone);
}

/* What a client sends, before its end and after, resets nothing: it is waited for to hang up. */
static void
test_talking (Fixture *self, gconstpointer data)
{
  g_autofree char *talk = g_strnfill (LARGE, 'y');
  int fd = join_tcp (self), silent = join_tcp (self),
      witness = fixture_join (self, 1, "bob", FALSE);

  g_assert_cmpint (send (fd, "GET / HTTP/1.1\r\n\r\n", 18, MSG_NOSIGNAL), ==, 18);
  sse_fanout_end (self->fanout);
  expect_all (silent, END_CHUNKED);
  expect_all (witness, END);
  fixture_wait_left (self, 2);
  for (guint i = 0; i < 10; i++)
    g_assert_cmpint (send (fd, talk, 1000, MSG_NOSIGNAL), ==, 1000);
  fixture_expect (fd, END_CHUNKED);
  fixture_expect_end (fd);
  fixture_wait_told (self, "0 tcp stopped");
  fixture_wait_left (self, 3);
  for (guint i = 0; i < 3; i++)
    g_assert_true (g_str_has_suffix (g_ptr_array_index (self->left, i), " stopped"));
}

/* One that does not hang up is closed when the waiting ends; it gets no heartbeats meanwhile. */
static void
test_lingering (Fixture *self, gconstpointer data)
{
  SseJoin join = { .user = "ann", .expires = g_get_real_time () + 100000 };
  int fds[2], fd = join_tcp (self);

  make_tcp_pair (fds);
  join.fd = fds[0];
  fixture_join_fd (self, &join, NULL);
  g_assert_cmpint (send (fd, "more", 4, MSG_NOSIGNAL), ==, 4);
  g_assert_cmpint (send (fds[1], "more", 4, MSG_NOSIGNAL), ==, 4);
  sse_fanout_end (self->fanout);
  fixture_wait_told (self, "0 ann expired"); /* heartbeats were due by then */
  g_assert_cmpuint (self->left->len, ==, 1);
  fixture_stop (self);
  fixture_wait_told (self, "0 tcp stopped");
  expect_all (fd, END_CHUNKED);
  close (fds[1]);
}

static void
test_hang_up (Fixture *self, gconstpointer data)
{
  int fd = join_slow (self, TRUE);

  fixture_send_size (self, 0, NULL, LARGE);
  fixture_wait_queued (self, 0, 1);
  sse_fanout_end (self->fanout);
  fixture_expect (fd, "186a0\r\n");
  close (fd);
  fixture_expect_left (self, "0 ann gone");
}

/* A token's expiry waits for nobody. */
static void
test_expiry (Fixture *self, gconstpointer data)
{
  static const char *const first[] = { "HEAD ", NULL };
  SseJoin join = { .user = "ann", .expires = g_get_real_time () + 200000 };
  g_autofree char *text = NULL;
  int fd = fixture_join_small (self, &join, first);

  fixture_send_size (self, 0, NULL, LARGE);
  sse_fanout_end (self->fanout);
  fixture_expect_left (self, "0 ann expired");
  text = fixture_read_all (fd);
  g_assert_null (strstr (text, "retry"));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  alarm (300); /* for what never comes */
  fixture_add_test ("/ending/all", &options, test_all);
  fixture_add_test ("/ending/slow", &steady, test_slow);
  fixture_add_test ("/ending/never-reads", &steady, test_never_reads);
  fixture_add_test ("/ending/nothing-behind", &steady, test_nothing_behind);
  fixture_add_test ("/ending/nothing-behind-heartbeats", &beating, test_nothing_behind);
  fixture_add_test ("/ending/late", &steady, test_late);
  fixture_add_test ("/ending/behind", &steady, test_behind);
  fixture_add_test ("/ending/last-slice-late", &steady, test_last_slice_late);
  fixture_add_test ("/ending/talking", &steady, test_talking);
  fixture_add_test ("/ending/lingering", &beating, test_lingering);
  fixture_add_test ("/ending/hang-up", &steady, test_hang_up);
  fixture_add_test ("/ending/expiry", &steady, test_expiry);
  return g_test_run ();
}
