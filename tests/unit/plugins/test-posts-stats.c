/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "sse-posts.h"
#include "sse-test-source.h"

enum
{
  STATS,
  POSTS,
};

#define P(id, status)        "{'id':" #id ",'status':'" #status "'}"
#define AT(id, status, time) "{'id':" #id ",'status':'" #status "','createdAt':'" time "'}"
#define POST(post)           "{'type':'post','post':" post "}"
#define DELETE(id)           "{'type':'post-delete','postId':" #id "}"
#define S(d, r, s, p, f)                                                                           \
  "{'drafts':" #d ",'ready':" #r ",'scheduled':" #s ",'published':" #p ",'failed':" #f "}"
#define L(d, r, s, p, f)                                                                           \
  "{'drafts':[" d "],'ready':[" r "],'scheduled':[" s "],'published':[" p "],'failed':[" f "]}"
#define SET(d, r, s, p, f)   "{'type':'stats','stats':" S (d, r, s, p, f) "}"
#define LISTS(d, r, s, p, f) "{'type':'posts-by-status','postsByStatus':" L (d, r, s, p, f) "}"

#define T1 "2024-01-01T00:00:01Z"
#define T2 "2024-01-01T00:00:02Z"
#define T3 "2024-01-01T00:00:03Z"

static void
assert_stats (SseTestSource *test, const char *audience, const char *stats)
{
  g_autofree char *members = g_strdup_printf ("'stats':%s", stats);

  sse_test_source_assert_view (test, STATS, audience, members);
}

static void
assert_posts (SseTestSource *test, const char *audience, const char *posts)
{
  g_autofree char *members = g_strdup_printf ("'postsByStatus':%s", posts);

  sse_test_source_assert_view (test, POSTS, audience, members);
}

static void
assert_touched (SseTestSource *test, SseTouch stats, SseTouch posts)
{
  sse_test_source_assert_event (test, NULL, NULL);
  sse_test_source_assert_touch (test, STATS, stats);
  sse_test_source_assert_touch (test, POSTS, posts);
}

static void
test_declares (void)
{
  g_autoptr (SseTestSource) test = sse_test_source_new ();
  const SseView *views = sse_source_get_views (test->source);

  g_assert_cmpstr (sse_source_get_stream (test->source), ==, "posts-stats");
  g_assert_cmpstr (sse_source_get_path (test->source), ==, "/github/posts/stats/stream");
  g_assert_cmpstr (views[STATS].initial_type, ==, "stats");
  g_assert_cmpstr (views[STATS].update_type, ==, "stats-update");
  g_assert_cmpstr (views[POSTS].initial_type, ==, "posts-by-status");
  g_assert_cmpstr (views[POSTS].update_type, ==, "posts-update");
  g_assert_null (views[2].initial_type);
  g_assert_null (sse_source_get_events (test->source)[0]);
  g_assert_null (sse_source_get_follows (test->source)[0]);
  g_assert_null (sse_source_get_settings (test->source)[0].key);
}

static void
test_post (void)
{
  g_autoptr (SseTestSource) test = sse_test_source_new ();

  assert_stats (test, NULL, S (0, 0, 0, 0, 0));
  assert_posts (test, NULL, L ("", "", "", "", ""));

  sse_test_source_apply (test, NULL, POST (P (1, draft)));
  assert_touched (test, SSE_TOUCH_SEND, SSE_TOUCH_SEND);
  sse_test_source_apply (test, NULL, POST (P (2, ready)));
  sse_test_source_apply (test, NULL, POST (P ('x', scheduled)));
  sse_test_source_apply (test, NULL, POST (P (-4, published)));
  sse_test_source_apply (
      test, NULL, POST ("{'status':'failed','createdAt':null,'t':'é\\n','id':'5','x':[{}]}"));
  assert_stats (test, NULL, S (1, 1, 1, 1, 1));
  assert_posts (test, NULL,
                L (P (1, draft), P (2, ready), P ('x', scheduled), P (-4, published),
                   "{'status':'failed','createdAt':null,'t':'é\\n','id':'5','x':[{}]}"));
}

static void
test_post_replaces (void)
{
  g_autoptr (SseTestSource) test = sse_test_source_new ();

  sse_test_source_apply (test, NULL, POST (P (1, draft)));
  sse_test_source_apply (test, NULL, POST (P (2, draft)));
  sse_test_source_apply (test, NULL, POST ("{'id':'1','status':'draft','x':1}"));
  assert_stats (test, NULL, S (2, 0, 0, 0, 0));
  assert_posts (test, NULL, L ("{'id':'1','status':'draft','x':1}," P (2, draft), "", "", "", ""));

  sse_test_source_apply (test, NULL, POST (P (1, published)));
  assert_stats (test, NULL, S (1, 0, 0, 1, 0));
  assert_posts (test, NULL, L (P (2, draft), "", "", P (1, published), ""));

  /* The same again is the newest accepted, and sent. */
  sse_test_source_apply (test, NULL, POST (P (3, draft)));
  sse_test_source_apply (test, NULL, POST (P (2, draft)));
  assert_touched (test, SSE_TOUCH_SEND, SSE_TOUCH_SEND);
  assert_posts (test, NULL, L (P (2, draft) "," P (3, draft), "", "", P (1, published), ""));
}

static void
test_post_delete (void)
{
  g_autoptr (SseTestSource) test = sse_test_source_new ();

  sse_test_source_apply (test, NULL, POST (P (1, draft)));
  sse_test_source_apply (test, NULL, POST (P ('a', draft)));
  sse_test_source_refuse (test, NULL, DELETE (2),
                          "postId: no post with this id is known for everyone");
  sse_test_source_refuse (test, "u", DELETE (1),
                          "postId: no post with this id is known for this audience");
  sse_test_source_apply (test, NULL, DELETE ('1'));
  assert_touched (test, SSE_TOUCH_SEND, SSE_TOUCH_SEND);
  assert_stats (test, NULL, S (1, 0, 0, 0, 0));
  sse_test_source_refuse (test, NULL, DELETE (1), "postId: ");
  sse_test_source_apply (test, NULL, DELETE ('a'));
  assert_posts (test, NULL, L ("", "", "", "", ""));
}

static void
test_order (void)
{
  g_autoptr (SseTestSource) test = sse_test_source_new ();

  /* 2 and 3 are the same instant; 4 has none; 5's is null, which is none. */
  sse_test_source_apply (test, NULL, POST (AT (1, draft, "2024-01-01T00:00:00Z")));
  sse_test_source_apply (test, NULL, POST (AT (2, draft, "2024-01-01T00:00:00.5Z")));
  sse_test_source_apply (test, NULL, POST (AT (3, draft, "2024-01-01T01:00:00.500+01:00")));
  sse_test_source_apply (test, NULL, POST (P (4, draft)));
  sse_test_source_apply (test, NULL, POST ("{'id':5,'status':'draft','createdAt':null}"));
  sse_test_source_apply (test, NULL, POST (AT (6, draft, "0001-01-01T00:00:00Z")));
  assert_posts (
      test, NULL,
      L (AT (3, draft, "2024-01-01T01:00:00.500+01:00") "," AT (
             2, draft,
             "2024-01-01T00:00:00.5Z") "," AT (1, draft,
                                               "2024-01-01T00:00:00Z") "," AT (6, draft,
                                                                               "0001-01-01T00:00:"
                                                                               "00Z") ","
                                                                                      "{'id':5,'"
                                                                                      "status':'"
                                                                                      "draft','"
                                                                                      "createdAt':"
                                                                                      "null}," P (
                                                                                          4, draft),
         "", "", "", ""));
}

static void
test_posts_by_status (void)
{
  g_autoptr (SseTestSource) test = sse_test_source_new ();

  sse_test_source_apply (test, NULL, POST (P (1, draft)));
  sse_test_source_apply (test, "u", POST (P (1, draft)));
  sse_test_source_apply (test, NULL, SET (9, 9, 9, 9, 9));
  sse_test_source_apply (test, NULL,
                         LISTS (P (7, draft) "," AT (8, draft, T1) "," P (9, draft), "", "",
                                P (1, published) "," P ('x', published), ""));
  assert_touched (test, SSE_TOUCH_SEND, SSE_TOUCH_SEND);
  assert_stats (test, NULL, S (3, 0, 0, 2, 0));
  assert_posts (test, NULL,
                L (AT (8, draft, T1) "," P (7, draft) "," P (9, draft), "", "",
                   P (1, published) "," P ('x', published), ""));
  assert_stats (test, "u", S (4, 0, 0, 2, 0));

  sse_test_source_apply (test, NULL, LISTS ("", "", "", "", ""));
  assert_stats (test, NULL, S (0, 0, 0, 0, 0));
  assert_posts (test, "u", L (P (1, draft), "", "", "", ""));
}

static void
test_stats (void)
{
  g_autoptr (SseTestSource) test = sse_test_source_new ();

  sse_test_source_apply (test, NULL, POST (P (1, draft)));
  sse_test_source_apply (test, NULL, SET (5, 2, 3, 10, 0));
  assert_touched (test, SSE_TOUCH_SEND, SSE_TOUCH_NONE);
  assert_stats (test, NULL, S (5, 2, 3, 10, 0));
  assert_posts (test, NULL, L (P (1, draft), "", "", "", ""));

  sse_test_source_apply (test, NULL, POST (P (2, failed)));
  sse_test_source_apply (test, NULL, POST (P (1, published)));
  assert_stats (test, NULL, S (4, 2, 3, 11, 1));

  /* Below 0 it shows 0, and remembers how far below. */
  sse_test_source_apply (test, NULL, SET (0, 0, 0, 0, 0));
  sse_test_source_apply (test, NULL, DELETE (1));
  assert_stats (test, NULL, S (0, 0, 0, 0, 0));
  sse_test_source_apply (test, NULL, POST (P (3, published)));
  assert_stats (test, NULL, S (0, 0, 0, 0, 0));
  sse_test_source_apply (test, NULL, POST (P (4, published)));
  assert_stats (test, NULL, S (0, 0, 0, 1, 0));

  sse_test_source_apply (test, NULL, SET (0, 0, 0, 9007199254740991, 0));
  assert_stats (test, NULL, S (0, 0, 0, 9007199254740991, 0));
}

static void
test_audiences (void)
{
  g_autoptr (SseTestSource) test = sse_test_source_new ();

  sse_test_source_apply (test, NULL, POST (AT (1, draft, T1)));
  sse_test_source_apply (test, "a", POST (AT (1, draft, T2)));
  sse_test_source_apply (test, "a", POST (AT (2, draft, T1)));
  sse_test_source_apply (test, NULL, POST (AT (3, draft, T1)));
  sse_test_source_apply (test, "b", SET (10, 0, 0, 0, 1));

  assert_stats (test, NULL, S (2, 0, 0, 0, 0));
  assert_stats (test, "a", S (4, 0, 0, 0, 0));
  assert_stats (test, "b", S (12, 0, 0, 0, 1));
  assert_stats (test, "c", S (2, 0, 0, 0, 0));
  assert_posts (test, NULL, L (AT (3, draft, T1) "," AT (1, draft, T1), "", "", "", ""));
  assert_posts (
      test, "a",
      L (AT (1, draft, T2) "," AT (3, draft, T1) "," AT (2, draft, T1) "," AT (1, draft, T1), "",
         "", "", ""));
  assert_posts (test, "b", L (AT (3, draft, T1) "," AT (1, draft, T1), "", "", "", ""));
  g_assert_true (sse_source_has_audience (test->source, "a"));
  g_assert_true (sse_source_has_audience (test->source, "b"));
  g_assert_false (sse_source_has_audience (test->source, "c"));

  sse_test_source_apply (test, "a", POST (P (1, ready)));
  assert_stats (test, "a", S (3, 1, 0, 0, 0));
  sse_test_source_apply (test, "a", DELETE (1));
  assert_stats (test, NULL, S (2, 0, 0, 0, 0));
  sse_test_source_apply (test, "a", LISTS ("", "", "", "", ""));
  sse_test_source_apply (test, "b", SET (0, 0, 0, 0, 0));
  g_assert_false (sse_source_has_audience (test->source, "a"));
  g_assert_false (sse_source_has_audience (test->source, "b"));

  /* Each counter is shown as 0 at least before they are added up. */
  sse_test_source_apply (test, "a", POST (P (1, draft)));
  sse_test_source_apply (test, "a", SET (0, 0, 0, 0, 0));
  sse_test_source_apply (test, "a", DELETE (1));
  assert_stats (test, "a", S (2, 0, 0, 0, 0));
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
    { "{'type':'posts'}",
      "type: unknown to this stream; there are post, post-delete, posts-by-status, stats" },
    { "{'type':'post'}", "post: missing; an object is needed" },
    { POST ("'x'"), "post: must be an object" },
    { POST ("{'status':'draft'}"), "post.id: missing; a string or an integer is needed" },
    { POST (P (1.5, draft)), "post.id: must be" },
    { POST (P ('', draft)), "post.id: must be" },
    { POST (P (null, draft)), "post.id: must be" },
    { POST ("{'id':1}"), "post.status: missing" },
    { POST ("{'id':1,'status':1}"), "post.status: must be a string" },
    { POST (P (1, drafts)),
      "post.status: unknown; there are draft, ready, scheduled, published, failed" },
    { POST (AT (1, draft, "now")), "post.createdAt: must be null or a time as RFC 3339" },
    { POST (AT (1, draft, "")), "post.createdAt: must be null or a time" },
    { POST ("{'id':1,'status':'draft','createdAt':1700000000}"), "post.createdAt: must be" },

    { "{'type':'post-delete'}", "postId: missing; a string or an integer is needed" },
    { DELETE (''), "postId: must be a string that is not empty, or an integer" },
    { DELETE ([]), "postId: must be" },

    { "{'type':'stats'}", "stats: missing; an object is needed" },
    { "{'type':'stats','stats':{}}", "stats.drafts: missing; an integer is needed" },
    { "{'type':'stats','stats':{'drafts':1,'ready':2,'scheduled':3,'published':4}}",
      "stats.failed: missing" },
    { SET (0, -1, 0, 0, 0), "stats.ready: must be an integer of 0 or more" },
    { SET (0, 0, 0, '1', 0), "stats.published: must be an integer of 0 or more" },
    { "{'type':'stats','stats':{'drafts':0,'ready':0,'scheduled':0,'published':0,'failed':0,"
      "'draft':0}}",
      "stats.draft: unknown; there are drafts, ready, scheduled, published, failed" },

    { "{'type':'posts-by-status'}", "postsByStatus: missing; an object is needed" },
    { "{'type':'posts-by-status','postsByStatus':{'drafts':[],'ready':[],'scheduled':[],"
      "'failed':[]}}",
      "postsByStatus.published: missing; an array is needed" },
    { "{'type':'posts-by-status','postsByStatus':{'drafts':[],'ready':[],'scheduled':[],"
      "'published':{},'failed':[]}}",
      "postsByStatus.published: must be an array" },
    { "{'type':'posts-by-status','postsByStatus':{'drafts':[],'ready':[],'scheduled':[],"
      "'published':[],'failed':[],'x':[]}}",
      "postsByStatus.x: unknown; there are drafts" },
    { LISTS ("", "1", "", "", ""), "postsByStatus.ready[0]: must be an object" },
    { LISTS ("", "", "", "", P (1, failed) ",{'id':2}"), "postsByStatus.failed[1].status: miss" },
    { LISTS (P (1, draft) "," P (2, ready), "", "", "", ""),
      "postsByStatus.drafts[1].status: not that of the list" },
    { LISTS (P (1, draft), P ('1', ready), "", "", ""),
      "postsByStatus.ready[0].id: in the lists for the second time" },
    { LISTS ("", P (1, ready) "," P (1, ready), "", "", ""),
      "postsByStatus.ready[1].id: in the lists for the second time" },
    { LISTS ("", "", AT (1, scheduled, "x"), "", ""),
      "postsByStatus.scheduled[0].createdAt: must be" },
  };

  sse_test_source_apply (test, NULL, POST (P (1, draft)));
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    sse_test_source_refuse_invalid (test, cases[i].json, cases[i].message);
}

static void
test_size (void)
{
  g_autoptr (SseTestSource) test = sse_test_source_new ();
  gsize rest = strlen ("{'id':1,'status':'draft','x':''}");
  g_autofree char *most = g_strnfill (16384 - rest, 'x');
  g_autofree char *more = g_strnfill (16385 - rest, 'x');
  g_autofree char *post = g_strdup_printf (POST ("{'id':1,'status':'draft','x':'%s'}"), more);
  g_autofree char *list
      = g_strdup_printf (LISTS ("{'id':1,'status':'draft','x':'%s'}", "", "", "", ""), more);

  sse_test_source_apply (test, NULL, POST ("{'id':1,'status':'draft','x':'%s'}"), most);
  sse_test_source_refuse_invalid (test, post, "post: 16385 bytes as JSON; at most 16384 are taken");
  sse_test_source_refuse_invalid (test, list, "postsByStatus.drafts[0]: 16385 bytes as JSON");
}

/* Drafts from @first to @last, either way round, created as many seconds later as their ids say. */
static char *
make_drafts (int first, int last)
{
  GString *json = g_string_new (NULL);
  int step = first <= last ? 1 : -1;

  for (int i = first; i != last + step; i += step)
    g_string_append_printf (json,
                            "%s{'id':%d,'status':'draft','createdAt':'2024-01-01T00:%02d:%02dZ'}",
                            i != first ? "," : "", i, i / 60, i % 60);
  return g_string_free (json, FALSE);
}

static void
assert_drafts (SseTestSource *test, const char *audience, const char *drafts)
{
  g_autofree char *lists = g_strdup_printf (L ("%s", "", "", "", ""), drafts);

  assert_posts (test, audience, lists);
}

static void
test_keeps_a_hundred (void)
{
  g_autoptr (SseTestSource) test = sse_test_source_new ();
  g_autofree char *all = make_drafts (1, 150);
  g_autofree char *newest = make_drafts (150, 51);
  g_autofree char *less = make_drafts (149, 51);
  g_autofree char *with_old = NULL;
  g_autofree char *with_again = NULL;

  sse_test_source_apply (test, NULL, LISTS ("%s", "", "", "", ""), all);
  assert_stats (test, NULL, S (150, 0, 0, 0, 0));
  assert_drafts (test, NULL, newest);

  /* A deletion does not refill; what comes next does, be it older than those that are gone. */
  sse_test_source_apply (test, NULL, DELETE (150));
  assert_drafts (test, NULL, less);
  assert_stats (test, NULL, S (149, 0, 0, 0, 0));
  sse_test_source_apply (test, NULL, POST (P (0, draft)));
  with_old = g_strdup_printf ("%s," P (0, draft), less);
  assert_drafts (test, NULL, with_old);
  assert_stats (test, NULL, S (150, 0, 0, 0, 0));

  /* One that is known by its id alone can be deleted, move, and come back in full. */
  sse_test_source_apply (test, NULL, DELETE (1));
  sse_test_source_apply (test, NULL, POST (P (2, failed)));
  assert_stats (test, NULL, S (148, 0, 0, 0, 1));
  sse_test_source_apply (test, NULL, DELETE (2));
  sse_test_source_apply (test, NULL, POST (AT (3, draft, "2024-01-01T01:00:00Z")));
  with_again = g_strdup_printf (AT (3, draft, "2024-01-01T01:00:00Z") ",%s", less);
  assert_drafts (test, NULL, with_again);
  assert_stats (test, NULL, S (148, 0, 0, 0, 0));

  /* One that is older than all hundred is reduced at once. */
  sse_test_source_apply (test, NULL, POST (P (4, draft)));
  assert_drafts (test, NULL, with_again);
  assert_stats (test, NULL, S (148, 0, 0, 0, 0));
}

static void
test_shows_a_hundred (void)
{
  g_autoptr (SseTestSource) test = sse_test_source_new ();
  g_autofree char *everyones = make_drafts (1, 80);
  g_autofree char *own = make_drafts (81, 140);
  g_autofree char *shown = make_drafts (140, 41);

  sse_test_source_apply (test, NULL, LISTS ("%s", "", "", "", ""), everyones);
  sse_test_source_apply (test, "a", LISTS ("%s", "", "", "", ""), own);
  assert_drafts (test, "a", shown);
  assert_stats (test, "a", S (140, 0, 0, 0, 0));
}

static JsonObject *
parse (const char *text)
{
  g_autofree char *json = sse_test_json (text);
  g_autoptr (JsonNode) node = sse_json_parse (json, strlen (json), NULL);

  return json_object_ref (json_node_get_object (node));
}

static void
assert_refused (gboolean ok, GError **error, const char *message)
{
  g_assert_false (ok);
  g_assert_error (*error, SSE_ERROR, SSE_ERROR_REFUSED);
  g_assert_cmpstr ((*error)->message, ==, message);
  g_clear_error (error);
}

static void
test_bounds (void)
{
  g_autoptr (SsePosts) posts = sse_posts_new (3, 2, 1000);
  g_autoptr (JsonObject) one = parse (P (1, draft));
  g_autoptr (JsonObject) two = parse (P (2, ready));
  g_autoptr (JsonObject) three = parse (P (3, ready));
  g_autoptr (JsonObject) lists = parse (L (P (1, draft) "," P (2, draft), "", "", "", ""));
  g_autoptr (JsonObject) counters = parse (S (1, 0, 0, 0, 0));
  g_autoptr (GError) error = NULL;
  const char *too_many = "audience: the stream knows 2 audiences already, and no more are taken";

  g_assert_true (sse_posts_put (posts, "a", one, NULL));
  g_assert_true (sse_posts_set_counters (posts, "b", counters, NULL));
  assert_refused (sse_posts_put (posts, "c", one, &error), &error, too_many);
  assert_refused (sse_posts_replace (posts, "c", lists, &error), &error, too_many);
  assert_refused (sse_posts_set_counters (posts, "c", counters, &error), &error, too_many);

  g_assert_true (sse_posts_replace (posts, NULL, lists, NULL));
  assert_refused (sse_posts_put (posts, "a", two, &error), &error,
                  "post: the stream would know more than 3 posts");
  assert_refused (sse_posts_put (posts, NULL, three, &error), &error,
                  "post: the stream would know more than 3 posts");
  assert_refused (sse_posts_replace (posts, "b", lists, &error), &error,
                  "postsByStatus: the stream would know more than 3 posts");
  g_assert_cmpint (sse_audience_posts_get_counter (sse_posts_find (posts, "b"), 0), ==, 1);
  g_assert_true (sse_posts_replace (posts, NULL, lists, NULL));
  g_assert_true (sse_posts_put (posts, NULL, two, NULL));

  g_assert_true (sse_posts_delete (posts, "a", "1", NULL));
  g_assert_true (sse_posts_put (posts, "c", one, NULL));
}

static void
test_bound_of_bytes (void)
{
  g_autoptr (JsonObject) one = parse (P (1, draft)); /* 25 bytes, and 1 for the id */
  g_autoptr (JsonObject) longer = parse (P (1, published));
  g_autoptr (JsonObject) lists = parse (L (P (1, draft) "," P (2, draft), "", "", "", ""));
  g_autoptr (SsePosts) posts = sse_posts_new (100, 100, 2 * 26 + 3);
  g_autoptr (GError) error = NULL;

  g_assert_true (sse_posts_put (posts, "abc", one, NULL));
  g_assert_true (sse_posts_put (posts, NULL, one, NULL));
  assert_refused (sse_posts_put (posts, NULL, longer, &error), &error,
                  "post: the stream would keep more than 55 bytes");
  assert_refused (sse_posts_put (posts, "x", one, &error), &error,
                  "post: the stream would keep more than 55 bytes");
  assert_refused (sse_posts_replace (posts, "abc", lists, &error), &error,
                  "postsByStatus: the stream would keep more than 55 bytes");
  g_assert_true (sse_posts_delete (posts, "abc", "1", NULL));
  g_assert_true (sse_posts_replace (posts, NULL, lists, NULL));
  g_assert_cmpuint (posts->bytes, ==, 52);
}

/* What a post would take is known before it is put, whatever it replaces, pushes out of the list or
 * is itself too old for. */
static void
test_bytes_are_foreseen (void)
{
  g_autoptr (SseAudiencePosts) posts = sse_audience_posts_new ();

  for (guint64 i = 0; i < 3000; i++)
    {
      g_autofree char *fill = g_strnfill ((gsize) g_test_rand_int_range (0, 50), 'x');
      g_autofree char *text = g_strdup_printf (
          "{'id':%d,'status':'%s','x':'%s','createdAt':'2024-01-01T00:00:%02dZ'}",
          g_test_rand_int_range (0, 300), g_test_rand_int_range (0, 4) == 0 ? "failed" : "draft",
          fill, g_test_rand_int_range (0, 60));
      g_autoptr (JsonObject) object = parse (text);
      SsePost *post = sse_post_new (object, i);
      gsize foreseen = sse_audience_posts_bytes_with (posts, post);
      gsize bytes = 0;
      GHashTableIter iter;
      gpointer value;

      sse_audience_posts_put (posts, post);
      g_hash_table_iter_init (&iter, posts->posts);
      while (g_hash_table_iter_next (&iter, NULL, &value))
        bytes += sse_post_get_bytes (value);
      g_assert_cmpuint (posts->bytes, ==, bytes);
      g_assert_cmpuint (foreseen, ==, bytes);
    }
  g_assert_cmpuint (sse_audience_posts_get_size (posts), >, 200);
}

static void
test_bound_of_posts (void)
{
  g_autoptr (SseTestSource) test = sse_test_source_new ();
  g_autoptr (SseTestSource) restored = NULL;
  g_autoptr (GString) many = g_string_new (NULL);

  /* Half of them for each of 50,000 users, half for everyone. */
  for (guint i = 0; i < 50000; i++)
    {
      char audience[16];

      g_snprintf (audience, sizeof audience, "%u", i);
      sse_test_source_apply (test, audience, POST (P (1, draft)));
      g_string_append_printf (many, "%s{'id':%u,'status':'ready'}", i > 0 ? "," : "", i);
    }
  sse_test_source_apply (test, NULL, LISTS ("", "%s", "", "", ""), many->str);
  assert_stats (test, "7", S (1, 50000, 0, 0, 0));

  sse_test_source_refuse (test, NULL, POST (P (50000, ready)),
                          "post: the stream would know more than 100000 posts");
  sse_test_source_refuse (test, "new", POST (P (1, draft)), "post: the stream would know more");
  sse_test_source_refuse (test, "7", LISTS (P (1, draft) "," P (2, draft), "", "", "", ""),
                          "postsByStatus: the stream would know more than 100000 posts");
  sse_test_source_apply (test, NULL, POST (P (49999, draft)));
  sse_test_source_apply (test, NULL, DELETE (5));
  sse_test_source_apply (test, "7", POST (P (2, draft)));

  restored = sse_test_source_new_restored (test);
  sse_test_source_assert_same (test, restored);
  sse_test_source_refuse (restored, NULL, POST (P (50000, ready)), "post: ");
}

static void
test_bound_of_audiences (void)
{
  g_autoptr (SseTestSource) test = sse_test_source_new ();

  for (guint i = 0; i < 100000; i++)
    {
      char audience[16];

      g_snprintf (audience, sizeof audience, "%u", i);
      sse_test_source_apply (test, audience, SET (1, 0, 0, 0, 0));
    }
  sse_test_source_refuse (test, "new", SET (1, 0, 0, 0, 0),
                          "audience: the stream knows 100000 audiences already");
  sse_test_source_refuse (test, "new", POST (P (1, draft)), "audience: ");
  sse_test_source_apply (test, NULL, POST (P (1, draft)));
  sse_test_source_apply (test, "7", POST (P (1, draft)));
  sse_test_source_apply (test, "8", SET (0, 0, 0, 0, 0));
  sse_test_source_apply (test, "new", SET (1, 0, 0, 0, 0));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/posts-stats/declares", test_declares);
  g_test_add_func ("/posts-stats/post", test_post);
  g_test_add_func ("/posts-stats/post-replaces", test_post_replaces);
  g_test_add_func ("/posts-stats/post-delete", test_post_delete);
  g_test_add_func ("/posts-stats/order", test_order);
  g_test_add_func ("/posts-stats/posts-by-status", test_posts_by_status);
  g_test_add_func ("/posts-stats/stats", test_stats);
  g_test_add_func ("/posts-stats/audiences", test_audiences);
  g_test_add_func ("/posts-stats/wrong-shape", test_wrong_shape);
  g_test_add_func ("/posts-stats/size", test_size);
  g_test_add_func ("/posts-stats/keeps-a-hundred", test_keeps_a_hundred);
  g_test_add_func ("/posts-stats/shows-a-hundred", test_shows_a_hundred);
  g_test_add_func ("/posts-stats/bounds", test_bounds);
  g_test_add_func ("/posts-stats/bound-of-bytes", test_bound_of_bytes);
  g_test_add_func ("/posts-stats/bytes-are-foreseen", test_bytes_are_foreseen);
  g_test_add_func ("/posts-stats/bound-of-posts", test_bound_of_posts);
  g_test_add_func ("/posts-stats/bound-of-audiences", test_bound_of_audiences);
  return g_test_run ();
}
