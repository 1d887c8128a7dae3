/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Several streams on one connection. The stream "other" follows "probe", and appends what that
 * does, at the same position. */

#include "hub-fixture.h"

#include <string.h>
#include <unistd.h>

#define HEAD "HEAD\nretry: 7\n\n"
#define OF(stream, position, type, value)                                                          \
  "id: ep-" position "\nevent: " stream "/" type "\ndata: {\"type\":\"" type                       \
  "\",\"value\":\"" value "\"}\n\n"
/* One before the first of another stream in which its client starts afresh. */
#define FIRST(stream, position, type, value) OF (stream, "0" position, type, value)

static const char *const probe_other[] = { "probe", "other", NULL };
static const char *const other_probe[] = { "other", "probe", NULL };
static const char *const other_alone[] = { "other", NULL };

static guint
count (Fixture *fixture, const char *stream)
{
  return sse_stream_get_clients (sse_hub_get_stream (fixture->hub, stream));
}

/* First in the order asked for, then as it comes. */
static void
test_order (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Client) ann = NULL, bob = NULL, eve = NULL, dan = NULL;

  fixture_publish (fixture, "probe", NULL, "set", "a");
  fixture_publish (fixture, "other", NULL, "set", "b");
  ann = client_new_combined (fixture, probe_other, "ann", NULL);
  bob = client_new_combined (fixture, other_probe, "bob", NULL);
  eve = client_new_combined (fixture, other_alone, "eve", NULL);
  dan = client_new (fixture, "other", "dan", NULL);
  client_expect (ann, HEAD FIRST ("probe", "2", "value", "a") OF ("other", "2", "value", "b"));
  client_expect (bob, HEAD FIRST ("other", "2", "value", "b") OF ("probe", "2", "value", "a"));
  client_expect (eve, HEAD OF ("other", "2", "value", "b"));
  client_expect (dan, START ("2", "b"));

  fixture_publish (fixture, "other", NULL, "say", "c");
  fixture_publish (fixture, "probe", NULL, "say", "d");
  fixture_publish (fixture, "other", NULL, "say", "e");
  client_expect (ann, OF ("other", "3", "said", "c") OF ("probe", "3", "said", "d")
                          OF ("other", "4", "said", "d") OF ("other", "5", "said", "e"));
  client_expect (bob, OF ("other", "3", "said", "c") OF ("probe", "3", "said", "d")
                          OF ("other", "4", "said", "d") OF ("other", "5", "said", "e"));
  client_expect (eve, OF ("other", "3", "said", "c") OF ("other", "4", "said", "d")
                          OF ("other", "5", "said", "e"));
  client_expect (dan, EVENT ("3", "said", "c") EVENT ("4", "said", "d") EVENT ("5", "said", "e"));
  fixture_publish (fixture, "other", NULL, "set", "f");
  client_expect (ann, OF ("other", "6", "value-update", "f"));
  client_expect (eve, OF ("other", "6", "value-update", "f"));
  client_expect (dan, EVENT ("6", "value-update", "f"));
}

/* Views of one's own in one stream, everyone's in the other; and nobody else's. */
static void
test_personal (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Client) ann = NULL, bob = NULL;

  fixture_set_conflate (fixture, 0);
  fixture_publish (fixture, "other", NULL, "set", "all");
  fixture_publish (fixture, "other", "ann", "set", "hers");
  ann = client_new_combined (fixture, probe_other, "ann", NULL);
  bob = client_new_combined (fixture, probe_other, "bob", NULL);
  client_expect (ann, HEAD FIRST ("probe", "2", "value", "-") OF ("other", "2", "value", "hers"));
  client_expect (bob, HEAD FIRST ("probe", "2", "value", "-") OF ("other", "2", "value", "all"));

  fixture_publish (fixture, "other", NULL, "set", "all-2");
  client_expect (bob, OF ("other", "3", "value-update", "all-2"));
  client_expect (ann, OF ("other", "3", "value-update", "hers"));
  fixture_publish (fixture, "other", "ann", "say", "to-ann");
  fixture_publish (fixture, "other", "bob", "set", "his"); /* who had none of his own */
  client_expect (ann, OF ("other", "4", "said", "to-ann"));
  client_expect (bob, OF ("other", "5", "value-update", "his"));
  fixture_publish (fixture, "other", NULL, "say", "end");
  client_expect (ann, OF ("other", "6", "said", "end"));
  client_expect (bob, OF ("other", "6", "said", "end"));
}

/* Between two events that come of one update: the first comes again. */
static void
test_cut_in_between (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Client) ann = client_new_combined (fixture, probe_other, "ann", NULL), again = NULL;

  client_expect (ann, HEAD FIRST ("probe", "0", "value", "-") OF ("other", "0", "value", "-"));
  fixture_publish (fixture, "other", NULL, "say", "a");
  fixture_publish (fixture, "probe", "bob", "say", "b");
  fixture_publish (fixture, "probe", "ann", "say", "c");
  client_expect (ann, OF ("other", "1", "said", "a") OF ("probe", "2", "said", "c"));
  again = client_new_combined (fixture, probe_other, "ann", "ep-2");
  client_expect (again, HEAD OF ("probe", "2", "said", "c") OF ("other", "3", "said", "c")
                            OF ("probe", "3", "value-update", "c"));
  client_expect (ann, OF ("other", "3", "said", "c"));
  g_clear_pointer (&again, client_free);
  again = client_new_combined (fixture, other_alone, "ann", "ep-2");
  client_expect (again, HEAD OF ("other", "3", "said", "c"));
}

/* The rings hold three events each. */
static void
test_resume (Fixture *fixture, gconstpointer data)
{
  static const struct
  {
    const char *id;
    const char *expected;
  } rows[] = {
    { "ep-6",
      HEAD OF ("probe", "6", "value-update", "p6") OF ("other", "6", "value-update", "p6") },
    { "ep-4", HEAD OF ("other", "5", "said", "o5") OF ("probe", "5", "said", "p6")
                  OF ("other", "6", "said", "p6") OF ("probe", "6", "value-update", "p6")
                      OF ("other", "6", "value-update", "p6") },
    /* Of other, what is behind 3 alone is there. */
    { "ep-3", HEAD OF ("other", "4", "said", "o4") OF ("other", "5", "said", "o5")
                  OF ("probe", "5", "said", "p6") OF ("other", "6", "said", "p6") OF (
                      "probe", "6", "value-update", "p6") OF ("other", "6", "value-update", "p6") },
    { "ep-2", HEAD OF ("other", "2", "value", "p6") OF ("probe", "3", "said", "p3")
                  OF ("probe", "6", "said", "p6") OF ("probe", "6", "value-update", "p6")
                      OF ("other", "6", "value-update", "p6") },
    { "ep-7", HEAD FIRST ("probe", "6", "value", "p6") OF ("other", "6", "value", "p6") },
    { "old-4", HEAD FIRST ("probe", "6", "value", "p6") OF ("other", "6", "value", "p6") },
  };

  fixture_publish (fixture, "probe", NULL, "say", "p1");
  fixture_publish (fixture, "other", NULL, "say", "o2");
  fixture_publish (fixture, "probe", NULL, "say", "p3");
  fixture_publish (fixture, "other", NULL, "say", "o4");
  fixture_publish (fixture, "other", NULL, "say", "o5");
  fixture_publish (fixture, "probe", NULL, "say", "p6");
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (Client) bob = client_new_combined (fixture, probe_other, "bob", rows[i].id);

      g_test_message ("%s", rows[i].id);
      client_expect (bob, rows[i].expected);
    }
}

static char *
make_large (guint i)
{
  g_autofree char *filling = g_strnfill (20 * SLICE_BYTES, (char) ('a' + i % 26));

  return g_strdup_printf ("%u%s", i, filling);
}

static void
append_large (GString *text, const char *stream, guint position, const char *type, guint i)
{
  g_autofree char *value = make_large (i);

  g_string_append_printf (text,
                          "id: ep-%u\nevent: %s/%s\ndata: {\"type\":\"%s\",\"value\":\"%s\"}\n\n",
                          position, stream, type, type, value);
}

/* Slices of several rings, whose ends differ; what comes meanwhile is one more thing missed. */
static void
test_catch_up (Fixture *fixture, gconstpointer data)
{
  static const char *const streams[] = { "other", "other", "probe", "other" };
  g_autoptr (GString) expected = g_string_new (HEAD);
  g_autoptr (Client) bob = NULL;

  for (guint i = 1; i <= 4; i++)
    {
      g_autofree char *value = make_large (i);

      if (i == 4)
        bob = client_new_combined (fixture, other_probe, "bob", "ep-0");
      fixture_publish (fixture, streams[i - 1], NULL, "say", value);
      if (i == 3) /* in the order of the streams that were asked for */
        append_large (expected, "other", 2, "said", 3);
      append_large (expected, streams[i - 1], i, "said", i);
    }
  append_large (expected, "other", 4, "value-update", 4);
  append_large (expected, "probe", 4, "value-update", 3);
  client_expect (bob, expected->str);
  fixture_publish (fixture, "other", NULL, "say", "now");
  client_expect (bob, OF ("other", "5", "said", "now"));
}

/* While streams are touched without end, each at its own times. */
static void
test_joins_busy (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Client) ann = client_new (fixture, "probe", "ann", NULL), bob = NULL;
  gint64 until = g_get_monotonic_time () + 10 * G_USEC_PER_SEC;

  fixture_publish (fixture, "probe", NULL, "set", "x");
  fixture_publish (fixture, "other", NULL, "set", "x");
  bob = client_new_combined (fixture, probe_other, "bob", NULL);
  while (strstr (bob->text->str, "other/value\n") == NULL)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, until);
      fixture_publish (fixture, "probe", NULL, "set", "y");
      fixture_publish (fixture, "other", NULL, "set", "y");
      client_read (bob, 0);
      client_read (ann, 0);
    }
  fixture_publish (fixture, "probe", NULL, "set", "last");
  while (strstr (bob->text->str, "last") == NULL || strstr (ann->text->str, "last") == NULL)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, until);
      g_main_context_iteration (NULL, FALSE);
      client_read (bob, 1);
      client_read (ann, 1);
    }
}

static void
on_listed (GObject *hub, GAsyncResult *result, gpointer n)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) clients = sse_hub_list_clients_finish (SSE_HUB (hub), result, &error);

  g_assert_no_error (error);
  *(guint *) n = clients->len;
}

static guint
list (Fixture *fixture, const char *stream)
{
  guint n = G_MAXUINT;

  sse_hub_list_clients_async (fixture->hub, stream, 0, on_listed, &n);
  while (n == G_MAXUINT)
    g_main_context_iteration (NULL, TRUE);
  return n;
}

static void
wait_left (Fixture *fixture, SseCloseReason reason, guint n)
{
  for (guint i = 0; i < 2; i++)
    {
      SseStream *stream = sse_hub_get_stream (fixture->hub, probe_other[i]);

      while (sse_stream_get_counters (stream)->left[reason] < n)
        g_main_context_iteration (NULL, TRUE);
      g_assert_cmpuint (sse_stream_get_counters (stream)->left[reason], ==, n);
    }
}

/* As many as there are, or more for a moment. */
static void
on_changed (SseStream *stream, gpointer fixture)
{
  g_assert_cmpuint (sse_hub_get_n_clients (((Fixture *) fixture)->hub), <, 10);
}

/* It counts in each of its streams, and is listed there. */
static void
test_counts (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Client) ann = client_new_combined (fixture, probe_other, "ann", NULL);
  g_autoptr (Client) dan = client_new (fixture, "other", "dan", NULL);

  client_expect (ann, HEAD FIRST ("probe", "0", "value", "-") OF ("other", "0", "value", "-"));
  client_expect (dan, START ("0", "-"));
  g_assert_cmpuint (count (fixture, "probe"), ==, 1);
  g_assert_cmpuint (count (fixture, "other"), ==, 2);
  g_assert_cmpuint (sse_hub_get_n_clients (fixture->hub), ==, 2);
  g_assert_cmpuint (list (fixture, "probe"), ==, 1);
  g_assert_cmpuint (list (fixture, "other"), ==, 2);
  g_clear_pointer (&ann, client_free);
  wait_left (fixture, SSE_CLOSE_GONE, 1);
  g_assert_cmpuint (count (fixture, "probe"), ==, 0);
  g_assert_cmpuint (count (fixture, "other"), ==, 1);
  g_assert_cmpuint (list (fixture, "probe"), ==, 0);
  g_assert_cmpuint (sse_hub_get_n_clients (fixture->hub), ==, 1);

  g_clear_pointer (&dan, client_free);
  ann = client_new_combined (fixture, probe_other, "ann", NULL);
  while (sse_hub_get_n_clients (fixture->hub) > 1)
    g_main_context_iteration (NULL, TRUE);
  for (guint i = 0; i < 2; i++)
    g_signal_connect (sse_hub_get_stream (fixture->hub, probe_other[i]), "changed",
                      G_CALLBACK (on_changed), fixture);
  g_clear_pointer (&ann, client_free);
  while (sse_hub_get_n_clients (fixture->hub) > 0)
    g_main_context_iteration (NULL, TRUE);
}

static void
on_revoked (GObject *hub, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GPtrArray) outcomes = sse_hub_publish_finish (SSE_HUB (hub), result, NULL);

  g_assert_nonnull (outcomes);
}

/* Also of one that waits for a rendering. */
static void
test_revoke (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Client) ann = client_new_combined (fixture, probe_other, "ann", NULL), late = NULL;
  g_autoptr (Client) bob = client_new_combined (fixture, probe_other, "bob", NULL);

  client_expect (ann, HEAD FIRST ("probe", "0", "value", "-") OF ("other", "0", "value", "-"));
  client_expect (bob, HEAD FIRST ("probe", "0", "value", "-") OF ("other", "0", "value", "-"));
  fixture_set_conflate (fixture, 600000);
  fixture_publish (fixture, "probe", NULL, "set", "x");
  late = client_new_combined (fixture, probe_other, "ann", NULL);
  sse_hub_revoke_async (fixture->hub, "ann", on_revoked, NULL);
  test_log_finish (fixture->log, TRUE);
  wait_left (fixture, SSE_CLOSE_REVOKED, 2);
  client_expect (late, HEAD);
  g_assert_cmpuint (count (fixture, "probe"), ==, 1);
  g_assert_cmpuint (count (fixture, "other"), ==, 1);
}

/* Nobody waits any more when the hub takes no more updates; who still does is closed with it. */
static void
test_stop_waiting (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Client) ann = client_new_combined (fixture, probe_other, "ann", NULL), late = NULL;

  client_expect (ann, HEAD FIRST ("probe", "0", "value", "-") OF ("other", "0", "value", "-"));
  fixture_set_conflate (fixture, 600000);
  fixture_publish (fixture, "probe", NULL, "set", "x");
  late = client_new_combined (fixture, probe_other, "eve", NULL);
  g_assert_false (sse_hub_is_quiet (fixture->hub));
  sse_hub_close (fixture->hub);
  while (!sse_hub_is_quiet (fixture->hub))
    g_main_context_iteration (NULL, TRUE);
  client_expect (late, HEAD FIRST ("probe", "1", "value", "x") OF ("other", "1", "value", "x"));
}

static void
test_closed_waiting (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Client) ann = client_new_combined (fixture, probe_other, "ann", NULL), late = NULL;

  client_expect (ann, HEAD FIRST ("probe", "0", "value", "-") OF ("other", "0", "value", "-"));
  fixture_set_conflate (fixture, 600000);
  fixture_publish (fixture, "probe", NULL, "set", "x");
  late = client_new_combined (fixture, probe_other, "eve", NULL);
  g_assert_cmpuint (count (fixture, "other"), ==, 2);
  sse_hub_stop (fixture->hub);
  g_assert_false (client_read (late, 10000));
  g_assert_cmpuint (sse_hub_get_n_clients (fixture->hub), ==, 0);
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
  add ("/core/hub-combined/order", test_order);
  add ("/core/hub-combined/personal", test_personal);
  add ("/core/hub-combined/cut-in-between", test_cut_in_between);
  add ("/core/hub-combined/resume", test_resume);
  add ("/core/hub-combined/catch-up", test_catch_up);
  add ("/core/hub-combined/joins-busy", test_joins_busy);
  add ("/core/hub-combined/counts", test_counts);
  add ("/core/hub-combined/revoke", test_revoke);
  add ("/core/hub-combined/stop-waiting", test_stop_waiting);
  add ("/core/hub-combined/closed-waiting", test_closed_waiting);
  return g_test_run ();
}
