/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "sse-error.h"
#include "sse-update.h"

static SseUpdate *
new_update (const char *audience, const char *text)
{
  g_autoptr (GBytes) json = g_bytes_new (text, strlen (text));

  return sse_update_new ("quota", audience, json);
}

static void
test_new (void)
{
  g_autoptr (SseUpdate) update = new_update ("42", "{\"type\":\"quota\"}");
  g_autoptr (SseUpdate) for_everyone = new_update (NULL, "");
  gsize length;

  g_assert_cmpstr (sse_update_get_stream (update), ==, "quota");
  g_assert_cmpstr (sse_update_get_audience (update), ==, "42");
  g_assert_nonnull (g_bytes_get_data (sse_update_get_json (update), &length));
  g_assert_cmpuint (length, ==, strlen ("{\"type\":\"quota\"}"));
  g_assert_cmpuint (sse_update_get_position (update), ==, 0);
  g_assert_cmpint (sse_update_get_accepted (update), ==, 0);
  g_assert_null (sse_update_get_audience (for_everyone));
}

static void
test_parse (void)
{
  g_autoptr (SseUpdate) update = new_update (NULL, " {\"n\":1,\"type\":\"quota\"} ");
  g_autoptr (GError) error = NULL;
  JsonObject *object;

  g_assert_true (sse_update_parse (update, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (sse_update_get_kind (update), ==, "quota");
  object = sse_update_get_object (update);
  g_assert_cmpint (json_object_get_int_member (object, "n"), ==, 1);

  g_assert_true (sse_update_parse (update, &error));
  g_assert_true (sse_update_get_object (update) == object);
}

static void
test_parse_refused (void)
{
  static const struct
  {
    const char *text;
    const char *message;
  } cases[] = {
    { "", "not JSON" },
    { "quota", "not JSON" },
    { "[]", "not a JSON object" },
    { "\"type\"", "not a JSON object" },
    { "null", "not a JSON object" },
    { "{}", "type: missing" },
    { "{\"type\":null}", "type: must be" },
    { "{\"type\":7}", "type: must be" },
    { "{\"type\":\"\"}", "type: must be" },
    { "{\"type\":[\"quota\"]}", "type: must be" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (SseUpdate) update = new_update (NULL, cases[i].text);

      /* Refused each time it is asked, not only the first. */
      for (int again = 0; again < 2; again++)
        {
          g_autoptr (GError) error = NULL;

          g_assert_false (sse_update_parse (update, &error));
          g_assert_error (error, SSE_ERROR, SSE_ERROR_INVALID_UPDATE);
          g_assert_true (g_str_has_prefix (error->message, cases[i].message));
        }
    }
}

static void
test_position_and_time (void)
{
  g_autoptr (SseUpdate) update = new_update (NULL, "{\"type\":\"quota\"}");

  sse_update_set_position (update, G_MAXUINT64);
  sse_update_set_accepted (update, G_MAXINT64);
  g_assert_cmpuint (sse_update_get_position (update), ==, G_MAXUINT64);
  g_assert_cmpint (sse_update_get_accepted (update), ==, G_MAXINT64);
}

static void
note_freed (gpointer data)
{
  *(gboolean *) data = TRUE;
}

static void
test_references (void)
{
  gboolean freed = FALSE;
  static const char text[] = "{\"type\":\"quota\"}";
  GBytes *json = g_bytes_new_with_free_func (text, sizeof text - 1, note_freed, &freed);
  SseUpdate *update = sse_update_new ("quota", NULL, json);

  g_bytes_unref (json);
  g_assert_true (sse_update_parse (update, NULL));
  g_assert_true (sse_update_ref (update) == update);
  sse_update_unref (update);
  g_assert_false (freed);
  sse_update_unref (update);
  g_assert_true (freed);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/api/update/new", test_new);
  g_test_add_func ("/api/update/parse", test_parse);
  g_test_add_func ("/api/update/parse-refused", test_parse_refused);
  g_test_add_func ("/api/update/position-and-time", test_position_and_time);
  g_test_add_func ("/api/update/references", test_references);
  return g_test_run ();
}
