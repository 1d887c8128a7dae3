/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-histogram.h"

const gint64 sse_histogram_bounds[SSE_HISTOGRAM_N_BOUNDS]
    = { 500,    1000,   2500,   5000,    10000,   25000,  50000,
        100000, 250000, 500000, 1000000, 2500000, 5000000 };

/**
 * sse_histogram_add:
 * @time: how long it took, in µs, not negative
 */
void
sse_histogram_add (SseHistogram *self, gint64 time)
{
  guint i = 0;

  while (i < SSE_HISTOGRAM_N_BOUNDS && time > sse_histogram_bounds[i])
    i++;
  self->counts[i]++;
  self->sum += (guint64) time;
}
