/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-hub.h"

#include <string.h>

#include "hub-fixture.h"

/* The hub is stopped, or given other options, while somebody is there. */

#define A_LONG_TIME_MS 3600000

static const SseHubOptions later_options = {
  .intake = { .max_update_bytes = 1000, .max_updates = 2, .max_bytes = 100000 },
  .fanout = { .n_workers = 1,
              .queue_bytes = 100000,
              .total_bytes = G_MAXSIZE,
              .heartbeat_ms = 600000,
              .peer_timeout_ms = 60000,
              .retry_min_ms = 7,
              .retry_max_ms = 7 },
  .conflate_ms = A_LONG_TIME_MS,
};

static void
wait_quiet (Fixture *fixture)
{
  while (!sse_hub_is_quiet (fixture->hub))
    g_main_context_iteration (NULL, TRUE);
}

static void
wait_empty (Fixture *fixture)
{
  while (sse_hub_get_n_clients (fixture->hub) > 0)
    g_main_context_iteration (NULL, TRUE);
}

static void
expect_end (Client *client, const char *text)
{
  client_expect (client, text);
  while (client_read (client, 10000))
    continue;
  g_assert_cmpstr (client->text->str, ==, "");
}

/* What waits for the log is waited for, and what it touched is rendered without delay; then each
 * client gets its end. */
static void
test_clean (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Client) ann = client_new (fixture, "probe", "ann", NULL);
  g_autoptr (Client) late = NULL;

  sse_hub_configure (fixture->hub, &later_options);
  client_expect (ann, START ("0", "-"));
  g_assert_true (sse_hub_is_quiet (fixture->hub));
  fixture_push (fixture, "probe", NULL, "say", "one");
  fixture_push (fixture, "probe", NULL, "set", "two");
  sse_hub_close (fixture->hub);
  g_assert_false (sse_hub_is_quiet (fixture->hub));
  fixture_push (fixture, "probe", NULL, "set", "three");
  fixture_wait (fixture, 1);
  g_assert_true (g_str_has_prefix (fixture_last_answer (fixture), "the daemon stops"));

  test_log_finish (fixture->log, TRUE);
  wait_quiet (fixture);
  fixture_wait (fixture, 3);
  g_assert_cmpstr (fixture_last_answer (fixture), ==, "ep-2");
  sse_hub_end_clients (fixture->hub);
  late = client_new (fixture, "probe", "bob", NULL);
  expect_end (ann, EVENT ("1", "said", "one") EVENT ("2", "value-update", "two") "retry: 7\n\n");
  expect_end (late, START ("2", "two") "retry: 7\n\n");
  wait_empty (fixture);
}

/* A store that fails holds up nothing. */
static void
test_failed_log (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Client) ann = client_new (fixture, "probe", "ann", NULL);

  client_expect (ann, START ("0", "-"));
  fixture_push (fixture, "probe", NULL, "set", "lost");
  sse_hub_close (fixture->hub);
  test_log_finish (fixture->log, FALSE);
  wait_quiet (fixture);
  sse_hub_end_clients (fixture->hub);
  expect_end (ann, "retry: 7\n\n");
  wait_empty (fixture);
  fixture_wait (fixture, 1);
  g_assert_cmpstr (fixture_last_answer (fixture), ==, "the disk is full");
}

/* A turn that would come in an hour comes when the hub closes. */
static void
test_turn_that_waits (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Client) ann = client_new (fixture, "probe", "ann", NULL);

  sse_hub_configure (fixture->hub, &later_options);
  client_expect (ann, START ("0", "-"));
  fixture_publish (fixture, "probe", NULL, "set", "one");
  fixture_publish (fixture, "probe", NULL, "set", "two");
  g_assert_false (sse_hub_is_quiet (fixture->hub));
  sse_hub_close (fixture->hub);
  wait_quiet (fixture);
  client_expect (ann, EVENT ("2", "value-update", "two"));
}

/* What is under way already is not touched by lower bounds. */
static void
test_bounds (Fixture *fixture, gconstpointer data)
{
  g_autofree char *large = g_strnfill (2000, 'x');

  for (guint i = 0; i < 5; i++)
    fixture_push (fixture, "probe", NULL, "set", "x");
  sse_hub_configure (fixture->hub, &later_options);
  g_assert_cmpuint (sse_hub_get_max_updates (fixture->hub), ==, 2);
  fixture_push (fixture, "probe", NULL, "set", "x");
  fixture_wait (fixture, 1);
  g_assert_cmpstr (fixture_last_answer (fixture), ==, "5 updates wait already; push again later");
  fixture_push (fixture, "probe", NULL, "set", large);
  fixture_wait (fixture, 2);
  g_assert_nonnull (strstr (fixture_last_answer (fixture), "max-update-bytes"));
  test_log_finish (fixture->log, TRUE);
  fixture_wait (fixture, 7);
  fixture_publish (fixture, "probe", NULL, "set", "x");
  g_assert_cmpstr (fixture_last_answer (fixture), ==, "ep-6");
}

static GVariant *
greeting (const char *text)
{
  return g_variant_ref_sink (g_variant_new_parsed ("{'greeting': <%s>}", text));
}

/* A source's other settings are for newcomers at once; the views that stay the same are sent to
 * nobody. */
static void
test_source (Fixture *fixture, gconstpointer data)
{
  SseStream *stream = sse_hub_get_stream (fixture->hub, "probe");
  g_autoptr (Client) ann = client_new (fixture, "probe", "ann", NULL);
  g_autoptr (Client) bob = NULL;
  g_autoptr (GVariant) good = greeting ("hi");
  g_autoptr (GVariant) bad = greeting ("nothing");
  g_autoptr (GError) error = NULL;

  client_expect (ann, START ("0", "-"));
  g_assert_false (sse_stream_configure (stream, bad, &error));
  g_assert_cmpstr (error->message, ==, "nothing is no greeting");
  g_assert_true (sse_stream_configure (stream, good, NULL));
  bob = client_new (fixture, "probe", "bob", NULL);
  client_expect (bob, START ("0", "-"));
  fixture_publish (fixture, "probe", NULL, "say", "next");
  client_expect (ann, EVENT ("1", "said", "next"));
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *path;
    void (*test) (Fixture *, gconstpointer);
  } tests[] = {
    { "/core/hub-stop/clean", test_clean },
    { "/core/hub-stop/failed-log", test_failed_log },
    { "/core/hub-stop/turn-that-waits", test_turn_that_waits },
    { "/core/hub-stop/bounds", test_bounds },
    { "/core/hub-stop/source", test_source },
  };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Fixture, NULL, fixture_set_up, tests[i].test, fixture_tear_down);
  return g_test_run ();
}
