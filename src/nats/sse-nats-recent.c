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

/**
 * sse_nats_recent_find_other:
 * @other: (out): the newest that was read in whose place there is another one, where that is so
 *
 * Asks the servers for each, the newest first, and waits.
 *
 * Returns: %SSE_NATS_FOUND_SAME also where one has left the stream; else what is not so
 */
SseNatsFound
sse_nats_recent_find_other (const SseNatsRecent *self, SseNatsLink *link, SseNatsRead *other)
{
  const SseNatsRead *read;

  for (guint back = 0; (read = sse_nats_recent_get (self, back)) != NULL; back++)
    {
      SseNatsFound found = sse_nats_link_find (link, read->sequence, read->id, NULL);

      if (found == SSE_NATS_FOUND_OTHER)
        *other = *read;
      if (found == SSE_NATS_FOUND_OTHER || found == SSE_NATS_FOUND_UNKNOWN)
        return found;
    }
  return SSE_NATS_FOUND_SAME;
}
