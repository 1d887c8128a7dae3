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
  sse_frame_unref (self->head);
  g_free (self);
}

/**
 * sse_newcomer_resume:
 * @last_event_id: where the client was, as it says
 *
 * Looks whether it can go on from there.
 */
void
sse_newcomer_resume (SseNewcomer *self,
                     const char *last_event_id,
                     const SseRing *ring,
                     const SseStreamHost *host)
{
  self->resumes = sse_event_id_parse (last_event_id, host->epoch, &self->position)
                  && self->position <= host->position && sse_ring_covers (ring, self->position);
}

/* It may have been overtaken by what the ring drops. */
static gboolean
still_resumes (SseNewcomer *self, const SseRing *ring)
{
  self->resumes = self->resumes && sse_ring_covers (ring, self->position);
  return self->resumes;
}

/**
 * sse_newcomer_is_behind:
 *
 * Returns: whether it missed so much that it is to be given that in slices
 */
gboolean
sse_newcomer_is_behind (SseNewcomer *self, const SseRing *ring, const SseStreamHost *host)
{
  return still_resumes (self, ring)
         && sse_ring_get_bytes_behind (ring, self->position) > host->slice_bytes;
}

static GPtrArray *
new_frames (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) sse_frame_unref);
}

static void
add_start (const SseNewcomer *self, const SseStreamHost *host, GPtrArray *frames)
{
  g_ptr_array_add (frames, sse_frame_ref (self->head));
  g_ptr_array_add (frames, sse_fanout_new_retry_frame (host->fanout));
}

/* Takes the socket and the ticket for the fan-out. */
static SseJoin
make_join (SseNewcomer *self, guint channel, GPtrArray *frames)
{
  SseJoin join = {
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
  return join;
}

/**
 * sse_newcomer_feed:
 * @self: a client that is behind, and new or due its next slice
 * @fed: told with @self
 *
 * Gives a client the next slice of what it missed.
 */
void
sse_newcomer_feed (SseNewcomer *self,
                   const SseRing *ring,
                   guint channel,
                   const SseStreamHost *host,
                   SseFanoutFed fed)
{
  g_autoptr (GPtrArray) frames = new_frames ();

  if (self->catch_up == NULL)
    add_start (self, host, frames);
  sse_ring_collect (ring, &self->position, self->audience->user, host->slice_bytes, frames);

  if (self->catch_up != NULL)
    sse_fanout_feed (host->fanout, self->catch_up, frames);
  else
    {
      SseJoin join = make_join (self, channel, frames);

      self->catch_up = sse_fanout_join_behind (host->fanout, &join, fed, self);
    }
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
                   const SseRing *ring,
                   guint channel,
                   const SseStreamHost *host)
{
  g_autofree char *id = sse_event_id_format (host->epoch, host->position);
  g_autoptr (GPtrArray) frames = new_frames ();
  gboolean resumes = still_resumes (self, ring);

  if (self->catch_up == NULL)
    add_start (self, host, frames);
  if (resumes)
    sse_ring_collect (ring, &self->position, self->audience->user, G_MAXSIZE, frames);
  for (guint view = 0; view < seen->n_views; view++)
    add_view (sse_audience_get_body (seen, source, view, !resumes), id, self->chunked, frames);

  if (self->catch_up != NULL)
    sse_fanout_feed_last (host->fanout, self->catch_up, frames);
  else
    {
      SseJoin join = make_join (self, channel, frames);

      sse_fanout_join (host->fanout, &join);
    }
  sse_newcomer_free (self);
}
