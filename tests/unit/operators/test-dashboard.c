/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-dashboard.h"

#include <string.h>

#include "hub-fixture.h"

static const char *
find_field (const SseAnswer *answer, const char *name)
{
  guint n_fields;
  const SseAnswerField *fields = sse_answer_get_fields (answer, &n_fields);

  for (guint i = 0; i < n_fields; i++)
    if (strcmp (fields[i].name, name) == 0)
      return fields[i].value;
  return NULL;
}

static void
test_files (void)
{
  static const struct
  {
    const char *path;
    const char *content_type;
  } cases[] = {
    { "/", "text/html; charset=utf-8" },
    { "/dashboard.css", "text/css; charset=utf-8" },
    { "/dashboard.js", "text/javascript; charset=utf-8" },
    { "/icon.svg", "image/svg+xml; charset=utf-8" },
    { "/rivulet.js", "text/javascript; charset=utf-8" },
    { "", NULL },
    { "/index.html", NULL },
    { "/dashboard.gresource.xml", NULL },
    { "dashboard.js", NULL },
  };
  g_autoptr (SseDashboard) dashboard = sse_dashboard_new ();

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (SseAnswer) answer = sse_dashboard_answer (dashboard, cases[i].path, NULL, NULL);

      g_test_message ("%s", cases[i].path);
      g_assert_true ((answer == NULL) == (cases[i].content_type == NULL));
      if (answer != NULL)
        g_assert_cmpstr (find_field (answer, "Content-Type"), ==, cases[i].content_type);
    }
}

/* Also what is not sent again says anew where the page may go. */
static void
test_policy (void)
{
  static const struct
  {
    const char *url;
    const char *connect;
  } cases[] = {
    { NULL, " connect-src 'self';" },
    { "http://127.0.0.1:3001", " connect-src 'self' http://127.0.0.1:3001;" },
    { "https://example.org/live", " connect-src 'self' https://example.org;" },
  };
  g_autoptr (SseDashboard) dashboard = sse_dashboard_new ();

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    for (guint known = 0; known < 2; known++)
      {
        g_autoptr (SseAnswer) answer
            = sse_dashboard_answer (dashboard, "/", known ? "*" : NULL, cases[i].url);
        const char *policy = find_field (answer, "Content-Security-Policy");

        g_assert_cmpuint (sse_answer_get_status (answer), ==, known ? 304 : 200);
        g_assert_true (g_str_has_prefix (policy, "default-src 'none'; script-src 'self';"));
        g_assert_nonnull (strstr (policy, cases[i].connect));
        g_assert_null (strstr (policy, "unsafe"));
      }
}

/* Of streams, those that are served; %NULL is no string. */
static void
test_config (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GVariant) http = g_variant_ref_sink (g_variant_new_parsed (
      "{'publish': <true>, 'allowed-origins': <['http://a', 'http://b']>, 'x': <'secret'>}"));
  g_autoptr (GVariant) other = g_variant_ref_sink (
      g_variant_new_parsed ("{'publish': <false>, 'allowed-origins': <['http://a']>}"));
  g_autofree char *config = sse_dashboard_render_config (fixture->hub, "http://x:1", http);
  g_autofree char *none = sse_dashboard_render_config (fixture->hub, NULL, other);

  g_assert_true (g_str_has_prefix (config, "{\"version\":\"" RIVULET_VERSION
                                           "\",\"url\":\"http://x:1\",\"streams\":[{\"name\":"));
  g_assert_nonnull (strstr (config, "{\"name\":\"probe\",\"path\":\"/probe/stream\"}"));
  g_assert_null (strstr (config, "wrong-abi"));
  g_assert_null (strstr (config, "secret"));
  g_assert_true (g_str_has_suffix (
      config, "}],\"publish\":true,\"allowedOrigins\":[\"http://a\",\"http://b\"]}"));
  g_assert_nonnull (strstr (none, ",\"url\":null,"));
  g_assert_true (g_str_has_suffix (none, ",\"publish\":false,\"allowedOrigins\":[\"http://a\"]}"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/operators/dashboard/files", test_files);
  g_test_add_func ("/operators/dashboard/policy", test_policy);
  g_test_add ("/operators/dashboard/config", Fixture, NULL, fixture_set_up, test_config,
              fixture_tear_down);
  return g_test_run ();
}
