/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-nats"

/* Servers that are of different minds may give a node what no other node gets: not only at the end,
 * and what comes behind that is the same for all. */

#include "config.h"

#include "sse-nats-recent.h"

/* Adds one that comes behind all that are there. */
void
sse_nats_recent_add (SseNatsRecent *self, guint64 sequence, const char *id)
{
  SseNatsRead *read = &self->read[self->n_read++ % SSE_NATS_RECENT_MESSAGES];

  read->sequence = sequence;
  g_strlcpy (read->id, id, sizeof read->id);
}

/**
 * sse_nats_recent_get:
 * @back: how many have come behind it
 *
 * Returns: (transfer none) (nullable): %NULL where it is not known any more, or never was
 */
const SseNatsRead *
sse_nats_recent_get (const SseNatsRecent *self, guint back)
{
  if (back >= MIN (self->n_read, SSE_NATS_RECENT_MESSAGES))
    return NULL;
  return &self->read[(self->n_read - 1 - back) % SSE_NATS_RECENT_MESSAGES];
}

/* ---- reading them again ---- */

/* From the newest on, so many times. */
void
sse_nats_review_begin (SseNatsReview *self, guint n_rounds)
{
  self->n_rounds = n_rounds;
  self->before = 0;
}

/* The newest of the round under way that was not asked for in it yet; NULL at its end. */
static const SseNatsRead *
get_next (const SseNatsReview *self, const SseNatsRecent *recent, guint64 first)
{
  const SseNatsRead *read;

  for (guint back = 0; (read = sse_nats_recent_get (recent, back)) != NULL; back++)
    if (self->before == 0 || read->sequence < self->before)
      return read->sequence >= first ? read : NULL;
  return NULL;
}

/**
 * sse_nats_review_step:
 * @recent: what was read, which may be more at each step
 * @first: message that the stream has: what is older has left it
 *
 * Asks the servers for one, and waits; or ends a round. What was found not to be there is asked for
 * first, as it may be there again.
 *
 * Returns: whether it is there; %SSE_NATS_FOUND_NONE for one that has just left
 */
SseNatsFound
sse_nats_review_step (SseNatsReview *self,
                      const SseNatsRecent *recent,
                      guint64 first,
                      SseNatsLink *link)
{
  gboolean again = self->other.sequence > 0;
  const SseNatsRead *next = again ? &self->other : get_next (self, recent, first);
  SseNatsRead read = { 0 };
  SseNatsFound found;

  if (next == NULL)
    {
      sse_nats_review_begin (self, self->n_rounds > 0 ? self->n_rounds - 1 : 0);
      return SSE_NATS_FOUND_SAME;
    }
  read = *next;
  found = sse_nats_link_find (link, read.sequence, read.id, NULL);
  if (found == SSE_NATS_FOUND_UNKNOWN)
    return found;
  self->other = found == SSE_NATS_FOUND_OTHER ? read : (SseNatsRead){ 0 };
  if (!again)
    self->before = read.sequence;
  return found;
}
