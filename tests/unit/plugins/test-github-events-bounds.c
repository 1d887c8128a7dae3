/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "sse-test-github.h"

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
  g_test_add_func ("/github-events-bounds/shows-fifty", test_shows_fifty);
  g_test_add_func ("/github-events-bounds/keeps-a-thousand", test_keeps_a_thousand);
  g_test_add_func ("/github-events-bounds/long-list", test_long_list);
  g_test_add_func ("/github-events-bounds/recognises-ten-thousand", test_recognises_ten_thousand);
  g_test_add_func ("/github-events-bounds/list-renews-ids", test_list_renews_ids);
  g_test_add_func ("/github-events-bounds/state", test_state);
  g_test_add_func ("/github-events-bounds/bad-state", test_bad_state);
  g_test_add_func ("/github-events-bounds/state-bounds", test_state_bounds);
  g_test_add_func ("/github-events-bounds/numbers-come-back", test_numbers_come_back);
  return g_test_run ();
}
