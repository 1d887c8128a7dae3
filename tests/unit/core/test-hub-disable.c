/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hub-fixture.h"

#include <string.h>

#include "sse-error.h"

/* A stream is disabled while it is served: what follows it ends, wherever it is on its way. */

#define A_LONG_TIME_MS 3600000
#define WHY            "its state is wrong"

static void
disable (Fixture *fixture, const char *name)
{
  g_autoptr (GError) error = NULL;

  g_test_expect_message ("rivulet-hub", G_LOG_LEVEL_WARNING, "*is disabled: " WHY);
  if (g_str_equal (name, "probe"))
    g_test_expect_message ("rivulet-hub", G_LOG_LEVEL_WARNING,
                           "other is disabled: it follows probe, which is disabled");
  g_assert_true (sse_hub_disable (fixture->hub, name, WHY, &error));
  g_assert_no_error (error);
  g_test_assert_expected_messages ();
}

static void
read_to_end (Client *client)
{
  gint64 until = g_get_monotonic_time () + 10 * G_USEC_PER_SEC;

  while (client_read (client, 5))
    {
      g_main_context_iteration (NULL, FALSE);
      g_assert_cmpint (g_get_monotonic_time (), <, until);
    }
}

/* Nothing more comes, but that is @text. */
static void
expect_end (Client *client, const char *text)
{
  client_expect (client, text);
  read_to_end (client);
  g_assert_cmpstr (client->text->str, ==, "");
}

static void
wait_text (Client *client, const char *text)
{
  gint64 until = g_get_monotonic_time () + 10 * G_USEC_PER_SEC;

  while (strstr (client->text->str, text) == NULL)
    {
      g_main_context_iteration (NULL, FALSE);
      g_assert_true (client_read (client, 5));
      g_assert_cmpint (g_get_monotonic_time (), <, until);
    }
}

static void
wait_clients (Fixture *fixture, guint n)
{
  while (sse_hub_get_n_clients (fixture->hub) > n)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (sse_hub_get_n_clients (fixture->hub), ==, n);
}

static guint64
get_left (Fixture *fixture, const char *name)
{
  SseStream *stream = sse_hub_get_stream (fixture->hub, name);

  return sse_stream_get_counters (stream)->left[SSE_CLOSE_DISABLED];
}

static void
note_change (SseStream *stream, gpointer count)
{
  (*(guint *) count)++;
}

static void
test_following (Fixture *fixture, gconstpointer data)
{
  const char *const both[] = { "probe", "other", NULL }, *const one[] = { "probe", NULL };
  g_autoptr (Client) ann = client_new (fixture, "other", "ann", NULL);
  g_autoptr (Client) bob = client_new (fixture, "other", "bob", NULL);
  g_autoptr (Client) combined = client_new_combined (fixture, both, "ann", NULL);
  g_autoptr (Client) alone = client_new_combined (fixture, one, "ann", NULL);
  g_autoptr (Client) elsewhere = client_new (fixture, "probe", "ann", NULL);
  SseStream *stream = sse_hub_get_stream (fixture->hub, "other");
  guint n_changes = 0;
  gulong handler;

  client_expect (ann, START ("0", "-"));
  client_expect (bob, START ("0", "-"));
  wait_text (combined, "other");
  wait_text (alone, "probe");
  client_expect (elsewhere, START ("0", "-"));

  handler = g_signal_connect (stream, "changed", G_CALLBACK (note_change), &n_changes);
  disable (fixture, "other");
  g_assert_cmpuint (n_changes, ==, 1);
  g_assert_false (sse_stream_is_enabled (stream));
  g_assert_cmpstr (sse_stream_get_error (stream), ==, WHY);
  expect_end (ann, "");
  expect_end (bob, "");
  read_to_end (combined);
  wait_clients (fixture, 2);
  g_assert_cmpuint (get_left (fixture, "other"), ==, 3);
  g_assert_cmpuint (get_left (fixture, "probe"), ==, 1);

  /* What it followed goes on without it. */
  fixture_publish (fixture, "probe", NULL, "say", "still here");
  client_expect (elsewhere, EVENT ("1", "said", "still here"));
  g_assert_cmpuint (sse_stream_get_position (stream), ==, 0);
  fixture_publish (fixture, "other", NULL, "say", "x");
  g_assert_cmpstr (fixture_last_answer (fixture), ==, "the stream other is disabled: " WHY);

  /* A second time, nothing happens. */
  g_assert_true (sse_hub_disable (fixture->hub, "other", "another reason", NULL));
  g_assert_cmpstr (sse_stream_get_error (stream), ==, WHY);
  g_signal_handler_disconnect (stream, handler);
}

/* What follows it can't be relied on either. */
static void
test_followed (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Client) ann = client_new (fixture, "probe", "ann", NULL);
  g_autoptr (Client) bob = client_new (fixture, "other", "bob", NULL);

  client_expect (ann, START ("0", "-"));
  client_expect (bob, START ("0", "-"));
  disable (fixture, "probe");
  expect_end (ann, "");
  expect_end (bob, "");
  wait_clients (fixture, 0);
}

/* What was under way is in the log all the same, and is answered. */
static void
test_under_way (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Client) ann = client_new (fixture, "other", "ann", NULL);

  client_expect (ann, START ("0", "-"));
  fixture_push (fixture, "other", NULL, "say", "x");
  disable (fixture, "other");
  test_log_finish (fixture->log, TRUE);
  fixture_wait (fixture, 1);
  g_assert_cmpstr (fixture_last_answer (fixture), ==, "the stream other is disabled: " WHY);
  expect_end (ann, "");
}

/* Who waits for a rendering gets nothing of it. */
static void
test_waiting (Fixture *fixture, gconstpointer data)
{
  const char *const both[] = { "probe", "other", NULL };
  g_autoptr (Client) ann = NULL;
  g_autoptr (Client) combined = NULL;
  g_autoptr (Client) witness = client_new (fixture, "other", "witness", NULL);
  g_autoptr (Client) other_witness = client_new_combined (fixture, both, "witness", NULL);

  client_expect (witness, START ("0", "-"));
  wait_text (other_witness, "other");
  fixture_set_conflate (fixture, A_LONG_TIME_MS);
  fixture_publish (fixture, "other", NULL, "set", "x");
  fixture_publish (fixture, "other", NULL, "set", "wrong");
  ann = client_new (fixture, "other", "ann", NULL);
  combined = client_new_combined (fixture, both, "ann", NULL);
  disable (fixture, "other");
  expect_end (ann, "HEAD\nretry: 7\n\n");
  read_to_end (combined);
  g_assert_null (strstr (combined->text->str, "wrong"));
  wait_clients (fixture, 0);
}

/* So does who is given what was missed, in slices. */
static void
test_behind (Fixture *fixture, gconstpointer data)
{
  g_autofree char *large = g_strnfill (20 * SLICE_BYTES, 'x');
  g_autoptr (Client) ann = NULL;

  for (guint i = 0; i < 3; i++)
    fixture_publish (fixture, "other", NULL, "say", large);
  ann = client_new (fixture, "other", "ann", "ep-0");
  disable (fixture, "other");
  read_to_end (ann);
  g_assert_cmpuint (ann->text->len, <, 2 * strlen (large));
  wait_clients (fixture, 0);
}

/* Who asked before, and comes in only now. */
static void
test_on_the_way (Fixture *fixture, gconstpointer data)
{
  const char *const both[] = { "probe", "other", NULL };
  g_autoptr (Client) ann = NULL;
  g_autoptr (Client) combined = NULL;

  disable (fixture, "other");
  ann = client_new (fixture, "other", "ann", NULL);
  read_to_end (ann);
  combined = client_new_combined (fixture, both, "ann", NULL);
  read_to_end (combined);
  wait_clients (fixture, 0);
}

/* Without the daemon's own, there is no telling whose tokens are good. */
static void
test_built_in (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (sse_hub_disable (fixture->hub, "revocations", WHY, &error));
  g_assert_error (error, SSE_ERROR, SSE_ERROR_STORE_FAILED);
  g_assert_nonnull (strstr (error->message, "none can be trusted: " WHY));
}

int
main (int argc, char *argv[])
{
  static const struct
  {
    const char *path;
    void (*func) (Fixture *fixture, gconstpointer data);
  } tests[] = {
    { "/core/hub/disable/following", test_following },
    { "/core/hub/disable/followed", test_followed },
    { "/core/hub/disable/under-way", test_under_way },
    { "/core/hub/disable/waiting", test_waiting },
    { "/core/hub/disable/behind", test_behind },
    { "/core/hub/disable/on-the-way", test_on_the_way },
    { "/core/hub/disable/built-in", test_built_in },
  };

  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Fixture, NULL, fixture_set_up, tests[i].func, fixture_tear_down);
  return g_test_run ();
}
