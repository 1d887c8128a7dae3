/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define SSE_HISTOGRAM_N_BOUNDS 13

/* In µs, ascending; from what a quick disk takes for a commit to what nobody waits for. */
extern const gint64 sse_histogram_bounds[SSE_HISTOGRAM_N_BOUNDS];

/**
 * SseHistogram:
 * @counts: times up to and with each bound, and above the one before; the last: above all bounds
 * @sum: of all times, in µs
 *
 * How often something took how long. Zeroed, it is empty.
 */
typedef struct
{
  guint64 counts[SSE_HISTOGRAM_N_BOUNDS + 1];
  guint64 sum;
} SseHistogram;

void sse_histogram_add (SseHistogram *self,
                        gint64        time);

G_END_DECLS
