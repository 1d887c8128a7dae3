/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-retry.h"

/**
 * sse_retry_frame_new:
 * @min_ms: the least
 * @max_ms: the greatest, not less
 *
 * In any thread.
 *
 * Returns: (transfer full): a `retry:`, uniformly at random in between, both included
 */
SseFrame *
sse_retry_frame_new (guint min_ms, guint max_ms)
{
  double span = (double) max_ms - min_ms + 1;
  char body[32];
  int length;

  length = g_snprintf (body, sizeof body, "retry: %" G_GUINT64_FORMAT "\n\n",
                       min_ms + (guint64) (g_random_double () * span));
  return sse_frame_new_body (body, (gsize) length);
}
