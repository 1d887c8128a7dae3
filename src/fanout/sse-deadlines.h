/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * SseDeadline:
 * @time: when, in any unit
 * @index: where it is in its heap; %G_MAXUINT when in none
 *
 * Part of what has a deadline.
 */
typedef struct
{
  gint64 time;
  guint index;
} SseDeadline;

/**
 * SseDeadlines:
 *
 * Deadlines, the earliest at hand: a binary heap. Adding and removing costs O(log n), looking
 * nothing. All zero when empty.
 */
typedef struct
{
  SseDeadline **items;
  guint length;
  guint capacity;
} SseDeadlines;

void         sse_deadlines_clear    (SseDeadlines       *self);
void         sse_deadlines_add      (SseDeadlines       *self,
                                     SseDeadline        *deadline);
void         sse_deadlines_remove   (SseDeadlines       *self,
                                     SseDeadline        *deadline);
SseDeadline *sse_deadlines_get_next (const SseDeadlines *self);

G_END_DECLS
