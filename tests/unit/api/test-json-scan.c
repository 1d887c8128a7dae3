/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "sse-error.h"
#include "sse-json.h"

typedef struct
{
  const char *name;
  const char *text;
  gssize length; /* -1: up to the NUL */
  gsize offset;  /* where the fault is */
} Refusal;

static const Refusal refusals[] = {
  { "nothing", "", -1, 0 },
  { "only-space", " \t\r\n", -1, 4 },
  { "byte-order-mark", "\xef\xbb\xbf{}", -1, 0 },
  { "second-value", "{} {}", -1, 3 },
  { "behind-literal", "nullx", -1, 4 },
  { "line-comment", "{ // x\n}", -1, 2 },
  { "block-comment", "[1, /* x */ 2]", -1, 4 },
  { "assignment", "var a = 1;", -1, 0 },
  { "literal-cut", "[tru", -1, 1 },
  { "literal-in-capitals", "True", -1, 0 },
  { "nan", "NaN", -1, 0 },
  { "infinity", "-Infinity", -1, 1 },
  { "single-quotes", "{'a':1}", -1, 1 },
  { "array-open", "[1", -1, 2 },
  { "array-only-bracket", "[", -1, 1 },
  { "array-trailing-comma", "[1,]", -1, 3 },
  { "array-leading-comma", "[,1]", -1, 1 },
  { "array-without-comma", "[1 2]", -1, 3 },
  { "array-closed-as-object", "[1}", -1, 2 },
  { "object-open", "{\"a\":1", -1, 6 },
  { "object-only-brace", "{", -1, 1 },
  { "object-trailing-comma", "{\"a\":1,}", -1, 7 },
  { "object-without-colon", "{\"a\" 1}", -1, 5 },
  { "object-without-value", "{\"a\":}", -1, 5 },
  { "object-bare-name", "{a:1}", -1, 1 },
  { "object-number-as-name", "{1:1}", -1, 1 },
  { "object-closed-as-array", "{\"a\":1]", -1, 6 },
  { "duplicate-name", "{\"a\":1,\"b\":2,\"a\":3}", -1, 13 },
  { "duplicate-name-escaped", "{\"a\":1,\"\\u0061\":3}", -1, 7 },
  { "duplicate-name-behind-inner", "{\"a\":{\"a\":1},\"a\":3}", -1, 13 },
  { "number-minus-alone", "-", -1, 1 },
  { "number-plus", "+1", -1, 0 },
  { "number-leading-zero", "01", -1, 1 },
  { "number-leading-point", ".5", -1, 0 },
  { "number-trailing-point", "[1.]", -1, 3 },
  { "number-empty-exponent", "[1e]", -1, 3 },
  { "number-signed-empty-exponent", "[1e+]", -1, 4 },
  { "number-hexadecimal", "0x10", -1, 1 },
  { "integer-too-large", "[9007199254740992]", -1, 1 },
  { "integer-too-small", "[-9007199254740992]", -1, 1 },
  { "integer-past-64-bits", "[ 18446744073709551617]", -1, 2 },
  { "double-too-large", "[1e309]", -1, 1 },
  { "string-open", "[\"abc", -1, 1 },
  { "string-ends-in-backslash", "\"a\\", -1, 2 },
  { "string-control-character", "\"a\nb\"", -1, 2 },
  { "string-tab", "\"\t\"", -1, 1 },
  { "unknown-escape", "\"ab\\x41\"", -1, 3 },
  { "escaped-single-quote", "\"\\'\"", -1, 1 },
  { "escape-before-nul", "\"\\\0\"", 4, 2 },
  { "escape-cut", "\"\\u12\"", -1, 5 },
  { "escape-without-digits", "\"\\u00zz\"", -1, 5 },
  { "escaped-nul", "{\"a\":\"b\\u0000\"}", -1, 7 },
  { "escaped-nul-in-name", "{\"a\\u0000\":1}", -1, 3 },
  { "lone-high-surrogate", "\"\\ud800\"", -1, 1 },
  { "lone-low-surrogate", "\"x\\udc00\"", -1, 2 },
  { "high-then-plain-escape", "\"\\ud800\\n\"", -1, 1 },
  { "two-high-surrogates", "\"\\ud800\\ud800\"", -1, 1 },
  { "raw-nul", "{\0}", 3, 1 },
  { "nul-behind", "{}\0", 3, 2 },
  { "latin-1", "\"caf\xe9\"", -1, 4 },
  { "cut-utf8", "\"\xc3", -1, 1 },
  { "overlong-utf8", "\"\xc0\xaf\"", -1, 1 },
  { "utf8-surrogate", "\"\xed\xa0\x80\"", -1, 1 },
  { "past-unicode", "\"\xf4\x90\x80\x80\"", -1, 1 },
};

static const char *const accepted[] = {
  "{}",
  "[]",
  " \t\r\n{ } \t\r\n",
  "null",
  "true",
  "false",
  "\"\"",
  "0",
  "-0",
  "9007199254740991",
  "-9007199254740991",
  "[0.5,-0.5e-3,1E5,1e+5,1e308,1e-999]",
  "[9007199254740993.0,1e300,-0.0]",
  "{\"a\":1,\"b\":[1,[],{},\"x\"],\"c\":{\"a\":2},\"A\":3}",
  "[{\"a\":1},{\"a\":1}]",
  "{\"\":1}",
  "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0001\\u00e9\\ud83d\\ude00\"",
  "\"caf\xc3\xa9 \xf0\x9f\x98\x80 \xef\xbf\xbf \x7f\"",
};

/* Scans a copy of just that size on the heap, so that a sanitizer sees any byte read beyond. */
static gboolean
scan_exactly (const char *text, gsize length, GError **error)
{
  g_autofree char *copy = g_memdup2 (text, length);

  return sse_json_scan (copy, length, error);
}

static void
test_refused (gconstpointer data)
{
  const Refusal *refusal = data;
  gsize length = refusal->length >= 0 ? (gsize) refusal->length : strlen (refusal->text);
  g_autofree char *ending = g_strdup_printf (" at byte %" G_GSIZE_FORMAT, refusal->offset);
  g_autoptr (GError) error = NULL;

  g_assert_false (scan_exactly (refusal->text, length, &error));
  g_assert_error (error, SSE_ERROR, SSE_ERROR_INVALID_UPDATE);
  g_test_message ("%s", error->message);
  g_assert_true (g_str_has_prefix (error->message, "not JSON: "));
  g_assert_true (g_str_has_suffix (error->message, ending));
  g_assert_false (scan_exactly (refusal->text, length, NULL));
}

static void
test_accepted (gconstpointer data)
{
  const char *text = data;
  g_autoptr (GError) error = NULL;

  scan_exactly (text, strlen (text), &error);
  g_assert_no_error (error);
}

/* Every shorter beginning of a text is refused, without a byte read beyond it. */
static void
test_cut_anywhere (void)
{
  static const char text[]
      = "{\"a\":[1,-2.5e+3,true,false,null,\"\\ud83d\\ude00\\n\xc3\xa9\"],\"b\":{}}";

  for (gsize length = 0; length < sizeof text - 1; length++)
    g_assert_false (scan_exactly (text, length, NULL));
  g_assert_true (scan_exactly (text, sizeof text - 1, NULL));
}

static char *
nested (char open, char close, guint depth)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < depth; i++)
    g_string_append (text, open == '{' && i > 0 ? "\"a\":{" : (char[]){ open, '\0' });
  for (guint i = 0; i < depth; i++)
    g_string_append_c (text, close);
  return g_string_free (text, FALSE);
}

static void
test_depth (void)
{
  static const char pairs[][2] = { { '[', ']' }, { '{', '}' } };

  for (guint i = 0; i < G_N_ELEMENTS (pairs); i++)
    {
      g_autofree char *deepest = nested (pairs[i][0], pairs[i][1], SSE_JSON_MAX_DEPTH);
      g_autofree char *deeper = nested (pairs[i][0], pairs[i][1], SSE_JSON_MAX_DEPTH + 1);
      g_autofree char *abyss = nested (pairs[i][0], pairs[i][1], 1000000);
      g_autoptr (GError) error = NULL;

      sse_json_scan (deepest, strlen (deepest), &error);
      g_assert_no_error (error);
      g_assert_false (sse_json_scan (deeper, strlen (deeper), &error));
      g_assert_error (error, SSE_ERROR, SSE_ERROR_INVALID_UPDATE);
      g_assert_nonnull (strstr (error->message, "32"));
      g_assert_false (sse_json_scan (abyss, strlen (abyss), NULL));
    }
}

static char *
with_members (guint n)
{
  GString *text = g_string_new ("[{");

  for (guint i = 0; i < n; i++)
    g_string_append_printf (text, "%s\"%u\":{}", i > 0 ? "," : "", i);
  g_string_append (text, "},{}]");
  return g_string_free (text, FALSE);
}

static void
test_members (void)
{
  g_autofree char *most = with_members (4096);
  g_autofree char *more = with_members (4097);
  g_autofree char *ending
      = g_strdup_printf (" at byte %" G_GSIZE_FORMAT, (gsize) (strstr (more, "\"4096\"") - more));
  g_autoptr (GError) error = NULL;

  sse_json_scan (most, strlen (most), &error);
  g_assert_no_error (error);
  g_assert_false (sse_json_scan (more, strlen (more), &error));
  g_assert_error (error, SSE_ERROR, SSE_ERROR_INVALID_UPDATE);
  g_assert_nonnull (strstr (error->message, "4096 members"));
  g_assert_true (g_str_has_suffix (error->message, ending));
}

static void
test_long_number (void)
{
  g_autofree char *digits = g_strnfill (1000000, '1');
  g_autofree char *fraction = g_strconcat ("0.", digits, NULL);

  g_assert_false (sse_json_scan (digits, strlen (digits), NULL));
  g_assert_false (sse_json_scan (fraction, strlen (fraction), NULL));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (refusals); i++)
    {
      g_autofree char *path = g_strdup_printf ("/api/json-scan/refused/%s", refusals[i].name);

      g_test_add_data_func (path, &refusals[i], test_refused);
    }
  for (guint i = 0; i < G_N_ELEMENTS (accepted); i++)
    {
      g_autofree char *path = g_strdup_printf ("/api/json-scan/accepted/%u", i);

      g_test_add_data_func (path, accepted[i], test_accepted);
    }
  g_test_add_func ("/api/json-scan/cut-anywhere", test_cut_anywhere);
  g_test_add_func ("/api/json-scan/depth", test_depth);
  g_test_add_func ("/api/json-scan/members", test_members);
  g_test_add_func ("/api/json-scan/long-number", test_long_number);
  return g_test_run ();
}
