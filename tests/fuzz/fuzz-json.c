/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* JSON from outside: what the scan takes, the parser takes whole; and what is written of it is on
 * one line, is taken again and stays as it is. */

#include <string.h>

#include "fuzz.h"
#include "sse-json.h"

/* What stands in JSON outside of its strings. */
typedef struct
{
  guint depth;
  guint n_members;
  guint n_commas;
} Shape;

static Shape
measure (const char *text, gsize length)
{
  Shape shape = { 0 };
  guint depth = 0;
  gboolean in_string = FALSE;

  for (gsize i = 0; i < length; i++)
    {
      char c = text[i];

      if (c == '"')
        in_string = !in_string;
      else if (in_string)
        i += c == '\\' ? 1 : 0;
      else if (c == '{' || c == '[')
        {
          depth++;
          shape.depth = MAX (shape.depth, depth);
        }
      else if (c == '}' || c == ']')
        depth--;
      else if (c == ':')
        shape.n_members++;
      else if (c == ',')
        shape.n_commas++;
    }
  return shape;
}

/* Asserts that nothing was lost, such as the first of two members with one name. */
static void
assert_whole (Shape shape, Shape written)
{
  g_assert_cmpuint (shape.depth, <=, SSE_JSON_MAX_DEPTH);
  g_assert_cmpuint (shape.depth, ==, written.depth);
  g_assert_cmpuint (shape.n_members, ==, written.n_members);
  g_assert_cmpuint (shape.n_commas, ==, written.n_commas);
}

/* What is written of JSON that the scan has taken. */
static char *
rewrite (const char *text, gsize length, gsize *rewritten)
{
  g_autoptr (JsonParser) parser = json_parser_new_immutable ();
  g_autoptr (GError) error = NULL;
  GString *out = g_string_new (NULL);

  json_parser_load_from_data (parser, text, (gssize) length, &error);
  g_assert_no_error (error);
  g_assert_nonnull (json_parser_get_root (parser));
  sse_json_append_node (out, json_parser_get_root (parser));
  *rewritten = out->len;
  return g_string_free (out, FALSE);
}

static void
check_refusal (const GError *error, gsize size)
{
  const char *at = g_strrstr (error->message, " at byte ");
  guint64 offset;

  g_assert_nonnull (at);
  g_assert_true (
      g_ascii_string_to_unsigned (at + strlen (" at byte "), 10, 0, size, &offset, NULL));
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autofree char *text = g_memdup2 (data, size);
  g_autofree char *once = NULL;
  g_autofree char *twice = NULL;
  g_autoptr (GError) error = NULL;
  gsize length;
  gsize length_again;

  if (!sse_json_scan (text, size, &error))
    {
      check_refusal (error, size);
      return 0;
    }
  g_assert_no_error (error);

  once = rewrite (text, size, &length);
  g_assert_cmpuint (strlen (once), ==, length);
  assert_whole (measure (text, size), measure (once, length));
  for (gsize i = 0; i < length; i++)
    g_assert_true ((guchar) once[i] >= ' ');
  sse_json_scan (once, length, &error);
  g_assert_no_error (error);
  twice = rewrite (once, length, &length_again);
  g_assert_cmpstr (once, ==, twice);
  return 0;
}
