/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "caught-warnings.h"
#include "hub-store-fixture.h"

#define RESUMED "HEAD\nretry: 7\n\n"

/* The position of a stream's part of the checkpoint. */
static gint64
get_part (Kept *kept, const char *stream)
{
  g_autofree char *sql = g_strdup_printf (
      "SELECT position FROM checkpoint JOIN streams ON id = stream WHERE name = '%s'", stream);

  return kept_query (kept, sql);
}

/* Ends it one way or the other: with a checkpoint of all, or as after a kill. */
static void
end (Kept *kept, gboolean cleanly)
{
  if (cleanly)
    kept_end (kept);
  else
    kept_kill (kept);
}

/* ---- where it was ---- */

/* Views, ring and positions are what they were, and nobody is sent what was replayed. */
static void
load_again (Kept *kept, gboolean cleanly)
{
  g_autofree char *earlier = NULL;
  g_autofree char *too_old = NULL;
  g_autofree char *past = NULL;
  g_autoptr (Client) bob = NULL;

  kept_begin (kept, "good", "other-stream", NULL);
  kept_publish (kept, NULL, "say", "one");
  kept_publish (kept, "ann", "say", "two");
  kept_publish (kept, NULL, "refuse", "three");
  kept_publish (kept, NULL, "say", "four");
  kept_publish (kept, NULL, "set", "five");
  kept_publish (kept, NULL, "again", "six");
  earlier = kept_dup_id (kept, 1);
  too_old = g_strdup ("0123456789abcdef-1");
  past = kept_dup_id (kept, 7);
  end (kept, cleanly);

  kept_begin (kept, "good", "other-stream", NULL);
  g_assert_cmpint (get_part (kept, "probe"), ==, cleanly ? 6 : 0);
  bob = client_new (&kept->hub, "probe", "bob", NULL);
  client_expect (bob, START ("6", "five"));
  kept_expect (kept, "probe", "ann", NULL, START ("6", "two"));
  kept_expect (kept, "other", "bob", NULL, START ("6", "five"));
  kept_expect (kept, "other", "ann", NULL, START ("6", "two"));

  kept_expect (kept, "probe", "bob", earlier,
               RESUMED EVENT ("4", "said", "four") EVENT ("6", "value-update", "five"));
  kept_expect (kept, "probe", "ann", earlier,
               RESUMED EVENT ("2", "said", "two") EVENT ("4", "said", "four")
                   EVENT ("6", "value-update", "two"));
  kept_expect (kept, "probe", "bob", "ep-4", RESUMED EVENT ("6", "value-update", "five"));
  kept_expect (kept, "probe", "bob", too_old, START ("6", "five"));
  kept_expect (kept, "probe", "bob", past, START ("6", "five"));

  kept_publish (kept, NULL, "say", "seven");
  client_expect (bob, EVENT ("7", "said", "seven"));
  g_assert_cmpint (kept_query (kept, "SELECT count (*) FROM updates WHERE applied = 0"), ==, 2);
}

static void
test_stopped (Kept *kept, gconstpointer data)
{
  load_again (kept, TRUE);
}

static void
test_killed (Kept *kept, gconstpointer data)
{
  load_again (kept, FALSE);
}

/* However often: each time it is killed before it has written a checkpoint, or after. */
static void
test_many_times (Kept *kept, gconstpointer data)
{
  g_autofree char *first = NULL;
  g_autoptr (GString) expected = g_string_new (RESUMED);

  for (guint i = 1; i <= 12; i++)
    {
      g_autofree char *value = g_strdup_printf ("e%u", i);

      kept_begin (kept, "good", "counting", NULL);
      if (first == NULL)
        first = kept_dup_id (kept, 0);
      kept_publish (kept, NULL, "say", value);
      g_string_append_printf (
          expected, "id: ep-%u\nevent: said\ndata: {\"type\":\"said\",\"value\":\"%s\"}\n\n", i,
          value);
      end (kept, i % 3 == 0);
    }
  kept_begin (kept, "good", "counting", NULL);
  g_string_append (expected, EVENT ("12", "value-update", "e12"));
  kept_expect (kept, "probe", "bob", first, expected->str);
  kept_expect (kept, "count", "bob", NULL, START ("12", "12"));
}

/* ---- sources that come, go and refuse ---- */

/* It begins with nothing, and gets what comes from then on. */
static void
test_new_plugin (Kept *kept, gconstpointer data)
{
  kept_begin (kept, "good", NULL);
  kept_publish (kept, NULL, "say", "one");
  kept_publish (kept, NULL, "say", "two");
  kept_kill (kept);

  kept_begin (kept, "good", "other-stream", "counting", NULL);
  g_assert_cmpint (get_part (kept, "other"), ==, 2);
  kept_expect (kept, "other", "bob", NULL, START ("2", "-"));
  kept_expect (kept, "count", "bob", NULL, START ("2", "0"));
  kept_publish (kept, NULL, "say", "three");
  kept_kill (kept);
  kept_begin (kept, "good", "other-stream", "counting", NULL);
  kept_expect (kept, "other", "bob", NULL, START ("3", "three"));
  kept_expect (kept, "count", "bob", NULL, START ("3", "1"));
}

/* One that was missing counts what was applied meanwhile, no more and no less. */
static void
missing_follower (Kept *kept, gboolean cleanly)
{
  kept_begin (kept, "good", "counting", NULL);
  kept_publish (kept, NULL, "say", "1");
  kept_publish (kept, NULL, "refuse", "2");
  end (kept, cleanly);

  kept_begin (kept, "good", NULL);
  kept_publish (kept, NULL, "say", "3");
  kept_publish (kept, NULL, "refuse", "4");
  kept_publish (kept, NULL, "again", "5");
  kept_publish (kept, NULL, "set", "6");
  end (kept, cleanly);
  kept_begin (kept, "good", NULL);
  kept_publish (kept, NULL, "again", "7");
  kept_publish (kept, NULL, "set", "8");
  end (kept, cleanly);

  kept_begin (kept, "good", "counting", NULL);
  kept_expect (kept, "count", "bob", NULL, START ("8", "4"));
  end (kept, cleanly);
  kept_begin (kept, "good", "counting", NULL);
  kept_expect (kept, "count", "bob", NULL, START ("8", "4"));
}

static void
test_missing_follower (Kept *kept, gconstpointer data)
{
  missing_follower (kept, TRUE);
}

static void
test_missing_follower_killed (Kept *kept, gconstpointer data)
{
  missing_follower (kept, FALSE);
}

static void
expect_refusal (Kept *kept)
{
  warnings_expect ("probe is disabled, as it does not take its state at *: it is of another time");
  g_assert_cmpstr (sse_stream_get_error (sse_hub_get_stream (kept->hub.hub, "probe")), ==,
                   "it is of another time");
}

/* It is disabled, the others run; its part stays, and the log behind that. When its source takes
 * it again, everything acknowledged is there. */
static void
test_refused_state (Kept *kept, gconstpointer data)
{
  g_autofree char *id = NULL;

  kept_begin (kept, "good", "counting", NULL);
  id = kept_dup_id (kept, 1);
  kept_publish (kept, NULL, "say", "one");
  kept_end (kept);
  kept_begin (kept, "good", "counting", NULL);
  for (guint i = 0; i < 5; i++)
    kept_publish (kept, NULL, "say", "more");
  kept_publish (kept, NULL, "again", "once");
  kept_publish (kept, "ann", "say", "hers");
  kept_kill (kept);

  kept->options.retain_updates = 1;
  kept_begin (kept, "refusing-state", "counting", NULL);
  expect_refusal (kept);
  kept_expect (kept, "count", "bob", NULL, START ("8", "7"));
  fixture_publish (&kept->hub, "probe", NULL, "say", "no");
  g_assert_cmpstr (fixture_last_answer (&kept->hub), ==,
                   "the stream probe is disabled: it is of another time");
  for (guint i = 0; i < 5; i++)
    fixture_publish (&kept->hub, "count", NULL, "set", "own");
  g_assert_cmpint (get_part (kept, "probe"), ==, 1);
  kept_end (kept);
  g_assert_cmpint (get_part (kept, "probe"), ==, 1);
  g_assert_cmpint (get_part (kept, "count"), ==, 13);

  kept_begin (kept, "refusing-state", "counting", NULL);
  expect_refusal (kept);
  kept_expect (kept, "count", "bob", NULL, START ("13", "12"));
  kept_kill (kept);

  kept->options.retain_updates = 10000;
  kept_begin (kept, "good", "counting", NULL);
  kept_expect (kept, "probe", "bob", NULL, START ("13", "more"));
  kept_expect (kept, "probe", "ann", NULL, START ("13", "hers"));
  kept_expect (kept, "count", "bob", NULL, START ("13", "12"));
  kept_expect (kept, "probe", "bob", id,
               RESUMED EVENT ("2", "said", "more") EVENT ("3", "said", "more")
                   EVENT ("4", "said", "more") EVENT ("5", "said", "more")
                       EVENT ("6", "said", "more") EVENT ("13", "value-update", "more"));
}

/* A follower that refuses its state is given nothing until its source takes it again. */
static void
test_refusing_follower (Kept *kept, gconstpointer data)
{
  kept_begin (kept, "good", "counting", NULL);
  kept_publish (kept, NULL, "say", "1");
  kept_publish (kept, NULL, "say", "2");
  kept_end (kept);
  for (guint i = 0; i < 2; i++)
    {
      SseStream *count;

      kept_begin (kept, "good", "refusing-count", NULL);
      warnings_expect ("count is disabled, as it does not take its state at 2, *");
      count = sse_hub_get_stream (kept->hub.hub, "count");
      g_assert_cmpuint (sse_stream_get_position (count), ==, 2);
      kept_publish (kept, NULL, "set", "more");
      kept_publish (kept, NULL, "again", "more");
      g_assert_cmpuint (sse_stream_get_position (count), ==, 2);
      end (kept, i == 0);
    }
  kept_begin (kept, "good", "counting", NULL);
  kept_expect (kept, "count", "bob", NULL, START ("6", "4"));
}

/* ---- checkpoints ---- */

/* It has the states of all at one position, that which was applied when it is asked for… */
static void
test_due (Kept *kept, gconstpointer data)
{
  Fixture *hub = &kept->hub;

  kept_begin (kept, "good", "counting", NULL);
  kept_publish (kept, NULL, "set", "one");
  sse_log_emit_due (kept->log, 0, FALSE);
  kept_publish (kept, NULL, "set", "two");
  g_assert_cmpint (get_part (kept, "probe"), ==, 1);
  g_assert_cmpint (get_part (kept, "count"), ==, 1);

  for (guint i = 0; i < 5; i++)
    fixture_push (hub, "probe", NULL, "think", "x");
  fixture_wait (hub, 3); /* one of them */
  g_assert_cmpuint (hub->answers->len, <, 7);
  sse_log_emit_due (kept->log, 0, FALSE);
  fixture_wait (hub, 7);
  kept_publish (kept, NULL, "set", "eight");
  g_assert_cmpint (get_part (kept, "probe"), >=, 3);
  g_assert_cmpint (get_part (kept, "probe"), <=, 7);
  g_assert_cmpint (get_part (kept, "count"), ==, get_part (kept, "probe"));
  kept_kill (kept);
  kept_begin (kept, "good", "counting", NULL);
  kept_expect (kept, "count", "bob", NULL, START ("8", "8"));
  kept_expect (kept, "probe", "bob", NULL, START ("8", "eight"));
}

/* … or not before a position, if there is one that it must have. */
static void
test_due_at (Kept *kept, gconstpointer data)
{
  Fixture *hub = &kept->hub;

  kept_begin (kept, "good", "counting", NULL);
  for (guint i = 0; i < 5; i++)
    fixture_push (hub, "probe", NULL, "think", "x");
  fixture_wait (hub, 1);
  g_assert_cmpuint (hub->answers->len, <, 5);
  sse_log_emit_due (kept->log, 5, FALSE);
  fixture_wait (hub, 5);
  kept_publish (kept, NULL, "set", "six");
  g_assert_cmpint (get_part (kept, "probe"), ==, 5);
  g_assert_cmpint (get_part (kept, "count"), ==, 5);
  kept_kill (kept);
  kept_begin (kept, "good", "counting", NULL);
  kept_expect (kept, "count", "bob", NULL, START ("6", "6"));
  kept_expect (kept, "probe", "bob", NULL, START ("6", "six"));
}

/* A state that has not changed is not written again, and its position goes on. */
static void
test_unchanged_state (Kept *kept, gconstpointer data)
{
  const char *const sql = "SELECT state_checksum FROM checkpoint JOIN streams ON id = stream"
                          " WHERE name = 'probe'";
  gint64 before;

  kept_begin (kept, "good", "counting", NULL);
  kept_publish (kept, NULL, "say", "one");
  kept_end (kept);
  before = kept_query (kept, sql);
  kept_begin (kept, "good", "counting", NULL);
  fixture_publish (&kept->hub, "count", NULL, "set", "own");
  kept_end (kept);
  g_assert_cmpint (kept_query (kept, sql), ==, before);
  g_assert_cmpint (get_part (kept, "probe"), ==, 2);
  kept_begin (kept, "good", "counting", NULL);
  kept_expect (kept, "probe", "bob", NULL, START ("2", "one"));
  kept_expect (kept, "count", "bob", NULL, START ("2", "2"));
}

/* ---- failing ---- */

/* Publishers are told, streams go on, and all of it is there when the store is well again. The
 * position of what failed is not used again. */
static void
test_failing (Kept *kept, gconstpointer data)
{
  g_autofree char *away = g_strconcat (kept->directory, ".away", NULL);
  g_autoptr (Client) bob = NULL;

  kept_begin (kept, "good", "counting", NULL);
  kept_publish (kept, NULL, "say", "one");
  kept_publish (kept, "ann", "say", "two");
  bob = client_new (&kept->hub, "probe", "bob", NULL);
  client_expect (bob, START ("2", "one"));
  g_assert_no_errno (rename (kept->directory, away));
  kept_publish (kept, NULL, "say", "never");
  g_assert_nonnull (strstr (fixture_last_answer (&kept->hub), "push it again"));
  kept_expect (kept, "probe", "cyd", NULL, START ("2", "one"));

  while (sse_log_get_error (kept->log) != NULL)
    g_main_context_iteration (NULL, TRUE);
  warnings_expect ("the store failed: *");
  kept_publish (kept, NULL, "say", "three");
  client_expect (bob, EVENT ("4", "said", "three"));
  kept_kill (kept);
  directory_remove (away);
  kept_begin (kept, "good", "counting", NULL);
  kept_expect (kept, "probe", "bob", NULL, START ("4", "three"));
  kept_expect (kept, "probe", "ann", NULL, START ("4", "two"));
  kept_expect (kept, "count", "bob", NULL, START ("4", "3"));
}

static void
add (const char *path, void (*test) (Kept *, gconstpointer))
{
  g_test_add (path, Kept, NULL, kept_set_up, test, kept_tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  alarm (300); /* for what never comes */
  add ("/core/hub-log/stopped", test_stopped);
  add ("/core/hub-log/killed", test_killed);
  add ("/core/hub-log/many-times", test_many_times);
  add ("/core/hub-log/new-plugin", test_new_plugin);
  add ("/core/hub-log/missing-follower", test_missing_follower);
  add ("/core/hub-log/missing-follower-killed", test_missing_follower_killed);
  add ("/core/hub-log/refused-state", test_refused_state);
  add ("/core/hub-log/refusing-follower", test_refusing_follower);
  add ("/core/hub-log/due", test_due);
  add ("/core/hub-log/due-at", test_due_at);
  add ("/core/hub-log/unchanged-state", test_unchanged_state);
  add ("/core/hub-log/failing", test_failing);
  return g_test_run ();
}
