/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-lines.h"

#include <string.h>

#define MAX_LENGTH 5

/* An input and its lines, each as "NUMBER:TEXT;". */
static const struct
{
  const char *bytes;
  const char *lines;
} inputs[] = {
  { "", "" },
  { "\n", "1:;" },
  { "a", "1:a;" },
  { "a\n", "1:a;" },
  { "a\nb", "1:a;2:b;" },
  { "a\n\nb\n", "1:a;2:;3:b;" },
  { "12345\n1234\n", "1:12345;2:1234;" },
  { "123456\nb\n", "1:too long;2:b;" },
  { "a\n1234567890123456789\nb\n", "1:a;2:too long;3:b;" },
  { "123456", "1:too long;" },
  { "1234567890", "1:too long;" },
};

static void
take_lines (SseLines *lines, GString *text)
{
  SseLine line;

  while (sse_lines_next (lines, &line))
    {
      g_string_append_printf (text, "%" G_GUINT64_FORMAT ":%s;", line.number,
                              line.text != NULL ? line.text : "too long");
      if (line.text != NULL)
        g_assert_cmpuint (strlen (line.text), ==, line.length);
    }
}

static void
test_inputs (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (inputs); i++)
    for (gsize size = 1; size <= strlen (inputs[i].bytes) + 1; size++)
      {
        g_autoptr (SseLines) lines = sse_lines_new (MAX_LENGTH);
        g_autoptr (GString) text = g_string_new (NULL);
        gsize length = strlen (inputs[i].bytes);

        for (gsize start = 0; start < length; start += size)
          {
            sse_lines_push (lines, inputs[i].bytes + start, MIN (size, length - start));
            take_lines (lines, text);
          }
        sse_lines_end (lines);
        take_lines (lines, text);
        g_assert_cmpstr (text->str, ==, inputs[i].lines);
      }
}

/* What waits while lines can't be used yet is still there afterwards. */
static void
test_interrupted (void)
{
  g_autoptr (SseLines) lines = sse_lines_new (MAX_LENGTH);
  g_autoptr (GString) text = g_string_new (NULL);
  SseLine line;

  sse_lines_push (lines, "a\nb\nc", 5);
  g_assert_true (sse_lines_next (lines, &line));
  g_assert_cmpstr (line.text, ==, "a");
  sse_lines_push (lines, "d\n", 2);
  take_lines (lines, text);
  g_assert_cmpstr (text->str, ==, "2:b;3:cd;");
}

static void
test_nul (void)
{
  g_autoptr (SseLines) lines = sse_lines_new (MAX_LENGTH);
  SseLine line;

  sse_lines_push (lines, "a\0b\n", 4);
  g_assert_true (sse_lines_next (lines, &line));
  g_assert_cmpuint (line.length, ==, 3);
  g_assert_cmpint (memcmp (line.text, "a\0b", 4), ==, 0);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cli/lines/inputs", test_inputs);
  g_test_add_func ("/cli/lines/interrupted", test_interrupted);
  g_test_add_func ("/cli/lines/nul", test_nul);
  return g_test_run ();
}
