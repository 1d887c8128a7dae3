/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-front.h"

#include <string.h>
#include <unistd.h>

#include "front-fixture.h"

static const Limits one = { .total = 1 };
static const Limits seven = { .total = 7 };
static const Limits one_per_address = { .total = 1000, .per_address = 1 };
static const Limits two_per_user = { .total = 1000, .per_user = 2 };

/* One more than there may be is asked to come back; when one has left, the next is served. */
static void
test_full (Fixture *fixture, gconstpointer data)
{
  g_autofree char *target = g_strconcat ("/probe/stream", fixture->query, NULL);
  int first = fixture_follow_from (fixture, "127.0.0.1:0", target);
  int again;

  assert_turned_away (fixture_ask_from (fixture, "127.0.0.2:0", target));
  g_assert_cmpuint (fixture->counters.refused_by_total, ==, 1);
  fixture_assert_served (fixture, "127.0.0.1:0");

  close (first);
  wait_for (sse_hub_get_n_clients (fixture->hub) == 0);
  again = fixture_follow_from (fixture, "127.0.0.1:0", target);
  g_assert_cmpuint (fixture->counters.refused_by_total, ==, 1);
  close (again);
}

/* A burst: just as many as may be are let in, of all that came before any of them was. */
static void
test_full_burst (Fixture *fixture, gconstpointer data)
{
  g_autofree char *target = g_strconcat ("/probe/stream", fixture->query, NULL);
  int fds[20];

  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    fds[i] = fixture_ask (fixture, "GET", target, "");
  wait_for (sse_hub_get_n_clients (fixture->hub) + fixture->counters.refused_by_total
            == G_N_ELEMENTS (fds));
  g_assert_cmpuint (sse_hub_get_n_clients (fixture->hub), ==, 7);
  close_all (fds, G_N_ELEMENTS (fds));
}

static void
test_address (Fixture *fixture, gconstpointer data)
{
  g_autofree char *target = g_strconcat ("/probe/stream", fixture->query, NULL);
  int first = fixture_follow_from (fixture, "127.0.0.2:0", target);
  int other = fixture_follow_from (fixture, "127.0.0.3:0", target);
  int again;

  assert_turned_away (fixture_ask_from (fixture, "127.0.0.2:0", target));
  g_assert_cmpuint (fixture->counters.refused_by_address, ==, 1);
  fixture_assert_served (fixture, "127.0.0.2:0");

  close (first);
  wait_for (sse_hub_get_n_clients (fixture->hub) == 1);
  again = fixture_follow_from (fixture, "127.0.0.2:0", target);
  g_assert_cmpuint (fixture->counters.refused_by_address, ==, 1);
  close (again);
  close (other);
}

/* All of one user's requests are there before the first one's socket is taken over. */
static void
test_user_burst (Fixture *fixture, gconstpointer data)
{
  g_autofree char *target = g_strconcat ("/probe/stream", fixture->query, NULL);
  g_autofree char *others = fixture_make_query (fixture, "43");
  g_autofree char *other_target = g_strconcat ("/api/probe/stream", others, NULL);
  int fds[6];
  int other;

  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    fds[i] = fixture_ask (fixture, "GET", target, "");
  wait_for (sse_hub_get_n_clients (fixture->hub) + fixture->counters.refused_by_user
            == G_N_ELEMENTS (fds));
  g_assert_cmpuint (sse_hub_get_n_clients (fixture->hub), ==, 2);
  assert_turned_away (fixture_ask_from (fixture, "127.0.0.1:0", target));
  other = fixture_follow_from (fixture, "127.0.0.1:0", other_target);

  close_all (fds, G_N_ELEMENTS (fds));
  wait_for (sse_hub_get_n_clients (fixture->hub) == 1);
  fds[0] = fixture_follow_from (fixture, "127.0.0.1:0", target);
  fds[1] = fixture_follow_from (fixture, "127.0.0.1:0", target);
  close_all (fds, 2);
  close (other);
}

/* Of what is followed on one connection there are too many others: of streams that are but
 * addresses here. One that somebody follows already is none more. */
static void
test_combinations (Fixture *fixture, gconstpointer data)
{
  static const char addresses[9];
  g_autofree char *target = g_strconcat ("/streams", fixture->query, "&stream=probe", NULL);
  g_autoptr (GPtrArray) streams = g_ptr_array_new ();
  SseCombination *taken[256];
  char user[] = "a";
  int first = fixture_follow_from (fixture, "127.0.0.1:0", target);
  int other, again;

  for (guint i = 1; i < G_N_ELEMENTS (taken); i++)
    {
      g_ptr_array_set_size (streams, 0);
      for (guint bit = 0; bit < G_N_ELEMENTS (addresses); bit++)
        if (i >> bit & 1)
          g_ptr_array_add (streams, (gpointer) &addresses[bit]);
      user[0] = (char) ('a' + i % 16); /* each has a part of those that there may be */
      taken[i] = sse_hub_combine (fixture->hub, streams, user);
      g_assert_nonnull (taken[i]);
    }
  other = fixture_follow_from (fixture, "127.0.0.1:0", target);
  close (first);
  close (other);
  wait_for (sse_hub_get_n_clients (fixture->hub) == 0);
  g_ptr_array_add (streams, (gpointer) &addresses[8]);
  taken[0] = sse_hub_combine (fixture->hub, streams, user);
  g_assert_nonnull (taken[0]);
  g_test_expect_message ("rivulet-http", G_LOG_LEVEL_MESSAGE, "*combinations of streams*");
  assert_turned_away (fixture_ask_from (fixture, "127.0.0.1:0", target));
  assert_turned_away (fixture_ask_from (fixture, "127.0.0.1:0", target));
  g_test_assert_expected_messages ();

  for (guint i = 0; i < G_N_ELEMENTS (taken); i++)
    sse_combination_release (taken[i]);
  again = fixture_follow_from (fixture, "127.0.0.1:0", target);
  close (again);
}

/* Many more than there may be at once, one after the other: each that was answered is forgotten. */
static void
test_forgotten (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < 200; i++)
    {
      g_autofree char *answer = fixture_get_answer (fixture, "GET", "/probe/stream", "");

      assert_in (answer, "HTTP/1.1 401 ");
    }
  g_assert_cmpuint (fixture->counters.accepted, ==, 200);
  g_assert_cmpuint (fixture->counters.tokens_refused, ==, 0);
  g_free (fixture_get_answer (fixture, "GET", "/probe/stream?token=x", ""));
  g_assert_cmpuint (fixture->counters.tokens_refused, ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  fixture_warm_up ();
#define ADD(name, limits, func)                                                                    \
  g_test_add ("/http/front-limits/" name, Fixture, limits, fixture_set_up, func, fixture_tear_down)
  ADD ("full", &one, test_full);
  ADD ("full-burst", &seven, test_full_burst);
  ADD ("address", &one_per_address, test_address);
  ADD ("user-burst", &two_per_user, test_user_burst);
  ADD ("forgotten", &one, test_forgotten);
  ADD ("combinations", &seven, test_combinations);
  return g_test_run ();
}
