/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-wheel.h"

#define USUAL_TICK_MS 250
#define MIN_SLOTS     8
#define MAX_SLOTS     1024

/**
 * sse_wheel_init:
 * @interval_ms: for one revolution, at least 1
 */
void
sse_wheel_init (SseWheel *self, guint interval_ms)
{
  self->n_slots = CLAMP (interval_ms / USUAL_TICK_MS, MIN_SLOTS, MAX_SLOTS);
  self->slots = g_new (SseLink, self->n_slots);
  for (guint i = 0; i < self->n_slots; i++)
    sse_link_init (&self->slots[i]);
  self->hand = 0;
  self->next = 0;
  self->tick = (gint64) interval_ms * 1000 / self->n_slots;
  self->due = 0;
}

/* Ends a wheel without members. */
void
sse_wheel_clear (SseWheel *self)
{
  g_free (self->slots);
}

/**
 * sse_wheel_start:
 * @now: the monotonic clock, in µs
 *
 * Starts a wheel that stood still as long as it had no members.
 */
void
sse_wheel_start (SseWheel *self, gint64 now)
{
  self->due = now + self->tick;
}

/**
 * sse_wheel_add:
 * @member: joins the slot after the one that the last member joined; sse_link_remove() ends it
 */
void
sse_wheel_add (SseWheel *self, SseLink *member)
{
  sse_link_append (&self->slots[self->next], member);
  self->next = (self->next + 1) % self->n_slots;
}

/**
 * sse_wheel_set_interval:
 * @interval_ms: for one revolution from now on, at least 1
 * @now: the monotonic clock, in µs
 *
 * The members stay, and are spread anew.
 */
void
sse_wheel_set_interval (SseWheel *self, guint interval_ms, gint64 now)
{
  SseWheel old = *self;

  sse_wheel_init (self, interval_ms);
  sse_wheel_start (self, now);
  for (guint i = 0; i < old.n_slots; i++)
    while (sse_link_is_linked (&old.slots[i]))
      {
        SseLink *member = old.slots[i].next;

        sse_link_remove (member);
        sse_wheel_add (self, member);
      }
  sse_wheel_clear (&old);
}

/**
 * sse_wheel_turn:
 * @now: the monotonic clock, in µs
 *
 * To be called until it returns %NULL, at @due or later.
 *
 * Returns: (nullable): the list of members whose turn it is; %NULL when it is no slot's turn
 */
SseLink *
sse_wheel_turn (SseWheel *self, gint64 now)
{
  SseLink *slot;

  if (now < self->due)
    return NULL;

  slot = &self->slots[self->hand];
  self->hand = (self->hand + 1) % self->n_slots;
  self->due += self->tick;
  /* After a long sleep one revolution is enough. */
  if (self->due + self->tick * self->n_slots < now)
    self->due = now - self->tick * self->n_slots;
  return slot;
}
