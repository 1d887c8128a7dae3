/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-newcomer.h"

#include <string.h>
#include <unistd.h>

#include "sse-event-id.h"

/**
 * sse_newcomer_new:
 * @subscriber: a client; its socket and its ticket are taken
 * @audience: its user
 */
SseNewcomer *
sse_newcomer_new (const SseSubscriber *subscriber, SseAudience *audience)
{
  SseNewcomer *self = g_new0 (SseNewcomer, 1);

  self->audience = audience;
  self->fd = subscriber->fd;
  self->chunked = subscriber->chunked;
  self->expires = subscriber->expires;
  self->last_event_id = g_strdup (subscriber->last_event_id);
  self->head = sse_frame_ref (subscriber->head);
  self->ticket = subscriber->ticket;
  return self;
}

/* Closes its socket and releases its ticket, where the fan-out does not have them. */
void
sse_newcomer_free (SseNewcomer *self)
{
  if (self->fd >= 0)
    close (self->fd);
  if (self->ticket != NULL)
    self->ticket->release (self->ticket);
  g_free (self->last_event_id);
  sse_frame_unref (self->head);
  g_free (self);
}

/* Adds the events that the client missed; whether its last id was good. */
static gboolean
collect_missed (const SseNewcomer *self,
                SseSource *source,
                SseRing *ring,
                SseStreamHost *host,
                GPtrArray *frames)
{
  guint64 position;

  if (self->last_event_id == NULL || *sse_source_get_events (source) == NULL
      || !sse_event_id_parse (self->last_event_id, host->epoch, &position)
      || position > host->position || !sse_ring_covers (ring, position))
    return FALSE;
  sse_ring_collect (ring, position, self->audience->user, frames);
  return TRUE;
}

/* Adds a view as an event with @id: in parts, of which the large one is shared, and one chunk where
 * there are chunks. */
static void
add_view (SseFrame *body, const char *id, gboolean chunked, GPtrArray *frames)
{
  gsize body_length;
  gsize length;
  g_autofree char *line = g_strdup_printf ("id: %s\n", id);
  g_autofree char *start = NULL;

  sse_frame_get_bytes (body, chunked, &body_length);
  length = strlen (line) + body_length;
  start
      = chunked ? g_strdup_printf ("%" G_GSIZE_MODIFIER "x\r\n%s", length, line) : g_strdup (line);

  g_ptr_array_add (frames, sse_frame_new_raw (start, strlen (start)));
  g_ptr_array_add (frames, sse_frame_ref (body));
  if (chunked)
    g_ptr_array_add (frames, sse_frame_new_raw ("\r\n", 2));
}

/**
 * sse_newcomer_join:
 * @self: (transfer full): a client
 * @seen: whose views it sees, its user's or everyone's; they are rendered
 * @source: the stream's source
 * @ring: what it may have missed
 * @channel: the stream's channel in the fan-out
 * @host: what the streams share
 *
 * Gives a client to the fan-out with all that it must get first: its initial views, or what it
 * missed since its last id and the views as they are now.
 */
void
sse_newcomer_join (SseNewcomer *self,
                   SseAudience *seen,
                   SseSource *source,
                   SseRing *ring,
                   guint channel,
                   SseStreamHost *host)
{
  g_autofree char *id = sse_event_id_format (host->epoch, host->position);
  g_autoptr (GPtrArray) frames = g_ptr_array_new_with_free_func ((GDestroyNotify) sse_frame_unref);
  gboolean resumes;
  SseJoin join;

  g_ptr_array_add (frames, sse_frame_ref (self->head));
  g_ptr_array_add (frames, sse_fanout_new_retry_frame (host->fanout));
  resumes = collect_missed (self, source, ring, host, frames);
  for (guint view = 0; view < seen->n_views; view++)
    add_view (sse_audience_get_body (seen, source, view, !resumes), id, self->chunked, frames);

  join = (SseJoin){
    .fd = self->fd,
    .chunked = self->chunked,
    .channel = channel,
    .user = self->audience->user,
    .personal = self->audience->personal,
    .expires = self->expires,
    .frames = frames,
    .ticket = g_steal_pointer (&self->ticket),
  };
  self->fd = -1;
  sse_fanout_join (host->fanout, &join);
  sse_newcomer_free (self);
}
