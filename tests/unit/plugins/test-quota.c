/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "sse-quota-table.h"
#include "sse-test-source.h"

#define SET(used, remaining)                                                                       \
  "{'type':'quota','quota':{'used':" #used ",'remaining':" #remaining "}}"
#define FILLED                 "{'type':'quota','quota':{'used':1,'remaining':2,'x':'%s'}}"
#define SHOWN(used, remaining) "'quota':{'used':" #used ",'remaining':" #remaining "}"

static void
configure (SseTestSource *test, gint64 remaining)
{
  GVariantBuilder builder;
  g_autoptr (GVariant) settings = NULL;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&builder, "{sv}", "default-remaining", g_variant_new_int64 (remaining));
  settings = g_variant_ref_sink (g_variant_builder_end (&builder));
  g_assert_true (sse_source_configure (test->source, settings, NULL));
}

static void
test_declares (void)
{
  g_autoptr (SseTestSource) test = sse_test_source_new ();
  const SseView *views = sse_source_get_views (test->source);
  const SseSetting *settings = sse_source_get_settings (test->source);

  g_assert_cmpstr (sse_source_get_stream (test->source), ==, "quota");
  g_assert_cmpstr (sse_source_get_path (test->source), ==, "/quota/stream");
  g_assert_cmpstr (views[0].initial_type, ==, "quota");
  g_assert_cmpstr (views[0].update_type, ==, "quota-update");
  g_assert_null (views[1].initial_type);
  g_assert_null (sse_source_get_events (test->source)[0]);
  g_assert_null (sse_source_get_follows (test->source)[0]);
  g_assert_cmpstr (settings[0].key, ==, "default-remaining");
  g_assert_cmpint (settings[0].type, ==, SSE_SETTING_INTEGER);
  g_assert_cmpstr (settings[0].default_value, ==, "0");
  g_assert_cmpint (settings[0].minimum, ==, 0);
  g_assert_cmpint (settings[0].maximum, ==, 9007199254740991);
  g_assert_null (settings[1].key);
}

static void
test_who_sees_what (void)
{
  g_autoptr (SseTestSource) test = sse_test_source_new ();

  sse_test_source_assert_view (test, 0, NULL, SHOWN (0, 0));
  configure (test, 7);
  sse_test_source_assert_view (test, 0, NULL, SHOWN (0, 7));
  sse_test_source_assert_view (test, 0, "42", SHOWN (0, 7));

  sse_test_source_apply (test, "42", SET (3, 2));
  sse_test_source_assert_event (test, NULL, NULL);
  sse_test_source_assert_touch (test, 0, SSE_TOUCH_SEND);
  sse_test_source_assert_view (test, 0, NULL, SHOWN (0, 7));
  sse_test_source_assert_view (test, 0, "42", SHOWN (3, 2));
  sse_test_source_assert_view (test, 0, "43", SHOWN (0, 7));
  g_assert_true (sse_source_has_audience (test->source, "42"));
  g_assert_false (sse_source_has_audience (test->source, "43"));

  sse_test_source_apply (test, NULL, SET (4, 1));
  sse_test_source_assert_view (test, 0, NULL, SHOWN (4, 1));
  sse_test_source_assert_view (test, 0, "42", SHOWN (3, 2));
  sse_test_source_assert_view (test, 0, "43", SHOWN (4, 1));

  sse_test_source_apply (test, "42", SET (4, 1));
  sse_test_source_assert_view (test, 0, "42", SHOWN (4, 1));
}

static void
test_same_again_is_sent (void)
{
  g_autoptr (SseTestSource) test = sse_test_source_new ();

  sse_test_source_apply (test, NULL, SET (3, 2));
  sse_test_source_apply (test, NULL, SET (3, 2));
  sse_test_source_assert_touch (test, 0, SSE_TOUCH_SEND);
}

static void
test_unknown_members (void)
{
  g_autoptr (SseTestSource) test = sse_test_source_new ();

  sse_test_source_apply (test, NULL,
                         "{ 'type': 'quota', 'by': 'me',\n  'quota': { 'plan': 'é\\n', "
                         "'remaining': 0, 'used': 9007199254740991, 'x': [1.50, null, {}] } }");
  sse_test_source_assert_view (test, 0, NULL,
                               "'quota':{'plan':'é\\n','remaining':0,"
                               "'used':9007199254740991,'x':[1.5,null,{}]}");
}

static void
test_wrong_shape (void)
{
  g_autoptr (SseTestSource) test = sse_test_source_new ();

  sse_test_source_refuse_invalid (test, "{'type':'quotas'}",
                                  "type: unknown to this stream; there are quota");
  sse_test_source_refuse_invalid (test, "{'type':'quota'}", "quota: missing; an object is needed");
  sse_test_source_refuse_invalid (test, "{'type':'quota','quota':[]}", "quota: must be an object");
  sse_test_source_refuse_invalid (test, "{'type':'quota','quota':{'remaining':1}}",
                                  "quota.used: missing;");
  sse_test_source_refuse_invalid (test, "{'type':'quota','quota':{'used':1}}",
                                  "quota.remaining: missing;");
  sse_test_source_refuse_invalid (test, SET (-1, 0), "quota.used: must be an integer of 0 or");
  sse_test_source_refuse_invalid (test, SET (0, -1), "quota.remaining: must be an integer");
  sse_test_source_refuse_invalid (test, SET (1.5, 0), "quota.used: must be an integer");
  sse_test_source_refuse_invalid (test, SET ('1', 0), "quota.used: must be an integer");
  sse_test_source_refuse_invalid (test, SET (true, 0), "quota.used: must be an integer");
  sse_test_source_refuse_invalid (test, SET (null, 0), "quota.used: must be an integer");
}

static void
test_size (void)
{
  g_autoptr (SseTestSource) test = sse_test_source_new ();
  gsize rest = strlen ("{'used':1,'remaining':2,'x':''}");
  g_autofree char *most = g_strnfill (16384 - rest, 'x');
  g_autofree char *more = g_strnfill (16385 - rest, 'x');
  g_autofree char *json = g_strdup_printf (FILLED, more);

  sse_test_source_apply (test, NULL, FILLED, most);
  sse_test_source_refuse_invalid (test, json,
                                  "quota: 16385 bytes as JSON; at most 16384 are taken");
}

static JsonObject *
parse (const char *text)
{
  g_autofree char *json = sse_test_json (text);
  g_autoptr (JsonNode) node = sse_json_parse (json, strlen (json), NULL);

  return json_object_ref (json_node_get_object (node));
}

static void
test_bounds (void)
{
  g_autoptr (JsonObject) quota = parse ("{'used':1,'remaining':2}"); /* 24 bytes */
  g_autoptr (SseQuotaTable) table = sse_quota_table_new (2, 24 + 2 * (1 + 24));
  g_autoptr (JsonObject) longer = parse ("{'used':10,'remaining':2}");
  g_autoptr (GError) error = NULL;

  g_assert_true (sse_quota_table_set (table, "a", quota, NULL));
  g_assert_true (sse_quota_table_set (table, "b", quota, NULL));
  g_assert_false (sse_quota_table_set (table, "c", quota, &error));
  g_assert_error (error, SSE_ERROR, SSE_ERROR_REFUSED);
  g_assert_cmpstr (error->message, ==,
                   "audience: the stream knows 2 audiences already, and no more are taken");
  g_clear_error (&error);

  g_assert_true (sse_quota_table_set (table, NULL, quota, NULL));
  g_assert_true (sse_quota_table_set (table, "a", quota, NULL));
  g_assert_false (sse_quota_table_set (table, "a", longer, &error));
  g_assert_error (error, SSE_ERROR, SSE_ERROR_REFUSED);
  g_assert_cmpstr (error->message, ==, "quota: the stream would keep more than 74 bytes");
  g_assert_cmpstr (sse_quota_table_get (table, "a"), ==, sse_quota_table_get (table, "b"));
  g_clear_error (&error);
  g_assert_false (sse_quota_table_set (table, NULL, longer, &error));
  g_assert_error (error, SSE_ERROR, SSE_ERROR_REFUSED);
}

static void
test_bound_of_audiences (void)
{
  g_autoptr (SseTestSource) test = sse_test_source_new ();
  g_autoptr (SseTestSource) restored = NULL;

  for (guint i = 0; i < 100000; i++)
    {
      char audience[16];

      g_snprintf (audience, sizeof audience, "%u", i);
      sse_test_source_apply (test, audience, SET (1, 1));
    }
  sse_test_source_refuse (test, "one more", SET (1, 1), "audience: the stream knows 100000");
  sse_test_source_apply (test, "99999", SET (2, 1));
  sse_test_source_apply (test, NULL, SET (3, 1));

  restored = sse_test_source_new_restored (test);
  sse_test_source_assert_same (test, restored);
  sse_test_source_refuse (restored, "one more", SET (1, 1), "audience: ");
}

static void
test_state (void)
{
  g_autoptr (SseTestSource) a = sse_test_source_new ();
  g_autoptr (SseTestSource) b = sse_test_source_new ();
  g_autoptr (SseTestSource) restored = NULL;

  sse_test_source_assert_saved (a, "(nothing, [])");
  sse_test_source_apply (a, "é", SET (1, 0));
  sse_test_source_apply (a, "b", SET (2, 0));
  sse_test_source_apply (a, NULL, SET (3, 0));
  sse_test_source_apply (a, "a", SET (4, 0));

  sse_test_source_apply (b, "a", SET (9, 9));
  sse_test_source_apply (b, NULL, SET (3, 0));
  sse_test_source_apply (b, "a", SET (4, 0));
  sse_test_source_apply (b, "b", SET (2, 0));
  sse_test_source_apply (b, "é", SET (1, 0));
  sse_test_source_assert_same (a, b);
  sse_test_source_assert_saved (
      a, "('{\"used\":3,\"remaining\":0}', [('a', '{\"used\":4,\"remaining\":0}'), "
         "('b', '{\"used\":2,\"remaining\":0}'), ('é', '{\"used\":1,\"remaining\":0}')])");

  restored = sse_test_source_new_restored (a);
  sse_test_source_assert_same (a, restored);
  sse_test_source_assert_view (restored, 0, "a", SHOWN (4, 0));
  sse_test_source_assert_view (restored, 0, "x", SHOWN (3, 0));
  sse_test_source_apply (restored, "x", SET (5, 0));
  sse_test_source_apply (a, "x", SET (5, 0));
  sse_test_source_assert_same (a, restored);
}

static void
test_bad_state (void)
{
#define Q "{\"used\":1,\"remaining\":1}"
  sse_test_source_assert_bad ("'x'", "state: of the type s; (msa(ss)) is needed");
  sse_test_source_assert_bad ("@(msa(ss)) ('', [])", "not JSON: ");
  sse_test_source_assert_bad ("@(msa(ss)) ('{\"used\":1}', [])", "state.remaining: missing");
  sse_test_source_assert_bad ("@(msa(ss)) (' " Q "', [])", "state: an object that is not encoded");
  sse_test_source_assert_bad ("@(msa(ss)) ('{\"used\":1,\\n\"remaining\":1}', [])",
                              "state: an object that is not encoded");
  sse_test_source_assert_bad ("@(msa(ss)) (nothing, [('', '" Q "')])", "state: an empty audience");
  sse_test_source_assert_bad ("@(msa(ss)) (nothing, [('b', '" Q "'), ('a', '" Q "')])",
                              "state: audiences out of order");
  sse_test_source_assert_bad ("@(msa(ss)) (nothing, [('a', '" Q "'), ('a', '" Q "')])",
                              "state: audiences out of order");
  sse_test_source_assert_bad ("@(msa(ss)) (nothing, [('a', '[]')])", "not a JSON object");
#undef Q
}

static void
test_garbage_bytes (void)
{
  guint8 garbage[64];

  for (guint i = 0; i < 2000; i++)
    {
      g_autoptr (SseTestSource) test = sse_test_source_new ();
      g_autoptr (GVariant) state = NULL;
      g_autoptr (GError) error = NULL;

      for (gsize j = 0; j < sizeof garbage; j++)
        garbage[j] = (guint8) g_test_rand_int_range (0, 256);
      state = g_variant_ref_sink (g_variant_new_from_data (G_VARIANT_TYPE ("(msa(ss))"), garbage,
                                                           sizeof garbage, FALSE, NULL, NULL));
      g_assert_false (sse_source_restore (test->source, state, &error));
      g_assert_nonnull (error);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/quota/declares", test_declares);
  g_test_add_func ("/quota/who-sees-what", test_who_sees_what);
  g_test_add_func ("/quota/same-again-is-sent", test_same_again_is_sent);
  g_test_add_func ("/quota/unknown-members", test_unknown_members);
  g_test_add_func ("/quota/wrong-shape", test_wrong_shape);
  g_test_add_func ("/quota/size", test_size);
  g_test_add_func ("/quota/bounds", test_bounds);
  g_test_add_func ("/quota/bound-of-audiences", test_bound_of_audiences);
  g_test_add_func ("/quota/state", test_state);
  g_test_add_func ("/quota/bad-state", test_bad_state);
  g_test_add_func ("/quota/garbage-bytes", test_garbage_bytes);
  return g_test_run ();
}
