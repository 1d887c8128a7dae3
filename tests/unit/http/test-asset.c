/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-asset.h"

#include <string.h>

#define TYPE "text/javascript; charset=utf-8"
#define TEXT "export const ü = 1;\n"

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

static SseAsset *
new_asset (const char *text)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static (text, strlen (text));

  return sse_asset_new (TYPE, bytes);
}

static char *
dup_tag (const char *text)
{
  g_autoptr (SseAsset) asset = new_asset (text);
  g_autoptr (SseAnswer) answer = sse_asset_answer (asset, NULL);

  return g_strdup (find_field (answer, "ETag"));
}

static void
test_whole (void)
{
  g_autoptr (SseAsset) asset = new_asset (TEXT);
  g_autoptr (SseAnswer) answer = sse_asset_answer (asset, NULL);
  gsize length;

  g_assert_cmpuint (sse_answer_get_status (answer), ==, 200);
  g_assert_cmpstr (sse_answer_get_body (answer, &length), ==, TEXT);
  g_assert_cmpstr (find_field (answer, "Content-Type"), ==, TYPE);
  g_assert_cmpstr (find_field (answer, "Cache-Control"), ==, "no-cache");
  g_assert_cmpstr (find_field (answer, "X-Content-Type-Options"), ==, "nosniff");
}

/* A tag is of one text alone, and always the same (RFC 9110, section 8.8.3). */
static void
test_tag (void)
{
  g_autofree char *tag = dup_tag (TEXT);
  g_autofree char *again = dup_tag (TEXT);
  g_autofree char *other = dup_tag (TEXT "\n");

  g_assert_true (g_regex_match_simple ("^\"[0-9a-f]{32}\"$", tag, 0, 0));
  g_assert_cmpstr (tag, ==, again);
  g_assert_cmpstr (tag, !=, other);
}

static void
test_known (void)
{
  g_autoptr (SseAsset) asset = new_asset (TEXT);
  g_autofree char *tag = dup_tag (TEXT);
  g_autofree char *bare = g_strndup (tag + 1, strlen (tag) - 2);
  const struct
  {
    const char *before;
    const char *tag;
    const char *behind;
    guint status;
  } cases[] = {
    { "", tag, "", 304 },       { "W/", tag, "", 304 }, { "\"a\", ", tag, ", \"b\"", 304 },
    { "", "*", "", 304 },       { "", bare, "", 200 },  { "\"x", bare, "\"", 200 },
    { "\"", bare, "x\"", 200 }, { "", tag, "x", 200 },  { "", "", "", 200 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *field = g_strconcat (cases[i].before, cases[i].tag, cases[i].behind, NULL);
      g_autoptr (SseAnswer) answer = sse_asset_answer (asset, field);

      g_test_message ("%s", field);
      g_assert_cmpuint (sse_answer_get_status (answer), ==, cases[i].status);
      g_assert_cmpstr (find_field (answer, "ETag"), ==, tag);
    }
}

/* Who has the file gets none of it, and is told no length: that would be the file's. */
static void
test_nothing_sent (void)
{
  g_autoptr (SseAsset) asset = new_asset (TEXT);
  g_autoptr (SseAnswer) answer = sse_asset_answer (asset, "*");
  GString *wire = sse_answer_to_string (answer, TRUE);

  g_assert_true (g_str_has_prefix (wire->str, "HTTP/1.1 304 Not Modified\r\n"));
  g_assert_true (g_str_has_suffix (wire->str, "\r\n\r\n"));
  g_assert_null (strstr (wire->str, "Content-Length"));
  g_assert_null (strstr (wire->str, "\nContent-Type"));
  g_string_free (wire, TRUE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/http/asset/whole", test_whole);
  g_test_add_func ("/http/asset/tag", test_tag);
  g_test_add_func ("/http/asset/known", test_known);
  g_test_add_func ("/http/asset/nothing-sent", test_nothing_sent);
  return g_test_run ();
}
