/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-nats-tail.h"

typedef struct
{
  guint64 sequence;
  guint n_updates;
} Message;

struct _SseNatsTail
{
  guint64 wanted;    /* updates */
  guint64 n_updates; /* in all messages that are remembered */
  GQueue messages;   /* of Message, in order; without the first there would be too few updates */
};

/* Whether there are enough without the first message. */
static gboolean
can_spare_first (const SseNatsTail *self)
{
  const Message *first = g_queue_peek_head ((GQueue *) &self->messages);

  return self->n_updates - first->n_updates >= self->wanted;
}

/**
 * sse_nats_tail_add:
 * @sequence: of a message, that of the last one or a higher one
 *
 * Counts an update that is in it.
 */
void
sse_nats_tail_add (SseNatsTail *self, guint64 sequence)
{
  Message *last = g_queue_peek_tail (&self->messages);

  if (last == NULL || last->sequence != sequence)
    {
      last = g_new (Message, 1);
      *last = (Message){ sequence, 0 };
      g_queue_push_tail (&self->messages, last);
    }
  last->n_updates++;
  self->n_updates++;
  while (can_spare_first (self))
    {
      g_autofree Message *first = g_queue_pop_head (&self->messages);

      self->n_updates -= first->n_updates;
    }
}

/**
 * sse_nats_tail_get_first:
 *
 * Returns: the sequence number of the first message that is needed to have as many updates as are
 *   wanted; 0 where that is not known, as there were not as many yet
 */
guint64
sse_nats_tail_get_first (const SseNatsTail *self)
{
  const Message *first = g_queue_peek_head ((GQueue *) &self->messages);

  return self->n_updates >= self->wanted ? first->sequence : 0;
}

/**
 * sse_nats_tail_new:
 * @n_updates: that are wanted, 1 at least
 */
SseNatsTail *
sse_nats_tail_new (guint64 n_updates)
{
  SseNatsTail *self = g_new0 (SseNatsTail, 1);

  self->wanted = n_updates;
  return self;
}

void
sse_nats_tail_free (SseNatsTail *self)
{
  g_queue_clear_full (&self->messages, g_free);
  g_free (self);
}
