/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-times.h"

#include <stdlib.h>

static int
compare (const void *a, const void *b)
{
  gint64 first = *(const gint64 *) a;
  gint64 second = *(const gint64 *) b;

  return (first > second) - (first < second);
}

/**
 * bench_times_of:
 * @ns: (inout): are sorted
 * @n: how many
 * @times: (out): what they come to
 */
void
bench_times_of (gint64 *ns, guint n, BenchTimes *times)
{
  qsort (ns, n, sizeof *ns, compare);
  *times = (BenchTimes){ 0 };
  if (n > 0)
    *times = (BenchTimes){ .median = ns[(n - 1) / 2],
                           .p99 = ns[(guint) ((guint64) (n - 1) * 99 / 100)],
                           .worst = ns[n - 1] };
}
