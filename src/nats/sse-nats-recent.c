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
  self->back = 0;
}

static const SseNatsRead *
get_next (const SseNatsReview *self, guint64 first)
{
  const SseNatsRead *read = sse_nats_recent_get (&self->recent, self->back);

  return read != NULL && read->sequence >= first ? read : NULL;
}

/* The round ends with the last one. */
static void
go_on (SseNatsReview *self, guint64 first)
{
  self->back++;
  if (get_next (self, first) == NULL)
    sse_nats_review_begin (self, self->n_rounds > 0 ? self->n_rounds - 1 : 0);
}

/**
 * sse_nats_review_step:
 * @recent: what was read: a round is through that as it was at its beginning
 * @first: message that the stream has: what is older has left it
 * @error: %SSE_NATS_ERROR_AWAY where it is unknown; that one is next again
 *
 * Asks the servers for one, and waits. What was found not to be there is asked for first, as it may
 * be there again.
 *
 * Returns: whether it is there; %SSE_NATS_FOUND_NONE for one that has left
 */
SseNatsFound
sse_nats_review_step (SseNatsReview *self,
                      const SseNatsRecent *recent,
                      guint64 first,
                      SseNatsLink *link,
                      GError **error)
{
  gboolean again = self->other.sequence > 0;
  SseNatsFound found = SSE_NATS_FOUND_NONE;
  const SseNatsRead *next;
  SseNatsRead read;

  if (self->back == 0)
    self->recent = *recent;
  next = again ? &self->other : get_next (self, first);
  if (next != NULL)
    {
      read = *next;
      found = sse_nats_link_find (link, read.sequence, read.id, error);
      if (found == SSE_NATS_FOUND_UNKNOWN)
        return found;
      self->other = found == SSE_NATS_FOUND_OTHER ? read : (SseNatsRead){ 0 };
    }
  if (!again)
    go_on (self, first);
  return found;
}
