/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-link.h"

G_BEGIN_DECLS

/**
 * SseWheel:
 * @due: when the next slot's turn comes, in µs of the monotonic clock
 *
 * Gives each member its turn once in an interval, and spreads the members evenly over it, however
 * they came. A turn costs what its slot's members cost, whatever their number in all.
 */
typedef struct
{
  SseLink *slots;
  guint n_slots;
  guint hand;
  guint next;
  gint64 tick;
  gint64 due;
} SseWheel;

void     sse_wheel_init  (SseWheel *self,
                          guint     interval_ms);
void     sse_wheel_clear (SseWheel *self);
void     sse_wheel_start (SseWheel *self,
                          gint64    now);
void     sse_wheel_add   (SseWheel *self,
                          SseLink  *member);
void     sse_wheel_set_interval
                         (SseWheel *self,
                          guint     interval_ms,
                          gint64    now);
SseLink *sse_wheel_turn  (SseWheel *self,
                          gint64    now);

G_END_DECLS
