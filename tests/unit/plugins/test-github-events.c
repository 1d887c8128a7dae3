/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "sse-github-key.h"
#include "sse-test-github.h"

static void
test_declares (void)
{
  g_autoptr (SseTestSource) test = sse_test_source_new ();
  const SseView *views = sse_source_get_views (test->source);
  const char *const *events = sse_source_get_events (test->source);

  g_assert_cmpstr (sse_source_get_stream (test->source), ==, "github-events");
  g_assert_cmpstr (sse_source_get_path (test->source), ==, "/github/events/stream");
  g_assert_cmpstr (views[0].initial_type, ==, "events");
  g_assert_cmpstr (views[0].update_type, ==, "events-update");
  g_assert_null (views[1].initial_type);
  g_assert_cmpstr (events[0], ==, "new-event");
  g_assert_cmpstr (events[1], ==, "event-update");
  g_assert_cmpstr (events[2], ==, "event-delete");
  g_assert_null (events[3]);
  g_assert_null (sse_source_get_follows (test->source)[0]);
}

static void
test_new_event (void)
{
  g_autoptr (SseTestSource) test = sse_test_source_new ();

  sse_test_source_assert_view (test, 0, NULL, SHOWN (""));
  sse_test_source_apply (test, NULL, NEW (E ("1", T1)));
  sse_test_source_assert_event (test, "new-event", "'event':" E ("1", T1));
  sse_test_source_assert_touch (test, 0, SSE_TOUCH_STALE);
  sse_test_source_assert_view (test, 0, NULL, SHOWN (E ("1", T1)));
}

static void
test_defaults (void)
{
  g_autoptr (SseTestSource) test = sse_test_source_new ();

  sse_test_source_apply (test, NULL,
                         "{'more':1,'event':{'x':{'y':[null,true]},'repo_full_name':'u/r', "
                         "'event':'push','delivery_id':'1'},'type':'new-event'}");
  sse_test_source_assert_event (
      test, "new-event",
      "'event':{'x':{'y':[null,true]},'repo_full_name':'u/r','event':'push','delivery_id':'1',"
      "'status':'pending','received_at':'2024-05-06T07:08:09.123Z'}");

  sse_test_source_apply (test, NULL,
                         "{'type':'new-event','event':{'delivery_id':'2','event':'push',"
                         "'received_at':'" T1 "','repo_full_name':'u/r'}}");
  sse_test_source_assert_event (test, "new-event",
                                "'event':{'delivery_id':'2','event':'push','received_at':'" T1
                                "','repo_full_name':'u/r','status':'pending'}");
}

static void
test_redelivery (void)
{
  g_autoptr (SseTestSource) test = sse_test_source_new ();

  sse_test_source_apply (test, NULL, NEW (E ("1", T1)));
  sse_test_source_unchanged (test, NULL, NEW (E ("1", T1)));
  sse_test_source_unchanged (test, NULL, NEW (E ("1", T2)));
  sse_test_source_apply (test, NULL, DELETE ("1"));
  sse_test_source_unchanged (test, NULL, NEW (E ("1", T1)));

  sse_test_source_apply (test, NULL, NEW (E ("2", T1)));
  sse_test_source_apply (test, NULL, LIST (E ("3", T1)));
  sse_test_source_unchanged (test, NULL, NEW (E ("2", T1)));
  sse_test_source_unchanged (test, NULL, NEW (E ("3", T1)));

  /* Another audience's event with that id is another event. */
  sse_test_source_apply (test, "42", NEW (E ("1", T1)));
  sse_test_source_unchanged (test, "42", NEW (E ("1", T1)));
  sse_test_source_apply (test, "43", NEW (E ("1", T1)));
}

static void
test_event_update (void)
{
  g_autoptr (SseTestSource) test = sse_test_source_new ();

  sse_test_source_apply (test, NULL, NEW (E ("1", T1)));
  sse_test_source_apply (test, NULL, NEW (E ("2", T2)));
  sse_test_source_apply (
      test, NULL,
      "{'type':'event-update','event':{'delivery_id':'1','new':[1],'status':'failed'}}");
  sse_test_source_assert_event (
      test, "event-update",
      "'event':{'delivery_id':'1','event':'push','repo_full_name':'u/r','status':'failed',"
      "'received_at':'" T1 "','new':[1]}");
  sse_test_source_assert_touch (test, 0, SSE_TOUCH_SEND);

  /* A later time puts it first; everything but the id may change. */
  sse_test_source_apply (test, NULL,
                         "{'type':'event-update','event':{'received_at':'" T3
                         "','event':'e','new':null,'repo_full_name':'r','delivery_id':'1'}}");
  sse_test_source_assert_view (test, 0, NULL,
                               SHOWN ("{'delivery_id':'1','event':'e','repo_full_name':'r',"
                                      "'status':'failed','received_at':'" T3
                                      "','new':null}," E ("2", T2)));

  sse_test_source_apply (test, NULL, "{'type':'event-update','event':{'delivery_id':'2'}}");
  sse_test_source_assert_event (test, "event-update", "'event':" E ("2", T2));
  sse_test_source_assert_touch (test, 0, SSE_TOUCH_SEND);
}

static void
test_event_delete (void)
{
  g_autoptr (SseTestSource) test = sse_test_source_new ();

  sse_test_source_apply (test, NULL, NEW (E ("é\\n", T1)));
  sse_test_source_apply (test, NULL, NEW (E ("2", T2)));
  sse_test_source_apply (test, NULL, DELETE ("é\\n"));
  sse_test_source_assert_event (test, "event-delete", "'eventId':'é\\n'");
  sse_test_source_assert_touch (test, 0, SSE_TOUCH_SEND);
  sse_test_source_assert_view (test, 0, NULL, SHOWN (E ("2", T2)));
}

static void
test_events (void)
{
  g_autoptr (SseTestSource) test = sse_test_source_new ();

  sse_test_source_apply (test, NULL, NEW (E ("1", T3)));
  sse_test_source_apply (test, NULL, LIST (E ("2", T1) "," E ("3", T2) "," E ("4", T1)));
  sse_test_source_assert_event (test, NULL, NULL);
  sse_test_source_assert_touch (test, 0, SSE_TOUCH_SEND);
  sse_test_source_assert_view (test, 0, NULL, SHOWN (E ("3", T2) "," E ("2", T1) "," E ("4", T1)));

  /* An event may come back by a list, deleted or not. */
  sse_test_source_apply (test, NULL, DELETE ("2"));
  sse_test_source_apply (test, NULL, LIST (E ("2", T1) "," E ("1", T1)));
  sse_test_source_assert_view (test, 0, NULL, SHOWN (E ("2", T1) "," E ("1", T1)));

  sse_test_source_apply (test, NULL, LIST (""));
  sse_test_source_assert_view (test, 0, NULL, SHOWN (""));

  sse_test_source_apply (test, NULL, LIST ("{'delivery_id':'9','event':'e','repo_full_name':'r'}"));
  sse_test_source_assert_view (test, 0, NULL,
                               SHOWN ("{'delivery_id':'9','event':'e','repo_full_name':'r',"
                                      "'status':'pending',"
                                      "'received_at':'2024-05-06T07:08:09.123Z'}"));
}

static void
test_order (void)
{
  g_autoptr (SseTestSource) test = sse_test_source_new ();

  /* 1 and 3 are the same instant, 2 is earlier though its text is greater. */
  sse_test_source_apply (test, NULL, NEW (E ("1", "2024-01-01T00:00:00Z")));
  sse_test_source_apply (test, NULL, NEW (E ("2", "2024-01-01T01:00:00+02:00")));
  sse_test_source_apply (test, NULL, NEW (E ("3", "2023-12-31T19:00:00.000-05:00")));
  sse_test_source_apply (test, NULL, NEW (E ("4", "2024-01-01T00:00:00.5z")));
  sse_test_source_assert_view (
      test, 0, NULL,
      SHOWN (E ("4", "2024-01-01T00:00:00.5z") "," E ("3", "2023-12-31T19:00:00.000-05:00") "," E (
          "1", "2024-01-01T00:00:00Z") "," E ("2", "2024-01-01T01:00:00+02:00")));

  /* An update does not make an event newer accepted. */
  sse_test_source_apply (test, NULL,
                         "{'type':'event-update','event':{'delivery_id':'1','status':'done'}}");
  sse_test_source_apply (test, NULL, DELETE ("4"));
  sse_test_source_apply (test, NULL, DELETE ("2"));
  sse_test_source_assert_view (
      test, 0, NULL,
      SHOWN (E ("3", "2023-12-31T19:00:00.000-05:00") "," E ("1", "2024-01-01T00:00:00Z")));
}

static void
test_audiences (void)
{
  g_autoptr (SseTestSource) test = sse_test_source_new ();

  sse_test_source_apply (test, NULL, NEW (E ("1", T1)));
  sse_test_source_apply (test, "a", NEW (E ("2", T1)));
  sse_test_source_apply (test, "b", NEW (E ("1", T3)));
  sse_test_source_apply (test, NULL, NEW (E ("3", T1)));

  sse_test_source_assert_view (test, 0, NULL, SHOWN (E ("3", T1) "," E ("1", T1)));
  sse_test_source_assert_view (test, 0, "a", SHOWN (E ("3", T1) "," E ("2", T1) "," E ("1", T1)));
  sse_test_source_assert_view (test, 0, "b", SHOWN (E ("1", T3) "," E ("3", T1) "," E ("1", T1)));
  sse_test_source_assert_view (test, 0, "c", SHOWN (E ("3", T1) "," E ("1", T1)));
  g_assert_true (sse_source_has_audience (test->source, "a"));
  g_assert_false (sse_source_has_audience (test->source, "c"));

  sse_test_source_refuse (test, "a", DELETE ("1"), "eventId: no event with this id is kept for");
  sse_test_source_refuse (test, NULL, DELETE ("2"), "eventId: no event with this id is kept for");
  sse_test_source_apply (test, "b", DELETE ("1"));
  g_assert_false (sse_source_has_audience (test->source, "b"));
  sse_test_source_assert_view (test, 0, "b", SHOWN (E ("3", T1) "," E ("1", T1)));

  sse_test_source_apply (test, NULL, LIST (E ("4", T1)));
  sse_test_source_assert_view (test, 0, "a", SHOWN (E ("4", T1) "," E ("2", T1)));
  sse_test_source_apply (test, "a", LIST (E ("5", T1)));
  sse_test_source_assert_view (test, 0, "a", SHOWN (E ("5", T1) "," E ("4", T1)));
  sse_test_source_assert_view (test, 0, NULL, SHOWN (E ("4", T1)));
  sse_test_source_apply (test, "a", LIST (""));
  g_assert_false (sse_source_has_audience (test->source, "a"));
}

static void
test_wrong_shape (void)
{
  g_autoptr (SseTestSource) test = sse_test_source_new ();
  static const struct
  {
    const char *json;
    const char *message;
  } cases[] = {
    { "{'type':'event'}",
      "type: unknown to this stream; there are new-event, event-update, event-delete, events" },
    { "{'type':'new-event'}", "event: missing; an object is needed" },
    { "{'type':'new-event','event':null}", "event: must be an object" },
    { NEW ("{'event':'e','repo_full_name':'r'}"),
      "event.delivery_id: missing; a string is needed" },
    { NEW ("{'delivery_id':1,'event':'e','repo_full_name':'r'}"), "event.delivery_id: must be" },
    { NEW ("{'delivery_id':'','event':'e','repo_full_name':'r'}"), "event.delivery_id: must be" },
    { NEW ("{'delivery_id':'1','repo_full_name':'r'}"), "event.event: missing" },
    { NEW ("{'delivery_id':'1','event':{},'repo_full_name':'r'}"), "event.event: must be" },
    { NEW ("{'delivery_id':'1','event':'e'}"), "event.repo_full_name: missing" },
    { NEW ("{'delivery_id':'1','event':'e','repo_full_name':''}"), "event.repo_full_name: must" },
    { NEW ("{'delivery_id':'1','event':'e','repo_full_name':'r','status':null}"),
      "event.status: must be a string" },
    { NEW ("{'delivery_id':'1','event':'e','repo_full_name':'r','received_at':1}"),
      "event.received_at: must be a string" },
    { NEW (E ("1", "yesterday")), "event.received_at: must be a time as RFC 3339 writes it" },
    { NEW (E ("1", "2024-01-01T00:00:00")), "event.received_at: must be a time" },
    { NEW (E ("1", "2024-02-30T00:00:00Z")), "event.received_at: must be a time" },

    { "{'type':'event-update'}", "event: missing" },
    { "{'type':'event-update','event':{'status':'x'}}", "event.delivery_id: missing" },
    { "{'type':'event-update','event':{'delivery_id':'1','event':1}}", "event.event: must" },
    { "{'type':'event-update','event':{'delivery_id':'1','repo_full_name':null}}",
      "event.repo_full_name: must be a string" },
    { "{'type':'event-update','event':{'delivery_id':'1','status':''}}", "event.status: must" },
    { "{'type':'event-update','event':{'delivery_id':'1','received_at':'x'}}",
      "event.received_at: must be a time" },

    { "{'type':'event-delete'}", "eventId: missing; a string is needed" },
    { "{'type':'event-delete','eventId':1}", "eventId: must be a string" },
    { "{'type':'event-delete','eventId':''}", "eventId: must be a string" },

    { "{'type':'events'}", "events: missing; an array is needed" },
    { "{'type':'events','events':{}}", "events: must be an array" },
    { LIST (E ("1", T1) ",1"), "events[1]: must be an object" },
    { LIST (E ("1", T1) "," E ("2", T1) ",{'delivery_id':'3','event':'e'}"),
      "events[2].repo_full_name: missing" },
    { LIST (E ("1", T1) "," E ("2", "x")), "events[1].received_at: must be a time" },
    { LIST (E ("1", T1) "," E ("2", T1) "," E ("1", T2)),
      "events[2].delivery_id: in the list for the second time" },
  };

  sse_test_source_apply (test, NULL, NEW (E ("1", T1)));
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    sse_test_source_refuse_invalid (test, cases[i].json, cases[i].message);
}

static void
test_unknown_ids (void)
{
  g_autoptr (SseTestSource) test = sse_test_source_new ();

  sse_test_source_refuse (test, NULL, "{'type':'event-update','event':{'delivery_id':'1'}}",
                          "event.delivery_id: no event with this id is kept for everyone");
  sse_test_source_refuse (test, NULL, DELETE ("1"),
                          "eventId: no event with this id is kept for everyone");
  sse_test_source_apply (test, NULL, NEW (E ("1", T1)));
  sse_test_source_apply (test, NULL, DELETE ("1"));
  sse_test_source_refuse (test, NULL, DELETE ("1"), "eventId: ");
}

/* An update of type @type whose event has @length bytes with @rest, which lacks one member. */
static char *
make_sized (const char *type, const char *rest, gsize length)
{
  g_autofree char *fill = g_strnfill (length - strlen ("{,'x':''}") - strlen (rest), 'x');

  return g_strdup_printf ("{'type':'%s','event':{%s,'x':'%s'}}", type, rest, fill);
}

static void
test_size (void)
{
  const char *bare = "'delivery_id':'1','event':'e','repo_full_name':'r'";
  const char *defaults = ",'status':'pending','received_at':'2024-05-06T07:08:09.123Z'";
  g_autoptr (SseTestSource) test = sse_test_source_new ();
  g_autofree char *most = make_sized ("new-event", bare, 16384 - strlen (defaults));
  g_autofree char *more = make_sized ("new-event", bare, 16385 - strlen (defaults));
  g_autofree char *change = make_sized ("event-update", "'delivery_id':'1'", 16384);
  g_autofree char *change_more = make_sized ("event-update", "'delivery_id':'1'", 16385);
  gsize length;

  sse_test_source_refuse_invalid (test, more,
                                  "event: 16385 bytes as JSON; at most 16384 are taken");
  sse_test_source_apply (test, NULL, "%s", most);
  sse_batch_get_members (test->batch, &length);
  g_assert_cmpuint (length, ==, strlen ("'event':") + 16384);

  sse_test_source_refuse_invalid (test, change_more, "event: 16385 bytes as JSON");
  sse_test_source_refuse (test, NULL, change, "event: with these changes it would have ");
  sse_test_source_refuse (
      test, NULL, "{'type':'event-update','event':{'delivery_id':'1','status':'pending2'}}",
      "event: with these changes it would have 16385 bytes as JSON; at most 16384 are kept");
  sse_test_source_apply (test, NULL,
                         "{'type':'event-update','event':{'delivery_id':'1','status':'deleted'}}");
}

static gboolean
same_key (const char *audience, const char *id, const char *other_audience, const char *other_id)
{
  SseGithubKey key;
  SseGithubKey other;
  gboolean same;

  sse_github_key_init (&key, audience, id);
  sse_github_key_init (&other, other_audience, other_id);
  same = sse_github_key_equal (&key, &other);
  g_assert_true (!same || sse_github_key_hash (&key) == sse_github_key_hash (&other));
  sse_github_key_clear (&key);
  sse_github_key_clear (&other);
  return same;
}

static void
test_key (void)
{
  g_assert_true (same_key ("a", "1", "a", "1"));
  g_assert_true (same_key (NULL, "1", NULL, "1"));
  g_assert_false (same_key ("a", "1", NULL, "1"));
  g_assert_false (same_key (NULL, "1", "a", "1"));
  g_assert_false (same_key ("a", "1", "b", "1"));
  g_assert_false (same_key ("a", "1", "a", "2"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/github-events/declares", test_declares);
  g_test_add_func ("/github-events/new-event", test_new_event);
  g_test_add_func ("/github-events/defaults", test_defaults);
  g_test_add_func ("/github-events/redelivery", test_redelivery);
  g_test_add_func ("/github-events/event-update", test_event_update);
  g_test_add_func ("/github-events/event-delete", test_event_delete);
  g_test_add_func ("/github-events/events", test_events);
  g_test_add_func ("/github-events/order", test_order);
  g_test_add_func ("/github-events/audiences", test_audiences);
  g_test_add_func ("/github-events/wrong-shape", test_wrong_shape);
  g_test_add_func ("/github-events/unknown-ids", test_unknown_ids);
  g_test_add_func ("/github-events/size", test_size);
  g_test_add_func ("/github-events/key", test_key);
  return g_test_run ();
}
