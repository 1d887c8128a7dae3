/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-hub.h"

#include "hub-fixture.h"

static const SseStreamCounters *
stream_counters (Fixture *fixture, const char *name)
{
  return sse_stream_get_counters (sse_hub_get_stream (fixture->hub, name));
}

static guint64
count_commits (Fixture *fixture)
{
  const SseHistogram *commits = &sse_hub_get_counters (fixture->hub)->commits;
  guint64 n = 0;

  for (guint i = 0; i <= SSE_HISTOGRAM_N_BOUNDS; i++)
    n += commits->counts[i];
  return n;
}

/* By verdict; what is applied is given to the stream that follows it, too. */
static void
test_verdicts (Fixture *fixture, gconstpointer data)
{
  const SseStreamCounters *probe = stream_counters (fixture, "probe");
  const SseStreamCounters *other = stream_counters (fixture, "other");

  fixture_publish (fixture, "probe", NULL, "set", "x");
  fixture_publish (fixture, "probe", "ann", "say", "x");
  fixture_publish (fixture, "probe", NULL, "refuse", "x");
  fixture_publish (fixture, "probe", NULL, "again", "x");
  g_assert_cmpuint (probe->updates[SSE_VERDICT_APPLIED], ==, 2);
  g_assert_cmpuint (probe->updates[SSE_VERDICT_REFUSED], ==, 1);
  g_assert_cmpuint (probe->updates[SSE_VERDICT_UNCHANGED], ==, 1);
  g_assert_cmpuint (other->updates[SSE_VERDICT_APPLIED], ==, 2);
  g_assert_cmpuint (other->updates[SSE_VERDICT_REFUSED], ==, 0);
  g_assert_cmpuint (count_commits (fixture), ==, 4);
}

/* Before the log, and where that fails: nothing is in it, as far as is known. */
static void
test_rejected (Fixture *fixture, gconstpointer data)
{
  const guint64 *rejected = sse_hub_get_counters (fixture->hub)->rejected;

  fixture_publish (fixture, "nowhere", NULL, "set", "x");
  fixture_publish (fixture, "probe", "", "set", "x");
  fixture_push (fixture, "probe", NULL, "set", "x");
  test_log_finish (fixture->log, FALSE);
  fixture_wait (fixture, 3);
  sse_hub_close (fixture->hub);
  fixture_push (fixture, "probe", NULL, "set", "x");
  fixture_wait (fixture, 4);
  g_assert_cmpuint (rejected[SSE_ERROR_UNKNOWN_STREAM], ==, 1);
  g_assert_cmpuint (rejected[SSE_ERROR_INVALID_UPDATE], ==, 1);
  g_assert_cmpuint (rejected[SSE_ERROR_STORE_FAILED], ==, 2);
  g_assert_cmpuint (rejected[SSE_ERROR_REFUSED], ==, 0);
  g_assert_cmpuint (count_commits (fixture), ==, 0);
}

static void
test_clients (Fixture *fixture, gconstpointer data)
{
  const SseStreamCounters *probe = stream_counters (fixture, "probe");
  Client *ann = client_new (fixture, "probe", "ann", NULL);
  g_autoptr (Client) bob = client_new (fixture, "probe", "bob", NULL);

  client_expect (ann, START ("0", "-"));
  client_expect (bob, START ("0", "-"));
  g_assert_cmpuint (probe->joined, ==, 2);
  g_assert_cmpuint (probe->left[SSE_CLOSE_GONE], ==, 0);
  client_free (ann);
  while (sse_hub_get_n_clients (fixture->hub) > 1)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (probe->left[SSE_CLOSE_GONE], ==, 1);
  sse_hub_end_clients (fixture->hub);
  while (sse_hub_get_n_clients (fixture->hub) > 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (probe->left[SSE_CLOSE_STOPPED], ==, 1);
  g_assert_cmpuint (probe->left[SSE_CLOSE_GONE], ==, 1);
  g_assert_cmpuint (probe->joined, ==, 2);
  g_assert_cmpuint (stream_counters (fixture, "other")->joined, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/core/hub-counters/verdicts", Fixture, NULL, fixture_set_up, test_verdicts,
              fixture_tear_down);
  g_test_add ("/core/hub-counters/rejected", Fixture, NULL, fixture_set_up, test_rejected,
              fixture_tear_down);
  g_test_add ("/core/hub-counters/clients", Fixture, NULL, fixture_set_up, test_clients,
              fixture_tear_down);
  return g_test_run ();
}
