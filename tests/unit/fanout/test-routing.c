/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include <unistd.h>

#include "fixture.h"

#define N_CLIENTS 8

static const SseFanoutOptions three_workers = {
  .n_workers = 3,
  .n_channels = 2,
  .queue_bytes = 1024 * 1024,
  .total_bytes = G_MAXSIZE,
  .heartbeat_ms = 3600 * 1000,
  .peer_timeout_ms = 60000,
};

/* HTTP/1.1 gets chunks, HTTP/1.0 what is in them, both the head as it stands. */
static void
test_framing (Fixture *self, gconstpointer options)
{
  static const char *const first[] = { "HEAD\r\n\r\n", NULL };
  SseJoin join = { .user = "ann", .chunked = TRUE, .expires = NEVER };
  int chunked = fixture_join_full (self, &join, first), plain;

  join.chunked = FALSE;
  plain = fixture_join_full (self, &join, first);
  fixture_send (self, 0, NULL, "one\n\n");
  fixture_send (self, 0, "ann", "two\n\n");
  fixture_expect (chunked, "HEAD\r\n\r\n5\r\none\n\n\r\n5\r\ntwo\n\n\r\n");
  fixture_expect (plain, "HEAD\r\n\r\none\n\ntwo\n\n");

  fixture_send (self, 0, NULL, "three\n\n");
  fixture_expect (chunked, "7\r\nthree\n\n\r\n");
  fixture_expect (plain, "three\n\n");

  fixture_stop (self);
  fixture_expect (chunked, "a\r\nretry: 0\n\n\r\n0\r\n\r\n");
  fixture_expect_end (chunked);
  fixture_expect (plain, "retry: 0\n\n");
  fixture_expect_end (plain);
}

static void
test_tcp (Fixture *self, gconstpointer options)
{
  static const char *const first[] = { "HEAD\r\n\r\n", NULL };
  SseJoin join = { .user = "ann", .expires = NEVER };
  int fds[2];

  make_tcp_pair (fds);
  join.fd = fds[0];
  fixture_join_fd (self, &join, first);
  fixture_send (self, 0, NULL, "one\n\n");
  fixture_expect (fds[1], "HEAD\r\n\r\none\n\n");

  /* What the peer sent and nobody read does not make it lose the end. */
  g_assert_cmpint (write (fds[1], "noise", 5), ==, 5);
  fixture_stop (self);
  fixture_expect (fds[1], "retry: 0\n\n");
  fixture_expect_end (fds[1]);
}

/* Each frame goes to those it is for, in the order of calls whatever its kind. */
static void
test_routing (Fixture *self, gconstpointer options)
{
  int ann[N_CLIENTS], bob = fixture_join (self, 0, "bob", FALSE);
  int other = fixture_join (self, 1, "ann", FALSE);

  for (guint i = 0; i < N_CLIENTS; i++)
    ann[i] = fixture_join (self, 0, "ann", FALSE);
  fixture_send (self, 0, NULL, "all-1 ");
  fixture_send (self, 0, "ann", "ann-1 ");
  fixture_send (self, 0, NULL, "all-2 ");
  fixture_send (self, 0, "bob", "bob-1 ");
  fixture_send (self, 0, "nobody", "nobody ");
  fixture_send (self, 1, "bob", "nobody ");
  fixture_send (self, 1, "ann", "other ");
  fixture_send (self, 0, NULL, "all-3 ");

  fixture_expect (bob, "all-1 all-2 bob-1 all-3 ");
  fixture_expect (other, "other ");
  for (guint i = 0; i < N_CLIENTS; i++)
    {
      fixture_expect (ann[i], "all-1 ann-1 all-2 all-3 ");
      close (ann[i]);
    }
  close (bob);
  close (other);
}

/* Who joins gets what is sent from then on, also where much is asked for at once. */
static void
test_joining_between_frames (Fixture *self, gconstpointer options)
{
  static const char *const first[] = { "HEAD ", "FIRST ", NULL };
  SseJoin join = { .user = "ann", .expires = NEVER };
  int clients[N_CLIENTS];

  for (guint i = 0; i < N_CLIENTS; i++)
    {
      g_autofree char *body = g_strdup_printf ("%u ", i);

      clients[i] = fixture_join_full (self, &join, first);
      fixture_send (self, 0, NULL, body);
      fixture_send (self, 0, "ann", "own ");
    }

  for (guint i = 0; i < N_CLIENTS; i++)
    {
      g_autoptr (GString) expected = g_string_new ("HEAD FIRST ");

      for (guint j = i; j < N_CLIENTS; j++)
        g_string_append_printf (expected, "%u own ", j);
      fixture_expect (clients[i], expected->str);
      close (clients[i]);
    }
}

/* Of what is sent together only the newest of a view remains, at its own place. */
static void
test_view_replaced (Fixture *self, gconstpointer options)
{
  int ann = fixture_join (self, 0, "ann", FALSE), bob = fixture_join (self, 0, "bob", FALSE);

  fixture_send_view (self, 0, NULL, 0, "zero-1 ");
  fixture_send_view (self, 0, NULL, 1, "one-1 ");
  fixture_send (self, 0, NULL, "event-1 ");
  fixture_send (self, 0, "ann", "own ");
  fixture_send_view (self, 0, NULL, 0, "zero-2 ");
  fixture_send (self, 0, NULL, "event-2 ");
  fixture_expect (ann, "one-1 event-1 own zero-2 event-2 ");
  fixture_expect (bob, "one-1 event-1 zero-2 event-2 ");

  fixture_send_view (self, 0, NULL, 0, "zero-3 ");
  fixture_expect (ann, "zero-3 ");
  fixture_expect (bob, "zero-3 ");
  close (ann);
  close (bob);
}

/* The first frames are not views, whatever comes later. */
static void
test_first_frames_stay (Fixture *self, gconstpointer options)
{
  static const char *const first[] = { "HEAD ", "zero-1 ", NULL };
  SseJoin join = { .user = "ann", .expires = NEVER };
  int ann = fixture_join_full (self, &join, first);

  fixture_send_view (self, 0, NULL, 0, "zero-2 ");
  fixture_expect (ann, "HEAD zero-1 zero-2 ");
  close (ann);
}

static void
test_personal_views (Fixture *self, gconstpointer options)
{
  SseJoin join = { .user = "ann", .personal = TRUE, .expires = NEVER };
  int ann = fixture_join_full (self, &join, NULL), bob = fixture_join (self, 0, "bob", FALSE);

  fixture_send_view (self, 0, NULL, 0, "everyone's ");
  fixture_send_view (self, 0, "ann", 0, "ann's ");
  fixture_send (self, 0, NULL, "event ");
  fixture_expect (ann, "ann's event ");
  fixture_expect (bob, "everyone's event ");
  close (ann);
  close (bob);
}

static void
test_set_personal (Fixture *self, gconstpointer options)
{
  int ann[2] = { fixture_join (self, 0, "ann", FALSE), fixture_join (self, 0, "ann", FALSE) };
  int bob = fixture_join (self, 0, "bob", FALSE), other = fixture_join (self, 1, "ann", FALSE);

  fixture_send (self, 0, NULL, "event-1 ");
  fixture_send_view (self, 0, NULL, 0, "common-1 ");
  sse_fanout_set_personal (self->fanout, 0, "ann", 0, TRUE);
  sse_fanout_set_personal (self->fanout, 0, "nobody", 0, TRUE);
  fixture_send_view (self, 0, NULL, 1, "common-2 ");
  fixture_send_view (self, 0, "ann", 2, "own-1 ");
  fixture_send (self, 0, NULL, "event-2 ");
  sse_fanout_set_personal (self->fanout, 0, "ann", 0, FALSE);
  fixture_send_view (self, 0, NULL, 3, "common-3 ");
  fixture_send_view (self, 1, NULL, 0, "other ");
  fixture_send (self, 0, NULL, "event-3 ");

  for (guint i = 0; i < 2; i++)
    {
      fixture_expect (ann[i], "event-1 common-1 own-1 event-2 common-3 event-3 ");
      close (ann[i]);
    }
  fixture_expect (bob, "event-1 common-1 common-2 event-2 common-3 event-3 ");
  fixture_expect (other, "other ");
  close (bob);
  close (other);
}

/* Each user sees everyone's views of some parts of a channel, and their own of the others. */
static void
test_parts (Fixture *self, gconstpointer options)
{
  SseJoin join = { .user = "ann", .personal = 1, .expires = NEVER };
  int ann = fixture_join_full (self, &join, NULL), bob = fixture_join (self, 0, "bob", FALSE);

  fixture_send_view (self, 0, NULL, SSE_FANOUT_VIEW (0, 0), "zero-1 ");
  fixture_send_view (self, 0, NULL, SSE_FANOUT_VIEW (1, 0), "one-1 ");
  fixture_send_view (self, 0, "ann", SSE_FANOUT_VIEW (0, 0), "own ");
  sse_fanout_set_personal (self->fanout, 0, "bob", 1, TRUE);
  sse_fanout_set_personal (self->fanout, 0, "bob", 31, TRUE);
  fixture_send_view (self, 0, NULL, SSE_FANOUT_VIEW (0, 0), "zero-2 ");
  fixture_send_view (self, 0, NULL, SSE_FANOUT_VIEW (1, 0), "one-2 ");
  fixture_send (self, 0, NULL, "event ");
  sse_fanout_set_personal (self->fanout, 0, "ann", 1, TRUE);
  sse_fanout_set_personal (self->fanout, 0, "ann", 0, FALSE);
  fixture_send_view (self, 0, NULL, SSE_FANOUT_VIEW (31, 0), "last ");
  fixture_send_view (self, 0, NULL, SSE_FANOUT_VIEW (0, 1), "other ");
  fixture_expect (ann, "own one-2 event last other ");
  fixture_expect (bob, "one-1 zero-2 event other ");
  close (ann);
  close (bob);
}

/* A newcomer never gets everyone's views in place of its own, whatever its user got before. */
static void
test_join_sets_personal (Fixture *self, gconstpointer options)
{
  SseJoin join = { .user = "ann", .personal = TRUE, .expires = NEVER };
  int first = fixture_join (self, 0, "ann", FALSE), second;

  fixture_send_view (self, 0, NULL, 0, "common-1 ");
  second = fixture_join_full (self, &join, NULL);
  fixture_send_view (self, 0, NULL, 1, "common-2 ");
  fixture_send (self, 0, NULL, "event ");
  fixture_expect (first, "common-1 event ");
  fixture_expect (second, "event ");
  close (first);
  close (second);
}

/* A user who left is a new one when they come again. */
static void
test_user_forgotten (Fixture *self, gconstpointer options)
{
  SseJoin join = { .user = "ann", .personal = TRUE, .expires = NEVER };
  int ann = fixture_join_full (self, &join, NULL);

  close (ann);
  fixture_expect_left (self, "0 ann gone");
  ann = fixture_join (self, 0, "ann", FALSE);
  fixture_send_view (self, 0, NULL, 0, "common ");
  fixture_expect (ann, "common ");
  close (ann);
}

/* More frames than fit in one write, and more than are handed over at once. */
static void
test_many_frames (Fixture *self, gconstpointer options)
{
  int ann = fixture_join (self, 0, "ann", FALSE), bob = fixture_join (self, 0, "bob", TRUE);

  for (guint i = 0; i < 5000; i++)
    {
      g_autofree char *body = g_strdup_printf ("%08u", i);

      fixture_send (self, 0, NULL, body);
      fixture_send (self, 0, "ann", body);
    }
  for (guint i = 0; i < 5000; i++)
    {
      g_autofree char *twice = g_strdup_printf ("%08u%08u", i, i);
      g_autofree char *chunk = g_strdup_printf ("8\r\n%08u\r\n", i);

      fixture_expect (ann, twice);
      fixture_expect (bob, chunk);
    }
  close (ann);
  close (bob);
}

static void
test_retry_frame (Fixture *self, gconstpointer options)
{
  guint seen[4] = { 0 };
  SseFanoutOptions bounds = default_options;

  fixture_tear_down (self);
  bounds.retry_min_ms = 7;
  bounds.retry_max_ms = 9;
  fixture_set_up (self, &bounds);
  for (guint i = 0; i < 300; i++)
    {
      g_autoptr (SseFrame) frame = sse_fanout_new_retry_frame (self->fanout);
      gsize length;
      const char *bytes = sse_frame_get_bytes (frame, FALSE, &length);

      g_assert_cmpuint (length, ==, 10);
      g_assert_true (g_str_has_prefix (bytes, "retry: "));
      g_assert_cmpint (bytes[7], >=, '7');
      g_assert_cmpint (bytes[7], <=, '9');
      seen[bytes[7] - '7']++;
    }
  for (guint i = 0; i < 3; i++)
    g_assert_cmpuint (seen[i], >, 0);
}

static void
add (const char *name, void (*test) (Fixture *, gconstpointer))
{
  g_autofree char *one = g_strdup_printf ("/routing/one-worker/%s", name);
  g_autofree char *three = g_strdup_printf ("/routing/three-workers/%s", name);

  fixture_add_test (one, &default_options, test);
  fixture_add_test (three, &three_workers, test);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  add ("framing", test_framing);
  add ("tcp", test_tcp);
  add ("routing", test_routing);
  add ("joining-between-frames", test_joining_between_frames);
  add ("view-replaced", test_view_replaced);
  add ("first-frames-stay", test_first_frames_stay);
  add ("personal-views", test_personal_views);
  add ("parts", test_parts);
  add ("set-personal", test_set_personal);
  add ("user-forgotten", test_user_forgotten);
  add ("many-frames", test_many_frames);
  add ("retry-frame", test_retry_frame);
  fixture_add_test ("/routing/join-sets-personal", &default_options, test_join_sets_personal);
  return g_test_run ();
}
