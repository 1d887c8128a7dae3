/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-test-posts.h"

static void
test_history_does_not_matter (void)
{
  g_autoptr (SseTestSource) a = sse_test_source_new ();
  g_autoptr (SseTestSource) b = sse_test_source_new ();

  sse_test_source_assert_saved (a, "([], [0, 0, 0, 0, 0], [], [], [], [], [], [], [])");
  sse_test_source_apply (a, "y", POST (P (1, draft)));
  sse_test_source_apply (a, NULL, POST (AT (1, draft, T1)));
  sse_test_source_apply (a, NULL, POST (AT (2, draft, T2)));
  sse_test_source_apply (a, "x", POST (P (3, failed)));
  sse_test_source_apply (a, "x", SET (1, 0, 0, 0, 0));

  sse_test_source_apply (b, "gone", POST (P (1, draft)));
  sse_test_source_apply (b, "x", SET (7, 0, 0, 0, 0));
  sse_test_source_apply (b, "x", POST (P (4, failed)));
  sse_test_source_apply (b, "x", POST (P (3, failed)));
  sse_test_source_apply (b, "x", DELETE (4));
  sse_test_source_apply (b, NULL, SET (3, 0, 0, 0, 0));
  sse_test_source_apply (b, NULL, LISTS (AT (1, draft, T1) "," AT (2, draft, T2), "", "", "", ""));
  sse_test_source_apply (b, "x", SET (1, 0, 0, 0, 0));
  sse_test_source_apply (b, "y", POST (P (1, ready)));
  sse_test_source_apply (b, "y", POST (P (1, draft)));
  sse_test_source_apply (b, "gone", DELETE (1));
  sse_test_source_assert_same (a, b);
  sse_test_source_assert_saved (
      a, "(['x', 'y'], [0, 0, 0, 0, 0, 1, 0, 0, 0, -1, 0, 0, 0, 0, 0], [0, 0, 1, 2], "
         "[0x00, 0x00, 0x04, 0x00], "
         "['{\"id\":2,\"status\":\"draft\",\"createdAt\":\"2024-01-01T00:00:02Z\"}', "
         "'{\"id\":1,\"status\":\"draft\",\"createdAt\":\"2024-01-01T00:00:01Z\"}', "
         "'{\"id\":3,\"status\":\"failed\"}', '{\"id\":1,\"status\":\"draft\"}'], "
         "[0, 0, 0, 0], [], [], [])");
}

/* What of the order of acceptance makes a difference to nobody is not in the state; what does, is:
 * a user's post may be shown between two of everyone's. */
static void
test_ties (void)
{
  g_autoptr (SseTestSource) a = sse_test_source_new ();
  g_autoptr (SseTestSource) b = sse_test_source_new ();
  g_autoptr (SseTestSource) restored = NULL;
  static const char view[] = "'postsByStatus':{'drafts':[" P (5, draft) "," P (4, draft) "," P (
      3, draft) "," P (2, draft) "," P (1, draft) "," P (0, draft) "],'ready':[],'scheduled':[],"
                                                                   "'published':[],'failed':[]}";

  sse_test_source_apply (a, "u", POST (P (0, draft)));
  sse_test_source_apply (a, NULL, POST (P (1, draft)));
  sse_test_source_apply (a, "u", POST (P (2, draft)));
  sse_test_source_apply (a, "v", POST (P (2, draft)));
  sse_test_source_apply (a, "u", POST (P (3, draft)));
  sse_test_source_apply (a, NULL, POST (P (4, draft)));
  sse_test_source_apply (a, "u", POST (P (5, draft)));
  sse_test_source_apply (a, NULL, POST (P (6, ready)));

  sse_test_source_apply (b, "u", POST (P (0, draft)));
  sse_test_source_apply (b, NULL, POST (P (6, ready)));
  sse_test_source_apply (b, NULL, POST (P (1, draft)));
  sse_test_source_apply (b, "v", POST (P (2, draft)));
  sse_test_source_apply (b, "u", POST (P (2, draft)));
  sse_test_source_apply (b, "u", POST (P (3, draft)));
  sse_test_source_apply (b, NULL, POST (P (4, draft)));
  sse_test_source_apply (b, "u", POST (P (5, draft)));
  sse_test_source_assert_same (a, b);

  sse_test_source_apply (a, NULL, DELETE (6));
  sse_test_source_assert_view (a, 1, "u", view);
  restored = sse_test_source_new_restored (a);
  sse_test_source_assert_view (restored, 1, "u", view);
  sse_test_source_assert_same (a, restored);

  /* And in another order it is another state. */
  sse_test_source_apply (a, NULL, POST (P (1, draft)));
  sse_test_source_apply (restored, NULL, POST (P (1, draft)));
  sse_test_source_assert_same (a, restored);
  sse_test_source_apply (a, "u", POST (P (7, draft)));
  sse_test_source_apply (restored, "u", POST (P (7, draft)));
  sse_test_source_apply (a, NULL, POST (P (8, draft)));
  sse_test_source_apply (restored, NULL, POST (P (8, draft)));
  sse_test_source_assert_same (a, restored);
  sse_test_source_assert_view (
      restored, 1, "u",
      "'postsByStatus':{'drafts':[" P (8, draft) "," P (7, draft) "," P (1, draft) "," P (
          5,
          draft) "," P (4,
                        draft) "," P (3,
                                      draft) "," P (2,
                                                    draft) "," P (0,
                                                                  draft) "],'ready':[],'scheduled':"
                                                                         "[],'published':[],'"
                                                                         "failed':[]}");
}

static void
test_full_lists_come_back (void)
{
  g_autoptr (SseTestSource) test = sse_test_source_new ();
  g_autoptr (SseTestSource) restored = NULL;
  g_autofree char *everyone = NULL;
  g_autofree char *user = NULL;

  for (guint i = 0; i < 240; i++)
    sse_test_source_apply (test, i % 2 == 0 ? NULL : "u",
                           "{'type':'post','post':{'id':'%u','status':'draft'}}", i);
  restored = sse_test_source_new_restored (test);
  sse_test_source_assert_same (test, restored);
  everyone = sse_test_source_render (test, 1, NULL);
  user = sse_test_source_render (test, 1, "u");
  g_strdelimit (everyone, "\"", '\'');
  g_strdelimit (user, "\"", '\'');
  sse_test_source_assert_view (restored, 1, NULL, everyone);
  sse_test_source_assert_view (restored, 1, "u", user);
}

/* Asserts that a state of these columns is bad; see sse-posts-state.h. */
static void
assert_bad (const char *names,
            const char *offsets,
            const char *full,
            const char *reduced,
            const char *message)
{
  g_autofree char *text
      = g_strdup_printf ("@(asaxauayasauauayas) (%s, %s, %s, %s)", names, offsets, full, reduced);

  sse_test_source_assert_bad (text, message);
}

#define ZERO           "[0, 0, 0, 0, 0]"
#define ZERO_TWO       "[0, 0, 0, 0, 0, 0, 0, 0, 0, 0]"
#define NO_FULL        "[], [], [], []"
#define NO_IDS         "[], [], []"
#define D(id)          "'{\"id\":" #id ",\"status\":\"draft\"}'"
#define R(id)          "'{\"id\":" #id ",\"status\":\"ready\"}'"
#define D_AT(id, time) "'{\"id\":" #id ",\"status\":\"draft\",\"createdAt\":\"" time "\"}'"
#define ONE(json)      "[0], [0], [" json "], [0]"

static void
test_bad_columns (void)
{
  sse_test_source_assert_bad ("1", "state: of the type i; (asaxauayasauauayas) is needed");
  assert_bad ("[]", "[]", NO_FULL, NO_IDS, "state: not one offset for each counter");
  assert_bad ("['u']", ZERO, NO_FULL, NO_IDS, "state: not one offset for each counter");
  assert_bad ("[]", ZERO_TWO, NO_FULL, NO_IDS, "state: not one offset for each counter");
  assert_bad ("[]", ZERO, "[0], [], [], []", NO_IDS, "state: columns of different lengths");
  assert_bad ("[]", ZERO, "[0], [0], [], [0]", NO_IDS, "state: columns of different lengths");
  assert_bad ("[]", ZERO, "[0], [0], [" D (1) "], []", NO_IDS,
              "state: columns of different lengths");
  assert_bad ("[]", ZERO, "[0], [], [" D (1) "], [0]", NO_IDS,
              "state: columns of different lengths");
  assert_bad ("[]", ZERO, NO_FULL, "[0], [0], []", "state: columns of different lengths");
}

static void
test_bad_audiences (void)
{
  const char *three = "[0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0]";

  assert_bad ("['']", ZERO_TWO, NO_FULL, NO_IDS, "state: an empty audience");
  assert_bad ("['u']", ZERO_TWO, NO_FULL, NO_IDS, "state: a user without posts and counters");
  assert_bad ("['b', 'a']", three, NO_FULL, NO_IDS, "state: audiences out of order");
  assert_bad ("['a', 'a']", three, NO_FULL, NO_IDS, "state: audiences out of order");
  assert_bad ("[]", "[9223372036854775807, 0, 0, 0, 0]", NO_FULL, NO_IDS,
              "state: an offset beyond all");
  assert_bad ("[]", "[0, 0, 0, 0, -9007199254740992]", NO_FULL, NO_IDS,
              "state: an offset beyond all");
  assert_bad ("[]", ZERO, "[1], [0], [" D (1) "], [0]", NO_IDS, "state: a post of nobody");
  assert_bad ("[]", ZERO, NO_FULL, "[1], [0], ['1']", "state: a post of nobody");
  assert_bad ("['u']", "[0, 0, 0, 0, 0, 1, 0, 0, 0, 0]",
              "[1, 0], [0, 0], [" D (1) "," D (1) "], [0, 0]", NO_IDS,
              "state: a post of nobody, or out of its order");
}

static void
test_bad_posts (void)
{
  assert_bad ("[]", ZERO, ONE ("'x'"), NO_IDS, "not JSON: ");
  assert_bad ("[]", ZERO, ONE ("'{}'"), NO_IDS, "state.id: missing");
  assert_bad ("[]", ZERO, ONE ("'{\"id\":1}'"), NO_IDS, "state.status: missing");
  assert_bad ("[]", ZERO, ONE (R (1)), NO_IDS, "state: a post in the list of another status");
  assert_bad ("[]", ZERO, ONE ("'{\"id\": 1,\"status\":\"draft\"}'"), NO_IDS,
              "state: an object that is not encoded");
  assert_bad ("[]", ZERO, "[0, 0], [0, 1], [" D (1) "," R (1) "], [0, 0]", NO_IDS,
              "state: a post whose id is empty or there for the second time");
  assert_bad ("[]", ZERO, ONE (D (1)), "[0], [1], ['1']", "state: a post whose id");
  assert_bad ("[]", ZERO, NO_FULL, "[0], [1], ['']", "state: a post whose id");
  assert_bad ("[]", ZERO, NO_FULL, "[0, 0], [0, 0], ['b', 'a']", "state: ids out of order");
  assert_bad ("[]", ZERO, NO_FULL, "[0, 0], [1, 0], ['a', 'b']", "state: ids out of order");
  assert_bad ("[]", ZERO, NO_FULL, "[0], [5], ['a']", "state: ids out of order");
  assert_bad ("[]", ZERO, "[0], [5], [" D (1) "], [0]", NO_IDS, "state: lists out of order");
  assert_bad ("[]", ZERO, "[0, 0], [1, 0], [" R (1) "," D (2) "], [0, 0]", NO_IDS,
              "state: lists out of order");
  assert_bad ("[]", ZERO, "[0, 0], [0, 0], [" D_AT (1, T1) "," D_AT (2, T2) "], [0, 0]", NO_IDS,
              "state: a list that is out of order");
}

static void
test_bad_ties (void)
{
  assert_bad ("[]", ZERO, "[0], [0], [" D (1) "], [1]", NO_IDS, "state: a post behind more");
  assert_bad ("['u']", ZERO_TWO, "[1], [0], [" D (1) "], [1]", NO_IDS, "state: a post behind");
  assert_bad ("['u']", ZERO_TWO, "[0, 1], [0, 0], [" D_AT (1, T1) "," D_AT (1, T1) "], [0, 2]",
              NO_IDS, "state: a post behind more");
  assert_bad ("['u']", ZERO_TWO, "[0, 1], [0, 0], [" D_AT (1, T1) "," D_AT (1, T2) "], [0, 1]",
              NO_IDS, "state: a post behind more");
  assert_bad (
      "['u']", ZERO_TWO,
      "[0, 1, 1], [0, 0, 0], [" D_AT (1, T1) "," D_AT (1, T1) "," D_AT (2, T1) "], [0, 1, 0]",
      NO_IDS, "state: a list that is out of order");
}

/* Appends an array of @n elements, each with its own number of six digits. */
static void
append_array (GString *text, guint n, const char *before, const char *after)
{
  g_string_append_c (text, '[');
  for (guint i = 0; i < n; i++)
    g_string_append_printf (text, "%s%s%u%s", i > 0 ? "," : "", before, 100000 + i, after);
  g_string_append_c (text, ']');
}

static void
append_zeros (GString *text, guint n)
{
  g_string_append_c (text, '[');
  for (guint i = 0; i < n; i++)
    g_string_append (text, i > 0 ? ",0" : "0");
  g_string_append (text, "], ");
}

static void
test_too_much (void)
{
  g_autoptr (GString) full = g_string_new (NULL);
  g_autoptr (GString) ids = g_string_new (NULL);

  append_zeros (full, 101);
  append_zeros (full, 101);
  append_array (full, 101, "'{\"id\":", ",\"status\":\"draft\"}'");
  g_string_append (full, ", ");
  append_zeros (full, 101);
  g_string_truncate (full, full->len - 2);
  assert_bad ("[]", ZERO, full->str, NO_IDS, "state: more than 100 posts in a list");

  append_zeros (ids, 100001);
  append_zeros (ids, 100001);
  append_array (ids, 100001, "'", "'");
  assert_bad ("[]", ZERO, NO_FULL, ids->str, "state: the stream would know more than 100000 posts");
}

/* Bytes that were damaged are refused, or are another state, which then is as canonical. */
static void
test_damaged_bytes (void)
{
  g_autoptr (SseTestSource) test = sse_test_source_new ();
  g_autoptr (GBytes) saved = NULL;
  guint n_refused = 0;

  sse_test_source_apply (test, NULL, POST (AT (1, draft, T1)));
  sse_test_source_apply (test, "u", POST (AT (2, draft, T1)));
  sse_test_source_apply (test, "u", SET (7, 0, 0, 0, 0));
  saved = sse_test_source_save (test);

  for (guint i = 0; i < 5000; i++)
    {
      g_autoptr (SseTestSource) damaged = sse_test_source_new ();
      g_autoptr (GVariant) state = NULL;
      g_autoptr (GError) error = NULL;
      gsize length;
      guint8 *bytes = g_bytes_unref_to_data (
          g_bytes_new (g_bytes_get_data (saved, NULL), g_bytes_get_size (saved)), &length);

      bytes[g_test_rand_int_range (0, (gint32) length)] = (guint8) g_test_rand_int_range (0, 256);
      state = g_variant_ref_sink (g_variant_new_from_data (G_VARIANT_TYPE ("(asaxauayasauauayas)"),
                                                           bytes, length, FALSE, g_free, bytes));
      if (sse_source_restore (damaged->source, state, &error))
        {
          g_autoptr (GVariant) again = sse_source_save (damaged->source);

          g_assert_true (g_variant_equal (state, again));
        }
      else
        {
          g_assert_nonnull (error);
          n_refused++;
        }
    }
  g_assert_cmpuint (n_refused, >, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/posts-stats-state/history-does-not-matter", test_history_does_not_matter);
  g_test_add_func ("/posts-stats-state/ties", test_ties);
  g_test_add_func ("/posts-stats-state/full-lists-come-back", test_full_lists_come_back);
  g_test_add_func ("/posts-stats-state/bad-columns", test_bad_columns);
  g_test_add_func ("/posts-stats-state/bad-audiences", test_bad_audiences);
  g_test_add_func ("/posts-stats-state/bad-posts", test_bad_posts);
  g_test_add_func ("/posts-stats-state/bad-ties", test_bad_ties);
  g_test_add_func ("/posts-stats-state/too-much", test_too_much);
  g_test_add_func ("/posts-stats-state/damaged-bytes", test_damaged_bytes);
  return g_test_run ();
}
