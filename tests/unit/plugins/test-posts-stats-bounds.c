/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "sse-posts.h"
#include "sse-test-posts.h"

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

  sse_test_posts_assert_posts (test, audience, lists);
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
  sse_test_posts_assert_stats (test, NULL, S (150, 0, 0, 0, 0));
  assert_drafts (test, NULL, newest);

  /* A deletion does not refill; what comes next does, be it older than those that are gone. */
  sse_test_source_apply (test, NULL, DELETE (150));
  assert_drafts (test, NULL, less);
  sse_test_posts_assert_stats (test, NULL, S (149, 0, 0, 0, 0));
  sse_test_source_apply (test, NULL, POST (P (0, draft)));
  with_old = g_strdup_printf ("%s," P (0, draft), less);
  assert_drafts (test, NULL, with_old);
  sse_test_posts_assert_stats (test, NULL, S (150, 0, 0, 0, 0));

  /* One that is known by its id alone can be deleted, move, and come back in full. */
  sse_test_source_apply (test, NULL, DELETE (1));
  sse_test_source_apply (test, NULL, POST (P (2, failed)));
  sse_test_posts_assert_stats (test, NULL, S (148, 0, 0, 0, 1));
  sse_test_source_apply (test, NULL, DELETE (2));
  sse_test_source_apply (test, NULL, POST (AT (3, draft, "2024-01-01T01:00:00Z")));
  with_again = g_strdup_printf (AT (3, draft, "2024-01-01T01:00:00Z") ",%s", less);
  assert_drafts (test, NULL, with_again);
  sse_test_posts_assert_stats (test, NULL, S (148, 0, 0, 0, 0));

  /* One that is older than all hundred is reduced at once. */
  sse_test_source_apply (test, NULL, POST (P (4, draft)));
  assert_drafts (test, NULL, with_again);
  sse_test_posts_assert_stats (test, NULL, S (148, 0, 0, 0, 0));
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
  sse_test_posts_assert_stats (test, "a", S (140, 0, 0, 0, 0));
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

  for (guint i = 0; i < 99998; i++)
    g_string_append_printf (many, "%s{'id':%u,'status':'ready'}", i > 0 ? "," : "", i);
  sse_test_source_apply (test, NULL, LISTS ("", "%s", "", "", ""), many->str);
  sse_test_source_apply (test, "a", POST (P (1, draft)));
  sse_test_source_apply (test, "b", POST (P (1, draft)));
  sse_test_posts_assert_stats (test, "a", S (1, 99998, 0, 0, 0));

  sse_test_source_refuse (test, NULL, POST (P (99998, ready)),
                          "post: the stream would know more than 100000 posts");
  sse_test_source_refuse (test, "new", POST (P (1, draft)), "post: the stream would know more");
  sse_test_source_refuse (test, "a", LISTS (P (1, draft) "," P (2, draft), "", "", "", ""),
                          "postsByStatus: the stream would know more than 100000 posts");
  sse_test_source_apply (test, NULL, POST (P (7, draft)));
  sse_test_source_apply (test, NULL, DELETE (5));
  sse_test_source_apply (test, "a", POST (P (2, draft)));

  restored = sse_test_source_new_restored (test);
  sse_test_source_assert_same (test, restored);
  sse_test_source_refuse (restored, NULL, POST (P (99998, ready)), "post: ");
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
  g_test_add_func ("/posts-stats-bounds/keeps-a-hundred", test_keeps_a_hundred);
  g_test_add_func ("/posts-stats-bounds/shows-a-hundred", test_shows_a_hundred);
  g_test_add_func ("/posts-stats-bounds/bounds", test_bounds);
  g_test_add_func ("/posts-stats-bounds/bound-of-bytes", test_bound_of_bytes);
  g_test_add_func ("/posts-stats-bounds/bytes-are-foreseen", test_bytes_are_foreseen);
  g_test_add_func ("/posts-stats-bounds/bound-of-posts", test_bound_of_posts);
  g_test_add_func ("/posts-stats-bounds/bound-of-audiences", test_bound_of_audiences);
  return g_test_run ();
}
