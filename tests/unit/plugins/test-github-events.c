/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "sse-github-key.h"
#include "sse-test-source.h"

/* An event with every member of its own, and what makes an update of it. */
#define E(id, time)                                                                                \
  "{'delivery_id':'" id "','event':'push','repo_full_name':'u/r','status':'done',"                 \
  "'received_at':'" time "'}"
#define NEW(event)   "{'type':'new-event','event':" event "}"
#define DELETE(id)   "{'type':'event-delete','eventId':'" id "'}"
#define LIST(items)  "{'type':'events','events':[" items "]}"
#define SHOWN(items) "'events':[" items "]"

#define T1 "2024-01-01T00:00:01Z"
#define T2 "2024-01-01T00:00:02Z"
#define T3 "2024-01-01T00:00:03Z"

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

static char *
make_list (guint first, guint n)
{
  GString *json = g_string_new (NULL);

  for (guint i = 0; i < n; i++)
    g_string_append_printf (json,
                            "%s{'delivery_id':'%u','event':'e','repo_full_name':'r',"
                            "'status':'s','received_at':'" T1 "'}",
                            i > 0 ? "," : "", first + i);
  return g_string_free (json, FALSE);
}

static void
apply_list (SseTestSource *test, const char *audience, guint first, guint n)
{
  g_autofree char *items = make_list (first, n);

  sse_test_source_apply (test, audience, LIST ("%s"), items);
}

static void
apply_new (SseTestSource *test, const char *audience, guint id)
{
  g_autofree char *event = make_list (id, 1);

  sse_test_source_apply (test, audience, NEW ("%s"), event);
}

static void
test_shows_fifty (void)
{
  g_autoptr (SseTestSource) test = sse_test_source_new ();
  g_autofree char *own = make_list (1000, 1);
  g_autofree char *fifty = make_list (0, 50);
  g_autofree char *others = make_list (0, 49);
  g_autofree char *next = make_list (1, 50);
  g_autofree char *own_view = g_strdup_printf (SHOWN ("%s,%s"), own, others);
  g_autofree char *view = g_strdup_printf (SHOWN ("%s"), fifty);
  g_autofree char *next_view = g_strdup_printf (SHOWN ("%s"), next);

  apply_list (test, NULL, 0, 60);
  apply_list (test, "a", 1000, 1);
  sse_test_source_assert_view (test, 0, NULL, view);
  sse_test_source_assert_view (test, 0, "a", own_view);

  sse_test_source_apply (test, NULL, DELETE ("0"));
  sse_test_source_assert_view (test, 0, NULL, next_view);
}

static void
test_keeps_a_thousand (void)
{
  g_autoptr (SseTestSource) test = sse_test_source_new ();

  apply_new (test, "a", 1);
  apply_new (test, NULL, 1);
  for (guint i = 2; i <= 1000; i++)
    apply_new (test, i % 2 != 0 ? NULL : "b", i);

  /* The oldest accepted went, whoever it was for; that its id is known is not forgotten. */
  sse_test_source_refuse (test, "a", DELETE ("1"), "eventId: ");
  sse_test_source_unchanged (test, "a", NEW (E ("1", T1)));
  g_assert_false (sse_source_has_audience (test->source, "a"));
  sse_test_source_apply (test, NULL, "{'type':'event-update','event':{'delivery_id':'1'}}");
  apply_new (test, NULL, 1001);
  sse_test_source_refuse (test, NULL, "{'type':'event-update','event':{'delivery_id':'1'}}",
                          "event.delivery_id: ");
  sse_test_source_apply (test, "b", DELETE ("2"));
  apply_new (test, NULL, 1002);
  sse_test_source_apply (test, NULL, DELETE ("3"));
}

static void
test_long_list (void)
{
  g_autoptr (SseTestSource) test = sse_test_source_new ();

  apply_new (test, "a", 7);
  apply_list (test, NULL, 0, 1500);
  sse_test_source_refuse (test, "a", DELETE ("7"), "eventId: ");
  sse_test_source_apply (test, NULL, DELETE ("0"));
  sse_test_source_apply (test, NULL, DELETE ("999"));
  sse_test_source_refuse (test, NULL, DELETE ("1000"), "eventId: ");
  sse_test_source_unchanged (test, NULL,
                             NEW ("{'delivery_id':'1499','event':'e','repo_full_name':'r'}"));

  /* 998 are kept: two more fit, for the next one 998 goes, the oldest accepted of the list. */
  apply_new (test, "a", 1);
  apply_new (test, "a", 2);
  apply_new (test, "a", 3);
  sse_test_source_refuse (test, NULL, DELETE ("998"), "eventId: ");
  sse_test_source_apply (test, NULL, DELETE ("997"));
}

static void
test_recognises_ten_thousand (void)
{
  g_autoptr (SseTestSource) test = sse_test_source_new ();

  apply_new (test, "a", 1);
  apply_new (test, "a", 2);
  for (guint i = 0; i < 10; i++)
    {
      apply_list (test, "b", i * 998, 998);
      apply_list (test, "b", 0, 0);
    }
  for (guint i = 0; i < 19; i++)
    apply_new (test, NULL, i);

  /* These are 2 + 9,980 + 19: a's 1 is too old by one, and is known only because it is kept. */
  sse_test_source_unchanged (test, "a", NEW (E ("1", T1)));
  sse_test_source_apply (test, "a", DELETE ("1"));
  apply_new (test, "a", 1);

  /* That forgot a's 2, which is kept. The next to go are those of the first list, last ones first,
   * which were replaced long ago. */
  sse_test_source_unchanged (test, "b", NEW (E ("0", T1)));
  sse_test_source_unchanged (test, "b", NEW (E ("997", T1)));
  apply_new (test, NULL, 19);
  sse_test_source_apply (test, "b", NEW (E ("997", T1)));
  sse_test_source_apply (test, "b", NEW (E ("996", T1)));
  sse_test_source_unchanged (test, "b", NEW (E ("994", T1)));
}

static void
test_list_renews_ids (void)
{
  g_autoptr (SseTestSource) test = sse_test_source_new ();

  apply_new (test, NULL, 1);
  apply_list (test, "b", 0, 5000);
  apply_list (test, NULL, 1, 1);
  apply_list (test, "b", 5000, 5000);
  /* Of 10,001 pairs the oldest went: b's 4999, not everyone's 1. */
  sse_test_source_apply (test, NULL, LIST (""));
  sse_test_source_unchanged (test, NULL, NEW (E ("1", T1)));
  sse_test_source_unchanged (test, "b", NEW (E ("4998", T1)));
  sse_test_source_apply (test, "b", NEW (E ("4999", T1)));
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

static void
test_state (void)
{
  g_autoptr (SseTestSource) a = sse_test_source_new ();
  g_autoptr (SseTestSource) b = sse_test_source_new ();
  g_autoptr (SseTestSource) restored = NULL;

  sse_test_source_assert_saved (a, "([], [])");
  sse_test_source_apply (a, NULL, NEW (E ("1", T1)));
  sse_test_source_apply (a, "x", NEW (E ("2", T1)));
  sse_test_source_apply (a, NULL, NEW (E ("3", T2)));
  sse_test_source_apply (a, NULL, DELETE ("1"));

  b->now += 12345678;
  sse_test_source_apply (b, NULL, LIST (E ("1", T3)));
  sse_test_source_apply (b, NULL, LIST (""));
  sse_test_source_apply (b, "x",
                         NEW ("{'delivery_id':'2','event':'pull','repo_full_name':'r',"
                              "'status':'done'}"));
  sse_test_source_apply (b, NULL, LIST (E ("3", T2)));
  sse_test_source_apply (b, "x",
                         "{'type':'event-update','event':{'delivery_id':'2','repo_full_name':'u/r',"
                         "'event':'push','received_at':'" T1 "'}}");
  sse_test_source_assert_same (a, b);

  restored = sse_test_source_new_restored (a);
  sse_test_source_assert_same (a, restored);
  sse_test_source_assert_view (restored, 0, NULL, SHOWN (E ("3", T2)));
  sse_test_source_assert_view (restored, 0, "x", SHOWN (E ("3", T2) "," E ("2", T1)));
  sse_test_source_unchanged (restored, NULL, NEW (E ("1", T1)));
  sse_test_source_apply (restored, NULL, NEW (E ("4", T1)));
  sse_test_source_apply (a, NULL, NEW (E ("4", T1)));
  sse_test_source_assert_same (a, restored);
}

static void
test_bad_state (void)
{
#define TYPE "@(a(mss)a(mss)) "
#define SAVED(id)                                                                                  \
  "\"{\\\"delivery_id\\\":\\\"" id "\\\",\\\"event\\\":\\\"e\\\",\\\"repo_full_name\\\":"          \
  "\\\"r\\\",\\\"status\\\":\\\"s\\\",\\\"received_at\\\":\\\"" T1 "\\\"}\""
  static const struct
  {
    const char *text;
    const char *message;
  } cases[] = {
    { "'x'", "state: of the type s; (a(mss)a(mss)) is needed" },
    { TYPE "([(nothing, '')], [])", "not JSON: " },
    { TYPE "([(nothing, '[]')], [])", "not a JSON object" },
    { TYPE "([(nothing, '{}')], [])", "state.delivery_id: missing" },
    { TYPE "([(nothing, '{ }')], [])", "state: an object that is not encoded" },
    { TYPE "([(nothing, '{\"delivery_id\":\"1\",\"event\":\"e\",\"repo_full_name\":\"r\"}')], "
           "[])",
      "state: an event without status or received_at" },
    { TYPE "([(nothing, " SAVED ("1") "), ('x', " SAVED ("1") "), (nothing, " SAVED ("1") ")], "
                                                                                          "[])",
      "state: an event for the second time" },
    { TYPE "([('', " SAVED ("1") ")], [])", "state: an empty audience" },
    { TYPE "([], [('', '1')])", "state: an empty audience" },
    { TYPE "([], [('x', '')])", "state: an id that is empty or" },
    { TYPE "([], [('x', '1'), (nothing, '1'), ('x', '1')])", "state: an id that is empty or" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    sse_test_source_assert_bad (cases[i].text, cases[i].message);
#undef SAVED
#undef TYPE
}

static void
assert_rows (guint n_events, guint n_ids, const char *message)
{
  g_autoptr (SseTestSource) test = sse_test_source_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) state = NULL;
  GVariantBuilder events;
  GVariantBuilder ids;

  g_variant_builder_init (&events, G_VARIANT_TYPE ("a(mss)"));
  g_variant_builder_init (&ids, G_VARIANT_TYPE ("a(mss)"));
  for (guint i = 0; i < n_events; i++)
    {
      g_autofree char *event = make_list (i, 1);
      g_autofree char *json = sse_test_json (event);

      g_variant_builder_add (&events, "(mss)", NULL, json);
    }
  for (guint i = 0; i < n_ids; i++)
    {
      g_autofree char *id = g_strdup_printf ("%u", i);

      g_variant_builder_add (&ids, "(mss)", NULL, id);
    }
  state = g_variant_ref_sink (g_variant_new ("(a(mss)a(mss))", &events, &ids));
  g_assert_cmpint (sse_source_restore (test->source, state, &error), ==, message == NULL);
  g_assert_cmpstr (error != NULL ? error->message : NULL, ==, message);
}

static void
test_state_bounds (void)
{
  assert_rows (1000, 10000, NULL);
  assert_rows (1001, 0, "state: more than 1000 events");
  assert_rows (0, 10001, "state: more than 10000 ids");
}

static void
test_numbers_come_back (void)
{
  for (guint i = 0; i < 3000; i++)
    {
      g_autoptr (SseTestSource) test = sse_test_source_new ();
      g_autoptr (SseTestSource) restored = NULL;
      union
      {
        guint64 bits;
        double value;
      } number;
      char text[G_ASCII_DTOSTR_BUF_SIZE];

      number.bits = (guint64) g_test_rand_int () << 32 | (guint32) g_test_rand_int ();
      if (!(number.value < 1e308 && number.value > -1e308))
        continue;
      g_ascii_dtostr (text, sizeof text, number.value);
      if (strpbrk (text, ".e") == NULL)
        continue; /* an integer */
      sse_test_source_apply (test, NULL,
                             "{'type':'new-event','event':{'delivery_id':'1','event':'e',"
                             "'repo_full_name':'r','x':%s}}",
                             text);
      restored = sse_test_source_new_restored (test);
      sse_test_source_assert_same (test, restored);
    }
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
  g_test_add_func ("/github-events/shows-fifty", test_shows_fifty);
  g_test_add_func ("/github-events/keeps-a-thousand", test_keeps_a_thousand);
  g_test_add_func ("/github-events/long-list", test_long_list);
  g_test_add_func ("/github-events/recognises-ten-thousand", test_recognises_ten_thousand);
  g_test_add_func ("/github-events/list-renews-ids", test_list_renews_ids);
  g_test_add_func ("/github-events/key", test_key);
  g_test_add_func ("/github-events/state", test_state);
  g_test_add_func ("/github-events/bad-state", test_bad_state);
  g_test_add_func ("/github-events/state-bounds", test_state_bounds);
  g_test_add_func ("/github-events/numbers-come-back", test_numbers_come_back);
  return g_test_run ();
}
