/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-script.h"

#include <string.h>

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
test_find (void)
{
  g_autofree char **paths = sse_script_list_paths ();

  g_assert_cmpuint (g_strv_length (paths), >=, 2);
  for (char **path = paths; *path != NULL; path++)
    {
      g_autoptr (SseAnswer) answer = sse_script_answer (sse_script_find (*path), NULL);
      gsize length;

      g_assert_cmpuint (sse_answer_get_status (answer), ==, 200);
      g_assert_true (g_str_has_suffix (*path, ".js"));
      g_assert_true (g_str_has_prefix (sse_answer_get_body (answer, &length), "// SPDX-"));
      g_assert_cmpuint (length, >, 1000);
    }
  g_assert_nonnull (sse_script_find ("/rivulet.js"));
  g_assert_null (sse_script_find ("rivulet.js"));
  g_assert_null (sse_script_find ("/rivulet"));
  g_assert_null (sse_script_find ("/rivulet/"));
  g_assert_null (sse_script_find ("/"));
}

static guint
status_with (const char *if_none_match)
{
  g_autoptr (SseAnswer) answer = sse_script_answer (sse_script_find ("/rivulet.js"), if_none_match);
  gsize length;

  sse_answer_get_body (answer, &length);
  g_assert_cmpint (length == 0, ==, sse_answer_get_status (answer) == 304);
  g_assert_nonnull (find_field (answer, "ETag"));
  return sse_answer_get_status (answer);
}

static void
test_etag (void)
{
  g_autoptr (SseAnswer) answer = sse_script_answer (sse_script_find ("/rivulet.js"), NULL);
  g_autoptr (SseAnswer) other = sse_script_answer (sse_script_find ("/rivulet/line.js"), NULL);
  const char *etag = find_field (answer, "ETag");
  g_autofree char *weak = g_strdup_printf ("W/%s", etag);
  g_autofree char *listed = g_strdup_printf ("\"a\", W/\"b\" ,%s", etag);
  g_autofree char *longer = g_strdup_printf ("%sx", etag);

  g_assert_true (etag[0] == '"' && etag[strlen (etag) - 1] == '"' && strlen (etag) > 10);
  g_assert_cmpuint (status_with (etag), ==, 304);
  g_assert_cmpuint (status_with (weak), ==, 304);
  g_assert_cmpuint (status_with (listed), ==, 304);
  g_assert_cmpuint (status_with ("*"), ==, 304);
  g_assert_cmpuint (status_with (longer), ==, 200);
  g_assert_cmpuint (status_with (find_field (other, "ETag")), ==, 200);
  g_assert_cmpuint (status_with (""), ==, 200);
  g_assert_cmpuint (status_with (","), ==, 200);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/http/script/find", test_find);
  g_test_add_func ("/http/script/etag", test_etag);
  return g_test_run ();
}
