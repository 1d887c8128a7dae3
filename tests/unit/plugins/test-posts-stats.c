/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "sse-test-posts.h"

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

  sse_test_posts_assert_stats (test, NULL, S (0, 0, 0, 0, 0));
  sse_test_posts_assert_posts (test, NULL, L ("", "", "", "", ""));

  sse_test_source_apply (test, NULL, POST (P (1, draft)));
  assert_touched (test, SSE_TOUCH_SEND, SSE_TOUCH_SEND);
  sse_test_source_apply (test, NULL, POST (P (2, ready)));
  sse_test_source_apply (test, NULL, POST (P ('x', scheduled)));
  sse_test_source_apply (test, NULL, POST (P (-4, published)));
  sse_test_source_apply (
      test, NULL, POST ("{'status':'failed','createdAt':null,'t':'é\\n','id':'5','x':[{}]}"));
  sse_test_posts_assert_stats (test, NULL, S (1, 1, 1, 1, 1));
  sse_test_posts_assert_posts (
      test, NULL,
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
  sse_test_posts_assert_stats (test, NULL, S (2, 0, 0, 0, 0));
  sse_test_posts_assert_posts (
      test, NULL, L ("{'id':'1','status':'draft','x':1}," P (2, draft), "", "", "", ""));

  sse_test_source_apply (test, NULL, POST (P (1, published)));
  sse_test_posts_assert_stats (test, NULL, S (1, 0, 0, 1, 0));
  sse_test_posts_assert_posts (test, NULL, L (P (2, draft), "", "", P (1, published), ""));

  /* The same again is the newest accepted, and sent. */
  sse_test_source_apply (test, NULL, POST (P (3, draft)));
  sse_test_source_apply (test, NULL, POST (P (2, draft)));
  assert_touched (test, SSE_TOUCH_SEND, SSE_TOUCH_SEND);
  sse_test_posts_assert_posts (test, NULL,
                               L (P (2, draft) "," P (3, draft), "", "", P (1, published), ""));
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
  sse_test_posts_assert_stats (test, NULL, S (1, 0, 0, 0, 0));
  sse_test_source_refuse (test, NULL, DELETE (1), "postId: ");
  sse_test_source_apply (test, NULL, DELETE ('a'));
  sse_test_posts_assert_posts (test, NULL, L ("", "", "", "", ""));
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
  sse_test_posts_assert_posts (
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
  sse_test_posts_assert_stats (test, NULL, S (3, 0, 0, 2, 0));
  sse_test_posts_assert_posts (test, NULL,
                               L (AT (8, draft, T1) "," P (7, draft) "," P (9, draft), "", "",
                                  P (1, published) "," P ('x', published), ""));
  sse_test_posts_assert_stats (test, "u", S (4, 0, 0, 2, 0));

  sse_test_source_apply (test, NULL, LISTS ("", "", "", "", ""));
  sse_test_posts_assert_stats (test, NULL, S (0, 0, 0, 0, 0));
  sse_test_posts_assert_posts (test, "u", L (P (1, draft), "", "", "", ""));
}

static void
test_stats (void)
{
  g_autoptr (SseTestSource) test = sse_test_source_new ();

  sse_test_source_apply (test, NULL, POST (P (1, draft)));
  sse_test_source_apply (test, NULL, SET (5, 2, 3, 10, 0));
  assert_touched (test, SSE_TOUCH_SEND, SSE_TOUCH_NONE);
  sse_test_posts_assert_stats (test, NULL, S (5, 2, 3, 10, 0));
  sse_test_posts_assert_posts (test, NULL, L (P (1, draft), "", "", "", ""));

  sse_test_source_apply (test, NULL, POST (P (2, failed)));
  sse_test_source_apply (test, NULL, POST (P (1, published)));
  sse_test_posts_assert_stats (test, NULL, S (4, 2, 3, 11, 1));

  /* Below 0 it shows 0, and remembers how far below. */
  sse_test_source_apply (test, NULL, SET (0, 0, 0, 0, 0));
  sse_test_source_apply (test, NULL, DELETE (1));
  sse_test_posts_assert_stats (test, NULL, S (0, 0, 0, 0, 0));
  sse_test_source_apply (test, NULL, POST (P (3, published)));
  sse_test_posts_assert_stats (test, NULL, S (0, 0, 0, 0, 0));
  sse_test_source_apply (test, NULL, POST (P (4, published)));
  sse_test_posts_assert_stats (test, NULL, S (0, 0, 0, 1, 0));

  sse_test_source_apply (test, NULL, SET (0, 0, 0, 9007199254740991, 0));
  sse_test_posts_assert_stats (test, NULL, S (0, 0, 0, 9007199254740991, 0));
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

  sse_test_posts_assert_stats (test, NULL, S (2, 0, 0, 0, 0));
  sse_test_posts_assert_stats (test, "a", S (4, 0, 0, 0, 0));
  sse_test_posts_assert_stats (test, "b", S (12, 0, 0, 0, 1));
  sse_test_posts_assert_stats (test, "c", S (2, 0, 0, 0, 0));
  sse_test_posts_assert_posts (test, NULL,
                               L (AT (3, draft, T1) "," AT (1, draft, T1), "", "", "", ""));
  sse_test_posts_assert_posts (
      test, "a",
      L (AT (1, draft, T2) "," AT (3, draft, T1) "," AT (2, draft, T1) "," AT (1, draft, T1), "",
         "", "", ""));
  sse_test_posts_assert_posts (test, "b",
                               L (AT (3, draft, T1) "," AT (1, draft, T1), "", "", "", ""));
  g_assert_true (sse_source_has_audience (test->source, "a"));
  g_assert_true (sse_source_has_audience (test->source, "b"));
  g_assert_false (sse_source_has_audience (test->source, "c"));

  sse_test_source_apply (test, "a", POST (P (1, ready)));
  sse_test_posts_assert_stats (test, "a", S (3, 1, 0, 0, 0));
  sse_test_source_apply (test, "a", DELETE (1));
  sse_test_posts_assert_stats (test, NULL, S (2, 0, 0, 0, 0));
  sse_test_source_apply (test, "a", LISTS ("", "", "", "", ""));
  sse_test_source_apply (test, "b", SET (0, 0, 0, 0, 0));
  g_assert_false (sse_source_has_audience (test->source, "a"));
  g_assert_false (sse_source_has_audience (test->source, "b"));

  /* Each counter is shown as 0 at least before they are added up. */
  sse_test_source_apply (test, "a", POST (P (1, draft)));
  sse_test_source_apply (test, "a", SET (0, 0, 0, 0, 0));
  sse_test_source_apply (test, "a", DELETE (1));
  sse_test_posts_assert_stats (test, "a", S (2, 0, 0, 0, 0));
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
    { POST ("{'id':'','status':'draft'}"), "post.id: must be" },
    { POST (P (null, draft)), "post.id: must be" },
    { POST ("{'id':1}"), "post.status: missing" },
    { POST ("{'id':1,'status':1}"), "post.status: must be a string" },
    { POST (P (1, drafts)),
      "post.status: unknown; there are draft, ready, scheduled, published, failed" },
    { POST (AT (1, draft, "now")), "post.createdAt: must be null or a time as RFC 3339" },
    { POST (AT (1, draft, "")), "post.createdAt: must be null or a time" },
    { POST ("{'id':1,'status':'draft','createdAt':1700000000}"), "post.createdAt: must be" },

    { "{'type':'post-delete'}", "postId: missing; a string or an integer is needed" },
    { "{'type':'post-delete','postId':''}",
      "postId: must be a string that is not empty, or an integer" },
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
  return g_test_run ();
}
