/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-exposition.h"

static void
test_metric (void)
{
  SseExposition out = { .text = g_string_new (NULL) };

  sse_exposition_begin (&out, "a_total", SSE_METRIC_COUNTER, "What it counts.");
  sse_exposition_add (&out, 3, NULL);
  sse_exposition_begin (&out, "b", SSE_METRIC_GAUGE, "What it is.");
  sse_exposition_add (&out, 0.1, "one", "x", NULL);
  sse_exposition_add (&out, 9007199254740991, "one", "y", "two", "z", NULL);
  g_assert_cmpstr (out.text->str, ==,
                   "# HELP a_total What it counts.\n"
                   "# TYPE a_total counter\n"
                   "a_total 3\n"
                   "# HELP b What it is.\n"
                   "# TYPE b gauge\n"
                   "b{one=\"x\"} 0.1\n"
                   "b{one=\"y\",two=\"z\"} 9007199254740991\n");
  g_string_free (out.text, TRUE);
}

/* A value ends where it is meant to, whatever is in it. */
static void
test_escapes (void)
{
  static const struct
  {
    const char *value;
    const char *written;
  } values[] = {
    { "", "" },
    { "plain", "plain" },
    { "a\"b", "a\\\"b" },
    { "a\\b", "a\\\\b" },
    { "a\nb", "a\\nb" },
    { "\\\"} 1\n", "\\\\\\\"} 1\\n" },
    { "ümläut {}=,", "ümläut {}=," },
    { "\xff", "\xef\xbf\xbd" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (values); i++)
    {
      g_autofree char *expected = g_strdup_printf ("m{l=\"%s\"} 1\n", values[i].written);
      SseExposition out = { .text = g_string_new (NULL), .name = "m" };

      sse_exposition_add (&out, 1, "l", values[i].value, NULL);
      g_assert_cmpstr (out.text->str, ==, expected);
      g_string_free (out.text, TRUE);
    }
}

/* Each bucket holds what is in those before it, too. */
static void
test_histogram (void)
{
  SseExposition out = { .text = g_string_new (NULL), .name = "t" };
  SseHistogram histogram = { 0 };

  sse_histogram_add (&histogram, 400);
  sse_histogram_add (&histogram, 600);
  sse_histogram_add (&histogram, 700);
  sse_histogram_add (&histogram, 10 * G_USEC_PER_SEC);
  sse_exposition_add_histogram (&out, &histogram);
  g_assert_true (g_str_has_prefix (out.text->str, "t_bucket{le=\"0.0005\"} 1\n"
                                                  "t_bucket{le=\"0.001\"} 3\n"
                                                  "t_bucket{le=\"0.0025\"} 3\n"));
  g_assert_true (g_str_has_suffix (out.text->str, "t_bucket{le=\"5\"} 3\n"
                                                  "t_bucket{le=\"+Inf\"} 4\n"
                                                  "t_sum 10.0017\n"
                                                  "t_count 4\n"));
  g_string_free (out.text, TRUE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/operators/exposition/metric", test_metric);
  g_test_add_func ("/operators/exposition/escapes", test_escapes);
  g_test_add_func ("/operators/exposition/histogram", test_histogram);
  return g_test_run ();
}
