/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-event-counts.h"
#include "sse-test-source.h"

#define NEW    "{'type':'new-event','event':{'delivery_id':'1'}}"
#define UPDATE "{'type':'event-update','event':{'delivery_id':'1'}}"
#define DELETE "{'type':'event-delete','eventId':'1'}"

static void
follow (SseTestSource *test, const char *audience, const char *json, SseVerdict expected)
{
  g_autoptr (GError) error = NULL;
  SseVerdict verdict = sse_test_source_publish (test, "github-events", audience, json, &error);

  g_assert_no_error (error);
  g_assert_cmpint (verdict, ==, expected);
  sse_test_source_assert_event (test, NULL, NULL);
  sse_test_source_assert_touch (test, 0,
                                expected == SSE_VERDICT_APPLIED ? SSE_TOUCH_SEND : SSE_TOUCH_NONE);
}

static void
test_declares (void)
{
  g_autoptr (SseTestSource) test = sse_test_source_new ();
  const SseView *views = sse_source_get_views (test->source);
  const char *const *follows = sse_source_get_follows (test->source);

  g_assert_cmpstr (sse_source_get_stream (test->source), ==, "events-count");
  g_assert_cmpstr (sse_source_get_path (test->source), ==, "/github/events/length/stream");
  g_assert_cmpstr (views[0].initial_type, ==, "count");
  g_assert_cmpstr (views[0].update_type, ==, "count");
  g_assert_null (views[1].initial_type);
  g_assert_cmpstr (follows[0], ==, "github-events");
  g_assert_null (follows[1]);
  g_assert_null (sse_source_get_events (test->source)[0]);
  g_assert_null (sse_source_get_settings (test->source)[0].key);
}

static void
test_follows (void)
{
  g_autoptr (SseTestSource) test = sse_test_source_new ();

  sse_test_source_assert_view (test, 0, NULL, "'count':0");
  follow (test, NULL, NEW, SSE_VERDICT_APPLIED);
  follow (test, NULL, NEW, SSE_VERDICT_APPLIED);
  sse_test_source_assert_view (test, 0, NULL, "'count':2");
  follow (test, NULL, UPDATE, SSE_VERDICT_UNCHANGED);
  follow (test, NULL, "{'type':'something-new'}", SSE_VERDICT_UNCHANGED);
  sse_test_source_assert_view (test, 0, NULL, "'count':2");
  follow (test, NULL, DELETE, SSE_VERDICT_APPLIED);
  sse_test_source_assert_view (test, 0, NULL, "'count':1");
  follow (test, NULL, "{'type':'events','events':[{},{},{}]}", SSE_VERDICT_APPLIED);
  sse_test_source_assert_view (test, 0, NULL, "'count':3");
  follow (test, NULL, "{'type':'events','events':[{},{},{}]}", SSE_VERDICT_APPLIED);
  follow (test, NULL, "{'type':'events','events':[]}", SSE_VERDICT_APPLIED);
  sse_test_source_assert_view (test, 0, NULL, "'count':0");
  follow (test, NULL, DELETE, SSE_VERDICT_UNCHANGED);
  sse_test_source_assert_view (test, 0, NULL, "'count':0");
}

static void
test_set (void)
{
  g_autoptr (SseTestSource) test = sse_test_source_new ();

  sse_test_source_apply (test, NULL, "{'type':'count','count':150}");
  sse_test_source_assert_touch (test, 0, SSE_TOUCH_SEND);
  sse_test_source_assert_view (test, 0, NULL, "'count':150");
  sse_test_source_apply (test, NULL, "{'type':'count','count':150}");
  sse_test_source_assert_touch (test, 0, SSE_TOUCH_SEND);
  follow (test, NULL, NEW, SSE_VERDICT_APPLIED);
  sse_test_source_assert_view (test, 0, NULL, "'count':151");
  sse_test_source_apply (test, NULL, "{'type':'count','count':9007199254740991}");
  sse_test_source_assert_view (test, 0, NULL, "'count':9007199254740991");
}

static void
test_audiences (void)
{
  g_autoptr (SseTestSource) test = sse_test_source_new ();

  sse_test_source_apply (test, NULL, "{'type':'count','count':10}");
  follow (test, "a", NEW, SSE_VERDICT_APPLIED);
  sse_test_source_apply (test, "b", "{'type':'count','count':5}");
  sse_test_source_assert_view (test, 0, NULL, "'count':10");
  sse_test_source_assert_view (test, 0, "a", "'count':11");
  sse_test_source_assert_view (test, 0, "b", "'count':15");
  sse_test_source_assert_view (test, 0, "c", "'count':10");
  g_assert_true (sse_source_has_audience (test->source, "a"));
  g_assert_false (sse_source_has_audience (test->source, "c"));

  follow (test, "a", DELETE, SSE_VERDICT_APPLIED);
  follow (test, "a", DELETE, SSE_VERDICT_UNCHANGED);
  sse_test_source_assert_view (test, 0, "a", "'count':10");
  g_assert_false (sse_source_has_audience (test->source, "a"));
  follow (test, "b", "{'type':'events','events':[]}", SSE_VERDICT_APPLIED);
  g_assert_false (sse_source_has_audience (test->source, "b"));
  sse_test_source_assert_saved (test, "(10, [])");
}

static void
test_wrong_shape (void)
{
  g_autoptr (SseTestSource) test = sse_test_source_new ();

  sse_test_source_refuse_invalid (test, "{'type':'new-event'}",
                                  "type: unknown to this stream; there are count");
  sse_test_source_refuse_invalid (test, "{'type':'count'}", "count: missing; an integer is needed");
  sse_test_source_refuse_invalid (test, "{'type':'count','count':-1}",
                                  "count: must be an integer of 0 or more");
  sse_test_source_refuse_invalid (test, "{'type':'count','count':'1'}",
                                  "count: must be an integer of 0 or more");
  sse_test_source_refuse_invalid (test, "{'type':'count','count':1.0}",
                                  "count: must be an integer of 0 or more");
}

static void
test_bounds (void)
{
  g_autoptr (SseEventCounts) counts = sse_event_counts_new (2, 5);
  g_autoptr (GError) error = NULL;

  g_assert_true (sse_event_counts_set (counts, "aa", 1, NULL));
  g_assert_false (sse_event_counts_set (counts, "bbbb", 1, &error));
  g_assert_error (error, SSE_ERROR, SSE_ERROR_REFUSED);
  g_assert_cmpstr (error->message, ==, "audience: the stream would keep more than 5 bytes");
  g_clear_error (&error);
  g_assert_true (sse_event_counts_set (counts, "bbb", 1, NULL));
  g_assert_false (sse_event_counts_set (counts, "", 1, &error));
  g_assert_cmpstr (error->message, ==,
                   "audience: the stream knows 2 audiences already, and no more are taken");

  g_assert_true (sse_event_counts_set (counts, "new", 0, NULL));
  g_assert_true (sse_event_counts_set (counts, "bbb", 2, NULL));
  g_assert_true (sse_event_counts_set (counts, "bbb", 0, NULL));
  g_assert_true (sse_event_counts_set (counts, "new", 1, NULL));
}

static void
test_bound_of_audiences (void)
{
  g_autoptr (SseTestSource) test = sse_test_source_new ();
  g_autoptr (SseTestSource) restored = NULL;
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 100000; i++)
    {
      char audience[16];

      g_snprintf (audience, sizeof audience, "%u", i);
      follow (test, audience, NEW, SSE_VERDICT_APPLIED);
    }
  g_assert_cmpint (sse_test_source_publish (test, "github-events", "one more", NEW, &error), ==,
                   SSE_VERDICT_REFUSED);
  g_assert_error (error, SSE_ERROR, SSE_ERROR_REFUSED);
  sse_test_source_refuse (test, "one more", "{'type':'count','count':1}",
                          "audience: the stream knows 100000");
  sse_test_source_apply (test, "one more", "{'type':'count','count':0}");

  restored = sse_test_source_new_restored (test);
  sse_test_source_assert_same (test, restored);
  sse_test_source_refuse (restored, "one more", "{'type':'count','count':1}", "audience: ");
  follow (restored, "7", DELETE, SSE_VERDICT_APPLIED);
  sse_test_source_apply (restored, "one more", "{'type':'count','count':1}");
}

static void
test_state (void)
{
  g_autoptr (SseTestSource) a = sse_test_source_new ();
  g_autoptr (SseTestSource) b = sse_test_source_new ();
  g_autoptr (SseTestSource) restored = NULL;

  sse_test_source_assert_saved (a, "(0, [])");
  follow (a, "b", NEW, SSE_VERDICT_APPLIED);
  follow (a, "a", NEW, SSE_VERDICT_APPLIED);
  follow (a, NULL, NEW, SSE_VERDICT_APPLIED);

  sse_test_source_apply (b, NULL, "{'type':'count','count':1}");
  follow (b, "c", NEW, SSE_VERDICT_APPLIED);
  sse_test_source_apply (b, "a", "{'type':'count','count':1}");
  follow (b, "b", "{'type':'events','events':[{}]}", SSE_VERDICT_APPLIED);
  follow (b, "c", DELETE, SSE_VERDICT_APPLIED);
  sse_test_source_assert_same (a, b);
  sse_test_source_assert_saved (a, "(1, [('a', 1), ('b', 1)])");

  restored = sse_test_source_new_restored (a);
  sse_test_source_assert_same (a, restored);
  follow (restored, "b", NEW, SSE_VERDICT_APPLIED);
  sse_test_source_assert_view (restored, 0, "b", "'count':3");
}

static void
test_bad_state (void)
{
  sse_test_source_assert_bad ("1", "state: of the type i; (xa(sx)) is needed");
  sse_test_source_assert_bad ("@(xa(sx)) (-1, [])", "state: a count below 0");
  sse_test_source_assert_bad ("@(xa(sx)) (9223372036854775807, [])", "state: a count below 0");
  sse_test_source_assert_bad ("@(xa(sx)) (0, [('a', 0)])", "state: a user's count");
  sse_test_source_assert_bad ("@(xa(sx)) (0, [('a', 9223372036854775807)])",
                              "state: a user's count");
  sse_test_source_assert_bad ("@(xa(sx)) (0, [('', 1)])", "state: an empty audience");
  sse_test_source_assert_bad ("@(xa(sx)) (0, [('b', 1), ('a', 1)])",
                              "state: audiences out of order");
  sse_test_source_assert_bad ("@(xa(sx)) (0, [('a', 1), ('a', 1)])",
                              "state: audiences out of order");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/events-count/declares", test_declares);
  g_test_add_func ("/events-count/follows", test_follows);
  g_test_add_func ("/events-count/set", test_set);
  g_test_add_func ("/events-count/audiences", test_audiences);
  g_test_add_func ("/events-count/wrong-shape", test_wrong_shape);
  g_test_add_func ("/events-count/bounds", test_bounds);
  g_test_add_func ("/events-count/bound-of-audiences", test_bound_of_audiences);
  g_test_add_func ("/events-count/state", test_state);
  g_test_add_func ("/events-count/bad-state", test_bad_state);
  return g_test_run ();
}
