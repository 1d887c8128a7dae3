/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-nats-tail.h"

/* Messages that come within so long, in µs, are remembered as one, as long as that has no more than
 * this part of the updates that are wanted. */
#define GRAIN 10000
#define PART  100

/* One message, or several in a row. */
typedef struct
{
  guint64 first; /* its sequence number */
  guint64 n_updates;
  gint64 read; /* when, monotonic, µs */
} Stretch;

struct _SseNatsTail
{
  guint64 wanted;    /* updates */
  gint64 age;        /* how long each is wanted at least, µs */
  gint64 began;      /* when it began to count, monotonic, µs */
  guint64 n_updates; /* in all that is remembered */
  GQueue stretches;  /* of Stretch, in order; all of them are wanted */
};

/* Whether there are enough updates without the oldest, which was there for long enough. */
static gboolean
can_spare_first (const SseNatsTail *self, gint64 now)
{
  const Stretch *first = self->stretches.head->data;

  return self->n_updates - first->n_updates >= self->wanted && now - first->read >= self->age;
}

static gboolean
belongs_to (const SseNatsTail *self, const Stretch *last, gint64 now)
{
  return now - last->read < GRAIN && last->n_updates < self->wanted / PART;
}

/**
 * sse_nats_tail_add:
 * @sequence: of a message, that of the last one or a higher one
 * @now: monotonic, µs
 *
 * Counts an update that is in it.
 */
void
sse_nats_tail_add (SseNatsTail *self, guint64 sequence, gint64 now)
{
  Stretch *last = g_queue_peek_tail (&self->stretches);

  if (last == NULL || (last->first != sequence && !belongs_to (self, last, now)))
    {
      last = g_new (Stretch, 1);
      *last = (Stretch){ sequence, 0, now };
      g_queue_push_tail (&self->stretches, last);
    }
  last->n_updates++;
  self->n_updates++;
  while (can_spare_first (self, now))
    {
      g_autofree Stretch *first = g_queue_pop_head (&self->stretches);

      self->n_updates -= first->n_updates;
    }
}

/**
 * sse_nats_tail_get_first:
 * @now: monotonic, µs
 *
 * Returns: the sequence number of the first message that has to stay; 0 where all have to. What
 * came before it began to count has one update in each message, or more
 */
guint64
sse_nats_tail_get_first (const SseNatsTail *self, gint64 now)
{
  const Stretch *first = self->stretches.head != NULL ? self->stretches.head->data : NULL;
  guint64 missing = self->wanted - MIN (self->n_updates, self->wanted);

  if (first == NULL || now - self->began < self->age || first->first <= missing)
    return 0;
  return first->first - missing;
}

/**
 * sse_nats_tail_new:
 * @n_updates: that are wanted, 1 at least
 * @age: how long each is wanted at least, in µs
 * @now: monotonic, µs
 */
SseNatsTail *
sse_nats_tail_new (guint64 n_updates, gint64 age, gint64 now)
{
  SseNatsTail *self = g_new0 (SseNatsTail, 1);

  self->wanted = n_updates;
  self->age = age;
  self->began = now;
  return self;
}

void
sse_nats_tail_free (SseNatsTail *self)
{
  g_queue_clear_full (&self->stretches, g_free);
  g_free (self);
}
