/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fixture.h"

#define LARGE 100000

/* Their descriptors at a time stay below the usual limit of 1,024. */
#define N_MANY    5000
#define AT_ONCE   200
#define N_STOPPED 200

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

static int
join_small (Fixture *self, gint64 expires, const char *const *first)
{
  const SseJoin join = { .user = "ann", .chunked = TRUE, .expires = expires };

  return fixture_join_small (self, &join, first);
}

/* Noticed without anything being sent. */
static void
test_hang_up (Fixture *self, gconstpointer data)
{
  int fds[2], half = fixture_join (self, 1, "bob", FALSE);
  SseJoin join = { .user = "tcp", .expires = NEVER };

  close (fixture_join (self, 0, "ann", FALSE));
  fixture_expect_left (self, "0 ann gone");

  shutdown (half, SHUT_WR);
  fixture_expect_left (self, "1 bob gone");
  close (half);

  make_tcp_pair (fds);
  join.fd = fds[0];
  fixture_join_fd (self, &join, NULL);
  fixture_send (self, 0, NULL, "event ");
  fixture_expect (fds[1], "event ");
  close (fds[1]);
  fixture_expect_left (self, "0 tcp gone");
}

static void
test_hang_up_before_join (Fixture *self, gconstpointer data)
{
  SseJoin join = { .user = "ann", .expires = NEVER };
  int fds[2];

  make_pair (fds);
  close (fds[1]);
  join.fd = fds[0];
  fixture_join_fd (self, &join, NULL);
  fixture_expect_left (self, "0 ann gone");

  make_tcp_pair (fds);
  close (fds[1]);
  join.fd = fds[0];
  fixture_join_fd (self, &join, NULL);
  fixture_expect_left (self, "0 ann gone");
}

/* Writing to who is gone raises no signal. */
static void
test_hang_up_with_first_frames (Fixture *self, gconstpointer data)
{
  static const char *const first[] = { "HEAD\r\n\r\n", NULL };
  SseJoin join = { .user = "ann", .expires = NEVER };
  int fds[2];

  make_pair (fds);
  close (fds[1]);
  join.fd = fds[0];
  fixture_join_fd (self, &join, first);
  fixture_send (self, 0, NULL, "event ");
  fixture_send (self, 0, "ann", "event ");
  fixture_expect_left (self, "0 ann gone");
}

static void
test_hang_up_while_waiting (Fixture *self, gconstpointer data)
{
  int fd = join_small (self, NEVER, NULL);

  fixture_send_size (self, 0, NULL, LARGE);
  fixture_wait_queued (self, 0, 1);
  close (fd);
  fixture_expect_left (self, "0 ann gone");
  g_assert_cmpuint (sse_fanout_get_queued_bytes (self->fanout, 0), ==, 0);
}

/* What cannot be watched is not kept. */
static void
test_not_a_socket (Fixture *self, gconstpointer data)
{
  SseJoin join = { .user = "ann", .expires = NEVER };
  guint before = count_descriptors ();
  g_autofree char *path = NULL;

  join.fd = g_file_open_tmp ("fanout-XXXXXX", &path, NULL);
  fixture_join_fd (self, &join, NULL);
  fixture_expect_left (self, "0 ann gone");
  g_assert_cmpuint (count_descriptors (), ==, before);
  unlink (path);
}

/* Another descriptor of the same socket keeps nothing alive that is gone. */
static void
test_duplicated_socket (Fixture *self, gconstpointer data)
{
  SseJoin join = { .user = "ann", .expires = g_get_real_time () };
  int fds[2], copy, other;

  make_pair (fds);
  copy = dup (fds[0]);
  join.fd = fds[0];
  fixture_join_fd (self, &join, NULL);
  fixture_expect_left (self, "0 ann expired");

  /* Whatever this may tell the worker comes before the other client's frame. */
  close (fds[1]);
  other = fixture_join (self, 0, "other", FALSE);
  fixture_send (self, 0, NULL, "event ");
  fixture_expect (other, "event ");
  close (other);
  close (copy);
}

static void
test_expiry (Fixture *self, gconstpointer data)
{
  static const char *const first[] = { "HEAD ", NULL };
  SseJoin later = { .user = "later", .chunked = TRUE, .expires = g_get_real_time () + 200000 };
  SseJoin sooner = { .user = "sooner", .expires = g_get_real_time () + 100000 };
  int fds[2]
      = { fixture_join_full (self, &later, first), fixture_join_full (self, &sooner, first) };
  int other = fixture_join (self, 0, "other", FALSE);

  /* The workers have other things to do meanwhile. */
  while (self->left->len < 2)
    {
      fixture_send (self, 0, "other", "event ");
      fixture_expect (other, "event ");
      if (g_ptr_array_find_with_equal_func (self->left, "0 later expired", g_str_equal, NULL))
        g_assert_cmpint (g_get_real_time (), >=, later.expires);
      if (g_ptr_array_find_with_equal_func (self->left, "0 sooner expired", g_str_equal, NULL))
        g_assert_cmpint (g_get_real_time (), >=, sooner.expires);
    }
  fixture_wait_told (self, "0 sooner expired");
  fixture_wait_told (self, "0 later expired");

  fixture_expect (fds[0], "HEAD 0\r\n\r\n");
  fixture_expect_end (fds[0]);
  fixture_expect (fds[1], "HEAD ");
  fixture_expect_end (fds[1]);
  close (other);
}

/* What was sent before is written before. */
/* Of one user, in one channel; who reads nothing holds up nobody. */
static void
test_end_user (Fixture *self, gconstpointer data)
{
  static const char *const first[] = { "HEAD ", NULL };
  const SseJoin stuck = { .user = "ann", .chunked = TRUE, .expires = NEVER };
  int ann = fixture_join (self, 0, "ann", TRUE), too = fixture_join (self, 0, "ann", FALSE);
  int other = fixture_join (self, 1, "ann", FALSE), bob = fixture_join (self, 0, "bob", FALSE);
  int slow = fixture_join_small (self, &stuck, first);

  fixture_send_size (self, 0, "ann", LARGE);
  fixture_wait_queued (self, 0, 1);
  fixture_send (self, 0, "bob", "one ");
  sse_fanout_end_user (self->fanout, 0, "ann");
  sse_fanout_end_user (self->fanout, 0, "nobody");
  fixture_send (self, 0, NULL, "two ");
  fixture_send (self, 1, NULL, "two ");
  for (guint i = 0; i < 3; i++)
    fixture_expect_left (self, "0 ann revoked");
  fixture_expect (bob, "one two ");
  fixture_expect (other, "two ");
  g_assert_cmpuint (self->left->len, ==, 3);
  {
    g_autofree char *chunked = fixture_read_all (ann);
    g_autofree char *plain = fixture_read_all (too);
    g_autofree char *of_slow = fixture_read_all (slow);

    g_assert_true (g_str_has_suffix (chunked, "x\r\n0\r\n\r\n"));
    g_assert_true (g_str_has_suffix (plain, "x"));
    g_assert_cmpuint (strlen (of_slow), <, LARGE);
  }
}

static void
test_expired_at_join (Fixture *self, gconstpointer data)
{
  static const char *const first[] = { "HEAD ", NULL };
  SseJoin join = { .user = "ann", .chunked = TRUE, .expires = g_get_real_time () };
  int fd = fixture_join_full (self, &join, first);

  fixture_send (self, 0, NULL, "event");
  fixture_expect (fd, "HEAD 5\r\nevent\r\n0\r\n\r\n");
  fixture_expect_end (fd);
  fixture_expect_left (self, "0 ann expired");
}

/* A last chunk in the middle of a frame would be taken for the frame's bytes. */
static void
test_expiry_while_waiting (Fixture *self, gconstpointer data)
{
  g_autofree char *large = g_strnfill (LARGE, 'x'), *text = NULL;
  const char *const first[] = { large, NULL };
  int fd = join_small (self, g_get_real_time () + 100000, first);

  fixture_expect_left (self, "0 ann expired");
  text = fixture_read_all (fd);
  g_assert_cmpuint (strlen (text), <, LARGE);
  g_assert_cmpuint (strspn (text, "x"), ==, strlen (text));
}

/* Each gets a last `retry:` of its own, behind what still waited. */
static void
test_stop (Fixture *self, gconstpointer data)
{
  g_autoptr (GHashTable) delays = g_hash_table_new (NULL, NULL);
  int fds[N_STOPPED];

  for (guint i = 0; i < N_STOPPED; i++)
    fds[i] = fixture_join (self, i % 2, i % 3 == 0 ? "ann" : "bob", i % 5 < 2);
  fixture_send (self, 0, NULL, "event\n\n");
  fixture_send (self, 1, NULL, "event\n\n");
  fixture_stop (self);

  g_assert_cmpuint (self->left->len, ==, N_STOPPED);
  for (guint i = 0; i < N_STOPPED; i++)
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
  g_assert_cmpuint (g_hash_table_size (delays), >, N_STOPPED - 5);
}

static void
test_stop_while_waiting (Fixture *self, gconstpointer data)
{
  g_autofree char *text = NULL;
  int fd = join_small (self, NEVER, NULL);

  fixture_send_size (self, 0, NULL, LARGE);
  fixture_wait_queued (self, 0, 1);
  fixture_stop (self);
  g_assert_cmpstr (g_ptr_array_index (self->left, 0), ==, "0 ann stopped");
  text = fixture_read_all (fd);
  g_assert_nonnull (strchr (text, 'x'));
  g_assert_null (strstr (text, "retry"));
}

/* Who left before is told with its own reason, though nobody was there to be told. */
static void
test_stop_tells_all (Fixture *self, gconstpointer data)
{
  int fd = fixture_join (self, 0, "ann", FALSE);

  close (fixture_join (self, 1, "bob", FALSE));
  fixture_send (self, 0, NULL, "event ");
  fixture_expect (fd, "event ");
  fixture_stop (self);
  g_assert_cmpuint (self->left->len, ==, 2);
  close (fd);
}

static void
test_many (Fixture *self, gconstpointer data)
{
  guint before = count_descriptors ();

  for (guint i = 0; i < N_MANY; i += AT_ONCE)
    {
      int fds[AT_ONCE];

      for (guint j = 0; j < AT_ONCE; j++)
        {
          g_autofree char *user = g_strdup_printf ("user-%u", g_test_rand_int_range (0, 100));
          SseJoin join = { .channel = j % 2, .user = user, .expires = NEVER };

          if (j % 3 == 0)
            join.expires = g_get_real_time () + g_test_rand_int_range (0, 5000);
          fds[j] = fixture_join_full (self, &join, NULL);
          if (j % 4 == 0)
            close (fds[j]);
          fixture_send (self, j % 2, j % 5 == 0 ? user : NULL, "event ");
        }
      g_main_context_iteration (NULL, FALSE);
      for (guint j = 0; j < AT_ONCE; j++)
        if (j % 4 != 0)
          close (fds[j]);
    }
  fixture_wait_left (self, N_MANY);
  g_assert_cmpuint (count_descriptors (), ==, before);
  g_assert_cmpuint (sse_fanout_get_queued_bytes (self->fanout, 0), ==, 0);
}

/* Wherever descriptors run out, it is an error, and leaves none behind. */
static void
test_no_descriptors (void)
{
  guint before = count_descriptors ();
  int lowest = dup (0);
  struct rlimit limit, low;
  gboolean failed = TRUE;
  guint n = 0;

  g_assert_cmpint (lowest, >=, 0);
  close (lowest);

  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  for (; failed; n++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (SseFanout) fanout = NULL;

      low = (struct rlimit){ (rlim_t) lowest + n, limit.rlim_max };
      g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &low), ==, 0);
      fanout = sse_fanout_new (&options, NULL, NULL, &error);
      g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &limit), ==, 0);
      failed = fanout == NULL;
      if (failed)
        {
          g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_MFILE);
          g_assert_cmpuint (count_descriptors (), ==, before);
        }
      else
        g_assert_no_error (error);
    }
  g_assert_cmpuint (n, >, 3);
  g_assert_cmpuint (count_descriptors (), ==, before);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  fixture_add_test ("/leaving/hang-up", &options, test_hang_up);
  fixture_add_test ("/leaving/hang-up-before-join", &options, test_hang_up_before_join);
  fixture_add_test ("/leaving/hang-up-with-first-frames", &options, test_hang_up_with_first_frames);
  fixture_add_test ("/leaving/hang-up-while-waiting", &options, test_hang_up_while_waiting);
  fixture_add_test ("/leaving/not-a-socket", &options, test_not_a_socket);
  fixture_add_test ("/leaving/duplicated-socket", &options, test_duplicated_socket);
  fixture_add_test ("/leaving/expiry", &options, test_expiry);
  fixture_add_test ("/leaving/end-user", &options, test_end_user);
  fixture_add_test ("/leaving/expired-at-join", &options, test_expired_at_join);
  fixture_add_test ("/leaving/expiry-while-waiting", &options, test_expiry_while_waiting);
  fixture_add_test ("/leaving/stop", &options, test_stop);
  fixture_add_test ("/leaving/stop-while-waiting", &options, test_stop_while_waiting);
  fixture_add_test ("/leaving/stop-tells-all", &options, test_stop_tells_all);
  fixture_add_test ("/leaving/many", &options, test_many);
  g_test_add_func ("/leaving/no-descriptors", test_no_descriptors);
  return g_test_run ();
}
