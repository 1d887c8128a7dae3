/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-table.h"

/* Rows by line ends, cells by bars. */
static char *
print (const char *text, const char *alignment)
{
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

  for (char **line = lines; *line != NULL; line++)
    g_ptr_array_add (rows, g_strsplit (*line, "|", -1));
  return sse_table_print (rows, alignment);
}

static void
assert_prints (const char *text, const char *alignment, const char *expected)
{
  g_autofree char *table = print (text, alignment);

  g_assert_cmpstr (table, ==, expected);
}

static void
test_alignment (void)
{
  assert_prints ("NAME|COUNT|END\na|1|x\nlonger|1234567|yz", "lrl",
                 "NAME      COUNT  END\n"
                 "a             1  x\n"
                 "longer  1234567  yz\n");
  assert_prints ("N|COUNT\na|1", "lr", "N  COUNT\na      1\n");
}

static void
test_line_between (void)
{
  assert_prints ("a|b\n  a line that widens nothing\ncc|d", "ll",
                 "a   b\n  a line that widens nothing\ncc  d\n");
}

/* Characters of two columns, and of none. */
static void
test_width (void)
{
  assert_prints ("日本|1\ne\xcc\x81|2\nabcd|3", "ll", "日本  1\ne\xcc\x81     2\nabcd  3\n");
}

static void
test_tame (void)
{
  assert_prints ("a\033[2J|b\x9b|\177", "lll", "a\\u001b[2J  b\xef\xbf\xbd  \\u007f\n");
  assert_prints ("a\tb|\xc2\x9b", "ll", "a b  \\u009b\n");
  assert_prints ("\033]0;x\007", "ll", "\\u001b]0;x\\u0007\n");
}

/* What is too wide is cut, where something comes behind it. */
static void
test_cut (void)
{
  g_autofree char *forty = g_strnfill (40, 'x');
  g_autofree char *text = g_strdup_printf ("%s|%sy\n%sy|z", forty, forty, forty);
  g_autofree char *expected = g_strdup_printf ("%s  %sy\n%.39s…  z\n", forty, forty, forty);

  assert_prints (text, "ll", expected);
}

static void
test_cut_wide (void)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GString) expected = g_string_new (NULL);

  for (guint i = 0; i < 21; i++)
    g_string_append (text, "日");
  for (guint i = 0; i < 19; i++)
    g_string_append (expected, "日");
  g_string_append (text, "|x");
  g_string_append (expected, "…  x\n");
  assert_prints (text->str, "ll", expected->str);
}

static void
test_bytes (void)
{
  static const struct
  {
    guint64 bytes;
    const char *text;
  } amounts[] = {
    { 0, "0 B" },
    { 1023, "1023 B" },
    { 1024, "1.0 KiB" },
    { 1536, "1.5 KiB" },
    { 1023 * 1024 + 970, "1023.9 KiB" },
    { 1024 * 1024 - 1, "1.0 MiB" },
    { 268435456, "256.0 MiB" },
    { G_GUINT64_CONSTANT (1) << 40, "1.0 TiB" },
    { G_MAXUINT64, "16.0 EiB" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (amounts); i++)
    {
      g_autofree char *text = sse_table_bytes (amounts[i].bytes);

      g_assert_cmpstr (text, ==, amounts[i].text);
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cli/table/alignment", test_alignment);
  g_test_add_func ("/cli/table/line-between", test_line_between);
  g_test_add_func ("/cli/table/width", test_width);
  g_test_add_func ("/cli/table/tame", test_tame);
  g_test_add_func ("/cli/table/cut", test_cut);
  g_test_add_func ("/cli/table/cut-wide", test_cut_wide);
  g_test_add_func ("/cli/table/bytes", test_bytes);
  return g_test_run ();
}
