/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-deadlines.h"

#define MIN_CAPACITY 16

static void
put (SseDeadlines *self, guint index, SseDeadline *deadline)
{
  self->items[index] = deadline;
  deadline->index = index;
}

static void
move_up (SseDeadlines *self, guint index, SseDeadline *deadline)
{
  while (index > 0)
    {
      guint parent = (index - 1) / 2;

      if (self->items[parent]->time <= deadline->time)
        break;
      put (self, index, self->items[parent]);
      index = parent;
    }
  put (self, index, deadline);
}

static void
move_down (SseDeadlines *self, guint index, SseDeadline *deadline)
{
  while (TRUE)
    {
      guint child = 2 * index + 1;

      if (child >= self->length)
        break;
      if (child + 1 < self->length && self->items[child + 1]->time < self->items[child]->time)
        child++;
      if (deadline->time <= self->items[child]->time)
        break;
      put (self, index, self->items[child]);
      index = child;
    }
  put (self, index, deadline);
}

static void
set_capacity (SseDeadlines *self, guint capacity)
{
  self->items = g_renew (SseDeadline *, self->items, capacity);
  self->capacity = capacity;
}

/* Forgets all deadlines. */
void
sse_deadlines_clear (SseDeadlines *self)
{
  g_free (self->items);
  *self = (SseDeadlines){ 0 };
}

/**
 * sse_deadlines_add:
 * @deadline: its time is set, and does not change while it is here
 */
void
sse_deadlines_add (SseDeadlines *self, SseDeadline *deadline)
{
  if (self->length == self->capacity)
    set_capacity (self, MAX (2 * self->capacity, MIN_CAPACITY));
  self->length++;
  move_up (self, self->length - 1, deadline);
}

/**
 * sse_deadlines_remove:
 * @deadline: one that was added; one that is not here is left alone
 */
void
sse_deadlines_remove (SseDeadlines *self, SseDeadline *deadline)
{
  guint index = deadline->index;
  SseDeadline *last;

  if (index == G_MAXUINT)
    return;

  deadline->index = G_MAXUINT;
  self->length--;
  last = self->items[self->length];
  if (last != deadline)
    {
      if (index > 0 && last->time < self->items[(index - 1) / 2]->time)
        move_up (self, index, last);
      else
        move_down (self, index, last);
    }

  /* What many clients needed is not kept for the few that may remain. */
  if (self->length == 0)
    sse_deadlines_clear (self);
  else if (self->capacity > MIN_CAPACITY && self->length < self->capacity / 4)
    set_capacity (self, self->capacity / 2);
}

/**
 * sse_deadlines_get_next:
 *
 * Returns: (transfer none) (nullable): the earliest; %NULL when there is none
 */
SseDeadline *
sse_deadlines_get_next (const SseDeadlines *self)
{
  return self->length > 0 ? self->items[0] : NULL;
}
