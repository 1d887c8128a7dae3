/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-histogram.h"

static void
test_bounds (void)
{
  for (guint i = 1; i < SSE_HISTOGRAM_N_BOUNDS; i++)
    g_assert_cmpint (sse_histogram_bounds[i], >, sse_histogram_bounds[i - 1]);
}

/* A bound's own time is within it; what is above all of them is counted too. */
static void
test_add (void)
{
  const gint64 last = sse_histogram_bounds[SSE_HISTOGRAM_N_BOUNDS - 1];
  SseHistogram histogram = { 0 };

  sse_histogram_add (&histogram, 0);
  sse_histogram_add (&histogram, 500);
  sse_histogram_add (&histogram, 501);
  sse_histogram_add (&histogram, last);
  sse_histogram_add (&histogram, last + 1);
  sse_histogram_add (&histogram, 10 * last);
  g_assert_cmpuint (histogram.counts[0], ==, 2);
  g_assert_cmpuint (histogram.counts[1], ==, 1);
  g_assert_cmpuint (histogram.counts[SSE_HISTOGRAM_N_BOUNDS - 1], ==, 1);
  g_assert_cmpuint (histogram.counts[SSE_HISTOGRAM_N_BOUNDS], ==, 2);
  g_assert_cmpuint (histogram.sum, ==, 1002 + 12 * (guint64) last);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/core/histogram/bounds", test_bounds);
  g_test_add_func ("/core/histogram/add", test_add);
  return g_test_run ();
}
