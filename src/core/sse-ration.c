/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-ration.h"

/**
 * sse_ration_take:
 * @max: how often it may be told in @span
 * @span: in µs; the next one begins with what is told first after it
 *
 * Returns: whether it may be told now
 */
gboolean
sse_ration_take (SseRation *self, guint max, gint64 span)
{
  gint64 now = g_get_monotonic_time ();

  if (self->n == 0 || now >= self->since + span)
    {
      self->since = now;
      self->n = 0;
    }
  if (self->n >= max)
    return FALSE;
  self->n++;
  return TRUE;
}
