/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hub-fixture.h"

#include <string.h>
#include <unistd.h>

/* A user's tokens are revoked: what they follow ends, wherever they are on their way. */

#define A_LONG_TIME_MS 3600000

static void
on_revoked (GObject *hub, GAsyncResult *result, gpointer user_data)
{
  Fixture *fixture = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) outcomes = sse_hub_publish_finish (SSE_HUB (hub), result, &error);
  SseOutcome *outcome = outcomes != NULL ? g_ptr_array_index (outcomes, 0) : NULL;

  if (outcome == NULL || outcome->error != NULL)
    g_ptr_array_add (fixture->answers,
                     g_strdup (outcome == NULL ? error->message : outcome->error->message));
  else
    g_ptr_array_add (fixture->answers, g_strdup (outcome->id));
}

static void
revoke_and_wait (Fixture *fixture, const char *user, gboolean ok)
{
  guint n = fixture->answers->len;

  sse_hub_revoke_async (fixture->hub, user, on_revoked, fixture);
  if (fixture->log->pending->len > 0)
    test_log_finish (fixture->log, ok);
  fixture_wait (fixture, n + 1);
}

/* Nothing more comes, but that is @text. */
static void
expect_end (Client *client, const char *text)
{
  client_expect (client, text);
  while (client_read (client, 10000))
    continue;
  g_assert_cmpstr (client->text->str, ==, "");
}

static void
wait_clients (Fixture *fixture, guint n)
{
  while (sse_hub_get_n_clients (fixture->hub) > n)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (sse_hub_get_n_clients (fixture->hub), ==, n);
}

static void
test_following (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Client) ann = client_new (fixture, "probe", "ann", NULL);
  g_autoptr (Client) again = client_new (fixture, "probe", "ann", NULL);
  g_autoptr (Client) elsewhere = client_new (fixture, "other", "ann", NULL);
  g_autoptr (Client) bob = client_new (fixture, "probe", "bob", NULL);
  gint64 before = g_get_real_time () / G_USEC_PER_SEC;

  client_expect (ann, START ("0", "-"));
  client_expect (again, START ("0", "-"));
  client_expect (elsewhere, START ("0", "-"));
  client_expect (bob, START ("0", "-"));
  revoke_and_wait (fixture, "ann", TRUE);
  g_assert_cmpstr (fixture_last_answer (fixture), ==, "ep-1");
  expect_end (ann, "");
  expect_end (again, "");
  expect_end (elsewhere, "");
  wait_clients (fixture, 1);
  fixture_publish (fixture, "probe", NULL, "say", "still here");
  client_expect (bob, EVENT ("2", "said", "still here"));

  g_assert_true (sse_revocations_cover (sse_hub_get_revocations (fixture->hub), "ann", before));
  g_assert_false (sse_revocations_cover (sse_hub_get_revocations (fixture->hub), "bob", before));
}

/* Who waits for a rendering gets nothing of it. */
static void
test_waiting (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Client) ann = NULL;
  g_autoptr (Client) bob = NULL;

  /* One who follows, so that views are rendered: the first at once, the second in an hour. */
  g_autoptr (Client) witness = client_new (fixture, "probe", "witness", NULL);

  client_expect (witness, START ("0", "-"));
  fixture_set_conflate (fixture, A_LONG_TIME_MS);
  fixture_publish (fixture, "probe", NULL, "set", "x");
  fixture_publish (fixture, "probe", NULL, "set", "secret");
  ann = client_new (fixture, "probe", "ann", NULL);
  bob = client_new (fixture, "probe", "bob", NULL);
  revoke_and_wait (fixture, "ann", TRUE);
  expect_end (ann, "HEAD\nretry: 7\n\n");
  wait_clients (fixture, 2);
  fixture_set_conflate (fixture, 0);
  client_expect (bob, START ("3", "secret"));
}

/* So does who is given what was missed, in slices. */
static void
test_behind (Fixture *fixture, gconstpointer data)
{
  g_autofree char *large = g_strnfill (20 * SLICE_BYTES, 'x');
  g_autoptr (Client) ann = NULL;

  for (guint i = 0; i < 3; i++)
    fixture_publish (fixture, "probe", NULL, "say", large);
  ann = client_new (fixture, "probe", "ann", "ep-0");
  revoke_and_wait (fixture, "ann", TRUE);
  while (client_read (ann, 10000))
    g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (ann->text->len, <, 2 * strlen (large));
  wait_clients (fixture, 0);
}

/* ---- a log that reads, when it is told to ---- */

static SseLogRead held_read;
static gpointer held_data;

static void
hold_read (SseLog *log,
           const char *stream,
           const char *user,
           guint64 position,
           gsize max_bytes,
           SseLogRead func,
           gpointer user_data)
{
  held_read = func;
  held_data = user_data;
}

/* So does who waits for what was missed to be read of the log. */
static void
test_reading (Fixture *fixture, gconstpointer data)
{
  SseLogInterface *iface = SSE_LOG_GET_IFACE (fixture->log);
  g_autoptr (GPtrArray) events = g_ptr_array_new ();
  g_autoptr (Client) ann = NULL;

  iface->read = hold_read;
  for (guint i = 0; i < RESUME_EVENTS + 2; i++)
    fixture_publish (fixture, "probe", NULL, "say", "x");
  ann = client_new (fixture, "probe", "ann", "ep-0");
  g_assert_nonnull (held_read);
  revoke_and_wait (fixture, "ann", TRUE);
  expect_end (ann, "HEAD\nretry: 7\n\n");
  wait_clients (fixture, 0);
  held_read (events, 1, held_data);
  iface->read = NULL;
}

/* Only what is in the log counts. */
static void
test_failed (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Client) ann = client_new (fixture, "probe", "ann", NULL);

  client_expect (ann, START ("0", "-"));
  revoke_and_wait (fixture, "ann", FALSE);
  g_assert_cmpstr (fixture_last_answer (fixture), ==, "the disk is full");
  g_assert_false (sse_revocations_cover (sse_hub_get_revocations (fixture->hub), "ann", 0));
  fixture_publish (fixture, "probe", NULL, "say", "still here");
  client_expect (ann, EVENT ("1", "said", "still here"));
}

static void
test_bad_names (Fixture *fixture, gconstpointer data)
{
  g_autofree char *too_long = g_strnfill (1025, 'x');

  revoke_and_wait (fixture, "", TRUE);
  g_assert_true (g_str_has_prefix (fixture_last_answer (fixture), "audience:"));
  revoke_and_wait (fixture, too_long, TRUE);
  g_assert_true (g_str_has_prefix (fixture_last_answer (fixture), "audience:"));
}

/* No publisher pushes to it, and nobody sees it. */
static void
test_built_in (Fixture *fixture, gconstpointer data)
{
  GPtrArray *streams = sse_hub_get_streams (fixture->hub);

  fixture_push (fixture, "revocations", "ann", "revoke", "");
  fixture_wait (fixture, 1);
  g_assert_cmpstr (fixture_last_answer (fixture), ==,
                   "there is no stream named “revocations”; there are: probe, other");
  g_assert_null (sse_hub_get_stream (fixture->hub, "revocations"));
  for (guint i = 0; i < streams->len; i++)
    g_assert_cmpstr (sse_stream_get_name (g_ptr_array_index (streams, i)), !=, "revocations");
}

static void
add (const char *path, void (*test) (Fixture *, gconstpointer))
{
  g_test_add (path, Fixture, NULL, fixture_set_up, test, fixture_tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  alarm (300); /* for what never comes */
  add ("/core/hub-revoke/following", test_following);
  add ("/core/hub-revoke/waiting", test_waiting);
  add ("/core/hub-revoke/behind", test_behind);
  add ("/core/hub-revoke/reading", test_reading);
  add ("/core/hub-revoke/failed", test_failed);
  add ("/core/hub-revoke/bad-names", test_bad_names);
  add ("/core/hub-revoke/built-in", test_built_in);
  return g_test_run ();
}
