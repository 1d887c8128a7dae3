/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-hub.h"

#include <string.h>

#include "hub-fixture.h"
#include "sse-audience.h"
#include "sse-volatile-log.h"

static void
test_first_events (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Client) early = client_new (fixture, "probe", "ann", NULL);
  g_autoptr (Client) late = NULL;

  client_expect (early, START ("0", "-"));
  fixture_publish (fixture, "probe", NULL, "set", "one");
  g_assert_cmpstr (fixture_last_answer (fixture), ==, "ep-1");
  client_expect (early, EVENT ("1", "value-update", "one"));
  late = client_new (fixture, "probe", "bob", NULL);
  client_expect (late, START ("1", "one"));
  g_assert_cmpuint (sse_hub_get_n_clients (fixture->hub), ==, 2);
}

static void
test_appended (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Client) ann = client_new (fixture, "probe", "ann", NULL);
  g_autoptr (Client) bob = client_new (fixture, "probe", "bob", NULL);

  client_expect (ann, START ("0", "-"));
  client_expect (bob, START ("0", "-"));
  fixture_publish (fixture, "probe", NULL, "say", "all");
  fixture_publish (fixture, "probe", "ann", "say", "you");
  fixture_publish (fixture, "probe", NULL, "say", "end");
  client_expect (ann,
                 EVENT ("1", "said", "all") EVENT ("2", "said", "you") EVENT ("3", "said", "end"));
  client_expect (bob, EVENT ("1", "said", "all") EVENT ("3", "said", "end"));
}

/* A view that only newcomers need is rendered for them, and sent to nobody else. */
static void
test_stale (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Client) early = client_new (fixture, "probe", "ann", NULL);
  g_autoptr (Client) late = NULL;

  client_expect (early, START ("0", "-"));
  fixture_publish (fixture, "probe", NULL, "say", "x");
  late = client_new (fixture, "probe", "bob", NULL);
  client_expect (late, START ("1", "x"));
  fixture_publish (fixture, "probe", NULL, "set", "y");
  client_expect (early, EVENT ("1", "said", "x") EVENT ("2", "value-update", "y"));
}

/* What is touched several times in one commit is sent once, as it is in the end. */
static void
test_conflated (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Client) ann = client_new (fixture, "probe", "ann", NULL);

  client_expect (ann, START ("0", "-"));
  for (guint i = 0; i < 5; i++)
    fixture_push (fixture, "probe", NULL, "set", i < 4 ? "before" : "last");
  test_log_finish (fixture->log, TRUE);
  fixture_wait (fixture, 5);
  client_expect (ann, EVENT ("5", "value-update", "last"));
  fixture_publish (fixture, "probe", NULL, "set", "next");
  client_expect (ann, EVENT ("6", "value-update", "next"));
}

static void
test_audience (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Client) ann = client_new (fixture, "probe", "ann", NULL);
  g_autoptr (Client) bob = client_new (fixture, "probe", "bob", NULL);
  g_autoptr (Client) ann_again = NULL;

  client_expect (ann, START ("0", "-"));
  client_expect (bob, START ("0", "-"));
  fixture_publish (fixture, "probe", "ann", "set", "hers");
  client_expect (ann, EVENT ("1", "value-update", "hers"));
  ann_again = client_new (fixture, "probe", "ann", NULL);
  client_expect (ann_again, START ("1", "hers"));
  fixture_publish (fixture, "probe", NULL, "set", "all");
  client_expect (bob, EVENT ("2", "value-update", "all"));
  client_expect (ann, EVENT ("2", "value-update", "hers"));
  client_expect (ann_again, EVENT ("2", "value-update", "hers"));
}

/* An update for one user may take something from another, by a bound that they share. */
static void
test_stale_for_all (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Client) ann = client_new (fixture, "probe", "ann", NULL);
  g_autoptr (Client) ann_again = NULL;

  client_expect (ann, START ("0", "-"));
  fixture_publish (fixture, "probe", "ann", "set", "hers");
  client_expect (ann, EVENT ("1", "value-update", "hers"));
  fixture_publish (fixture, "probe", "bob", "drop", "ann");
  ann_again = client_new (fixture, "probe", "ann", NULL);
  client_expect (ann_again, START ("2", "-"));
}

static void
test_verdicts (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Client) ann = client_new (fixture, "probe", "ann", NULL);

  client_expect (ann, START ("0", "-"));
  fixture_publish (fixture, "probe", NULL, "refuse", "x");
  g_assert_cmpstr (fixture_last_answer (fixture), ==, "value: not today");
  fixture_publish (fixture, "probe", NULL, "again", "x");
  g_assert_cmpstr (fixture_last_answer (fixture), ==, "ep-2");
  fixture_publish (fixture, "probe", NULL, "set", "x");
  client_expect (ann, EVENT ("3", "value-update", "x"));
}

static void
test_follower (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Client) ann = client_new (fixture, "other", "ann", NULL);

  client_expect (ann, START ("0", "-"));
  fixture_publish (fixture, "probe", NULL, "set", "followed");
  client_expect (ann, EVENT ("1", "value-update", "followed"));
  fixture_publish (fixture, "probe", NULL, "again", "x");
  fixture_publish (fixture, "probe", "ann", "set", "hers");
  client_expect (ann, EVENT ("3", "value-update", "hers"));
}

static void
test_unknown_and_disabled (Fixture *fixture, gconstpointer data)
{
  fixture_push (fixture, "nowhere", NULL, "set", "x");
  fixture_wait (fixture, 1);
  g_assert_cmpstr (fixture_last_answer (fixture), ==,
                   "there is no stream named “nowhere”; there are: probe, other");
  fixture_push (fixture, "wrong-abi", NULL, "set", "x");
  fixture_wait (fixture, 2);
  g_assert_true (
      g_str_has_prefix (fixture_last_answer (fixture), "the stream wrong-abi is disabled: "));
  g_assert_cmpuint (fixture->log->pending->len, ==, 0);
}

/* What the log did not keep is seen by nobody, and changes nothing. */
static void
test_log_fails (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Client) ann = client_new (fixture, "probe", "ann", NULL);
  g_autoptr (Client) bob = NULL;

  client_expect (ann, START ("0", "-"));
  fixture_push (fixture, "probe", NULL, "set", "lost");
  test_log_finish (fixture->log, FALSE);
  fixture_wait (fixture, 1);
  g_assert_cmpstr (fixture_last_answer (fixture), ==, "the disk is full");
  bob = client_new (fixture, "probe", "bob", NULL);
  client_expect (bob, START ("0", "-"));
  fixture_publish (fixture, "probe", NULL, "set", "kept");
  client_expect (ann, EVENT ("1", "value-update", "kept"));
}

static void
test_leaving (Fixture *fixture, gconstpointer data)
{
  SseStream *stream = sse_hub_get_stream (fixture->hub, "probe");
  Client *ann = client_new (fixture, "probe", "ann", NULL);
  g_autoptr (Client) bob = client_new (fixture, "probe", "bob", NULL);

  client_expect (ann, START ("0", "-"));
  g_assert_cmpuint (sse_stream_get_clients (stream), ==, 2);
  client_free (ann);
  while (sse_stream_get_clients (stream) > 1)
    g_main_context_iteration (NULL, TRUE);
  fixture_publish (fixture, "probe", "ann", "set", "nobody's");
  fixture_publish (fixture, "probe", NULL, "set", "x");
  client_expect (bob, START ("0", "-") EVENT ("2", "value-update", "x"));
}

/* Clients and publishers that are there when the hub stops are told so. */
static void
test_stop (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Client) ann = client_new (fixture, "probe", "ann", NULL);
  g_autoptr (Client) waiting = NULL;

  client_expect (ann, START ("0", "-"));
  fixture_publish (fixture, "probe", NULL, "say", "y");
  client_expect (ann, EVENT ("1", "said", "y"));
  waiting = client_new (fixture, "probe", "ann", NULL); /* for the next turn */
  fixture_push (fixture, "probe", NULL, "set", "z");
  sse_hub_stop (fixture->hub);
  fixture_wait (fixture, 2);
  g_assert_true (g_str_has_prefix (fixture_last_answer (fixture), "the daemon stops"));
  client_expect (ann, "retry: 7\n\n");
  g_assert_false (client_read (ann, 10000));
  fixture_push (fixture, "probe", NULL, "set", "z");
  fixture_wait (fixture, 3);
  g_assert_true (g_str_has_prefix (fixture_last_answer (fixture), "the daemon stops"));
}

/* Views that were to be rendered when the hub stopped are not. */
static void
test_stop_before_turn (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Client) ann = client_new (fixture, "probe", "ann", NULL);
  gint64 until;

  client_expect (ann, START ("0", "-"));
  fixture_publish (fixture, "probe", NULL, "set", "one");
  fixture_publish (fixture, "probe", NULL, "set", "two");
  sse_hub_stop (fixture->hub);
  until = g_get_monotonic_time () + 3 * CONFLATE_MS * G_TIME_SPAN_MILLISECOND;
  while (g_get_monotonic_time () < until)
    g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (sse_stream_get_queued (sse_hub_get_stream (fixture->hub, "probe")), ==, 0);
  g_assert_cmpuint (sse_hub_get_n_clients (fixture->hub), ==, 0);
}

/* However long it takes to render what each user sees, and however often everyone's view changes
 * meanwhile, a newcomer joins. */
static void
test_newcomer_in_a_busy_time (Fixture *fixture, gconstpointer data)
{
  enum
  {
    N_USERS = 60
  };
  g_autoptr (GPtrArray) clients = g_ptr_array_new_with_free_func ((GDestroyNotify) client_free);
  g_autoptr (Client) newcomer = NULL;

  for (guint i = 0; i < N_USERS; i++)
    {
      g_autofree char *user = g_strdup_printf ("user-%u", i);

      fixture_publish (fixture, "probe", user, "set", "slow");
      g_ptr_array_add (clients, client_new (fixture, "probe", user, NULL));
    }
  fixture_publish (fixture, "probe", NULL, "set", "x");
  newcomer = client_new (fixture, "probe", "ann", NULL);
  for (guint i = 0; i < 100 && newcomer->text->len == 0; i++)
    {
      gint64 until = g_get_monotonic_time () + CONFLATE_MS * G_TIME_SPAN_MILLISECOND;

      fixture_publish (fixture, "probe", NULL, "set", "x");
      while (g_get_monotonic_time () < until)
        g_main_context_iteration (NULL, FALSE);
      client_read (newcomer, 0);
    }
  g_assert_true (g_str_has_prefix (newcomer->text->str, "HEAD\nretry: 7\n\nid: ep-"));
}

/* A view that was rendered at an earlier position is shown with the present one's id. */
static void
test_id_of_first_events (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Client) ann = client_new (fixture, "probe", "ann", NULL);
  g_autoptr (Client) bob = NULL;

  client_expect (ann, START ("0", "-"));
  fixture_publish (fixture, "probe", NULL, "set", "x");
  client_expect (ann, EVENT ("1", "value-update", "x"));
  fixture_publish (fixture, "probe", NULL, "again", "y");
  bob = client_new (fixture, "probe", "bob", NULL);
  client_expect (bob, START ("2", "x"));
}

/* A view is there once for all who get it first, and not kept for a user who has got it. */
static void
test_copies (Fixture *fixture, gconstpointer data)
{
  SseSource *source = sse_stream_get_source (sse_hub_get_stream (fixture->hub, "probe"));
  SseAudience *audience = sse_audience_new ("ann", 1);
  SseFrame *body;

  sse_audience_set_personal (audience);
  g_assert_true (sse_audience_has_touch (audience, SSE_TOUCH_STALE));
  sse_audience_render (audience, source, 0);
  g_assert_false (sse_audience_has_touch (audience, SSE_TOUCH_STALE));
  body = sse_audience_get_body (audience, source, 0, TRUE, FALSE);
  g_assert_true (sse_audience_get_body (audience, source, 0, TRUE, FALSE) == body);
  g_assert_true (sse_audience_get_body (audience, source, 0, FALSE, FALSE) != body);
  body = sse_audience_get_body (audience, source, 0, TRUE, TRUE);
  g_assert_true (sse_audience_get_body (audience, source, 0, TRUE, TRUE) == body);
  g_assert_true (sse_audience_get_body (audience, source, 0, TRUE, FALSE) != body);

  sse_audience_forget (audience);
  g_assert_true (sse_audience_has_touch (audience, SSE_TOUCH_STALE));
  g_assert_null (audience->views[0].members);
  for (guint i = 0; i < 4; i++)
    g_assert_null (audience->views[0].bodies[i / 2][i % 2]);
  sse_audience_free (audience);
}

/* The volatile log commits what is appended later, in order, each at its own position. */
static void
on_committed (SseLog *log, GPtrArray *updates, gpointer user_data)
{
  for (guint i = 0; i < updates->len; i++)
    g_array_append_vals (user_data,
                         &(guint64){ sse_update_get_position (g_ptr_array_index (updates, i)) }, 1);
}

static void
test_volatile_log (void)
{
  g_autoptr (SseLog) log = sse_volatile_log_new ();
  g_autoptr (SseLog) other = sse_volatile_log_new ();
  g_autoptr (GArray) positions = g_array_new (FALSE, FALSE, sizeof (guint64));
  g_autoptr (GBytes) bytes = g_bytes_new_static ("{}", 2);

  g_assert_cmpstr (sse_log_get_epoch (log), !=, sse_log_get_epoch (other));
  g_assert_null (strchr (sse_log_get_epoch (log), '-'));
  g_signal_connect (log, "committed", G_CALLBACK (on_committed), positions);
  for (guint i = 0; i < 3; i++)
    {
      GPtrArray *updates = g_ptr_array_new_with_free_func ((GDestroyNotify) sse_update_unref);

      for (guint j = 0; j <= i; j++)
        g_ptr_array_add (updates, sse_update_new ("s", NULL, bytes));
      sse_log_append (log, updates);
    }
  g_assert_cmpuint (positions->len, ==, 0);
  while (positions->len < 6)
    g_main_context_iteration (NULL, TRUE);
  for (guint i = 0; i < 6; i++)
    g_assert_cmpuint (g_array_index (positions, guint64, i), ==, i + 1);
}

/* What publishers here pushed was judged when it came, and is not judged again: with what is put
 * into it meanwhile, it would be refused. */
static void
test_judged_once (Fixture *fixture, gconstpointer data)
{
  GPtrArray *pending;

  fixture_push (fixture, "probe", NULL, "set", "one");
  pending = fixture->log->pending->pdata[0];
  json_object_set_string_member (sse_update_get_object (pending->pdata[0]), "audience", "ann");
  test_log_finish (fixture->log, TRUE);
  fixture_wait (fixture, 1);
  g_assert_cmpstr (fixture_last_answer (fixture), ==, "ep-1");
}

/* Commits one that nobody pushed here. */
static void
commit (Fixture *fixture, const char *audience, const char *text)
{
  g_autoptr (GBytes) json = g_bytes_new_static (text, strlen (text));
  g_autoptr (GPtrArray) updates
      = g_ptr_array_new_with_free_func ((GDestroyNotify) sse_update_unref);
  SseUpdate *update = sse_update_new ("probe", audience, json);

  g_ptr_array_add (updates, update);
  g_assert_true (sse_update_parse (update, NULL));
  sse_update_set_position (update, ++fixture->log->position);
  sse_log_emit_committed (SSE_LOG (fixture->log), updates);
}

/* What comes from elsewhere is judged before a source sees it. */
static void
test_foreign (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Client) ann = client_new (fixture, "probe", "ann", NULL);
  g_autofree char *nobody = g_strnfill (1025, 'a');
  const struct
  {
    const char *audience;
    const char *text;
    const char *why;
  } rows[] = {
    { NULL, "{\"type\":\"set\"}", "*1 of probe is passed over*value: *" },
    { nobody, "{\"type\":\"set\",\"value\":\"x\"}", "*2 of probe is passed over*audience: *" },
    { NULL, "{\"type\":\"set\",\"value\":\"x\",\"audience\":\"bob\"}",
      "*3 of probe is passed over*audience: *" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_test_expect_message ("rivulet-hub", G_LOG_LEVEL_WARNING, rows[i].why);
      commit (fixture, rows[i].audience, rows[i].text);
      g_test_assert_expected_messages ();
    }
  commit (fixture, NULL, "{\"type\":\"set\",\"value\":\"four\"}");
  client_expect (ann, START ("0", "-") EVENT ("4", "value-update", "four"));
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *path;
    void (*test) (Fixture *, gconstpointer);
  } tests[] = {
    { "/core/hub/first-events", test_first_events },
    { "/core/hub/appended", test_appended },
    { "/core/hub/stale", test_stale },
    { "/core/hub/conflated", test_conflated },
    { "/core/hub/audience", test_audience },
    { "/core/hub/stale-for-all", test_stale_for_all },
    { "/core/hub/verdicts", test_verdicts },
    { "/core/hub/follower", test_follower },
    { "/core/hub/unknown-and-disabled", test_unknown_and_disabled },
    { "/core/hub/log-fails", test_log_fails },
    { "/core/hub/leaving", test_leaving },
    { "/core/hub/stop", test_stop },
    { "/core/hub/stop-before-turn", test_stop_before_turn },
    { "/core/hub/newcomer-in-a-busy-time", test_newcomer_in_a_busy_time },
    { "/core/hub/copies", test_copies },
    { "/core/hub/id-of-first-events", test_id_of_first_events },
    { "/core/hub/judged-once", test_judged_once },
    { "/core/hub/foreign", test_foreign },
  };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Fixture, NULL, fixture_set_up, tests[i].test, fixture_tear_down);
  g_test_add_func ("/core/volatile-log", test_volatile_log);
  return g_test_run ();
}
