/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-hub"

#include "config.h"

#include "sse-newcomer.h"

#include <string.h>
#include <unistd.h>

#include "sse-event-id.h"

/* What those who catch up are given at a time, all together, in bytes, unless they are so many that
 * each would have less than the least. */
#define BEHIND_BYTES    ((gsize) 64 * 1024 * 1024)
#define MIN_SLICE_BYTES ((gsize) 16 * 1024)

#define MAX_ID_BYTES 64

void
sse_entrance_init (SseEntrance *self)
{
  sse_link_init (&self->reading);
}

/* Newcomers for whom the log is being read are closed when that is done. */
void
sse_entrance_close (SseEntrance *self)
{
  while (sse_link_is_linked (&self->reading))
    {
      SseNewcomer *newcomer = sse_link_get (self->reading.next, SseNewcomer, link);

      newcomer->entrance = NULL;
      sse_link_remove (&newcomer->link);
    }
}

/* ---- what it missed ---- */

/* As much of what a client says that its last id was as is kept with it, and told: ours are
 * shorter, and UTF-8. */
static char *
clip_id (const char *last_event_id)
{
  const char *end;

  if (last_event_id == NULL)
    return NULL;
  g_utf8_validate_len (last_event_id, strnlen (last_event_id, MAX_ID_BYTES), &end);
  return g_strndup (last_event_id, (gsize) (end - last_event_id));
}

/* Whether a client can go on from where it says that it was. @position: (out): that */
static gboolean
can_resume (const char *last_event_id, const SseEntrance *entrance, guint64 *position)
{
  SseStreamHost *host = entrance->host;
  g_autofree char *epoch = NULL;

  if (last_event_id == NULL || *sse_source_get_events (entrance->source) == NULL
      || !sse_event_id_parse (last_event_id, &epoch, position))
    return FALSE;
  return g_str_equal (epoch, host->epoch) ? *position <= host->position
                                          : sse_log_covers (host->log, epoch, *position);
}

/**
 * sse_newcomer_new:
 * @subscriber: a client; its socket and its ticket are taken
 * @audience: its user
 */
SseNewcomer *
sse_newcomer_new (const SseSubscriber *subscriber, SseAudience *audience, SseEntrance *entrance)
{
  SseNewcomer *self = g_new0 (SseNewcomer, 1);

  self->audience = audience;
  self->entrance = entrance;
  sse_link_init (&self->link);
  self->fd = subscriber->fd;
  self->chunked = subscriber->chunked;
  self->expires = subscriber->expires;
  self->head = sse_frame_ref (subscriber->head);
  self->last_event_id = clip_id (subscriber->last_event_id);
  self->ticket = subscriber->ticket;
  self->resumes = can_resume (subscriber->last_event_id, entrance, &self->position);
  return self;
}

/* Closes its socket and releases its ticket, where the fan-out does not have them. */
void
sse_newcomer_free (SseNewcomer *self)
{
  sse_link_remove (&self->link);
  if (self->catch_up != NULL && self->entrance != NULL)
    self->entrance->host->n_behind--;
  if (self->fd >= 0)
    close (self->fd);
  if (self->ticket != NULL)
    self->ticket->release (self->ticket);
  sse_frame_unref (self->head);
  g_free (self->last_event_id);
  g_free (self);
}

/**
 * sse_newcomer_has_ring:
 *
 * Returns: whether what it missed, if it resumes, is all in the ring
 */
gboolean
sse_newcomer_has_ring (SseNewcomer *self)
{
  return !self->resumes || sse_ring_covers (self->entrance->ring, self->position);
}

static GPtrArray *
new_frames (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) sse_frame_unref);
}

static void
add_start (const SseNewcomer *self, GPtrArray *frames)
{
  g_ptr_array_add (frames, sse_frame_ref (self->head));
  g_ptr_array_add (frames, sse_fanout_new_retry_frame (self->entrance->host->fanout));
}

/* Takes the socket and the ticket for the fan-out. */
static SseJoin
make_join (SseNewcomer *self, GPtrArray *frames)
{
  SseJoin join = {
    .fd = self->fd,
    .chunked = self->chunked,
    .channel = self->entrance->channel,
    .user = self->audience->user,
    .personal = self->audience->personal ? 1 : 0,
    .expires = self->expires,
    .frames = frames,
    .last_event_id = self->last_event_id,
    .ticket = g_steal_pointer (&self->ticket),
  };

  self->fd = -1;
  return join;
}

/* All that catch up at once share what waits for them. */
static gsize
get_slice_bytes (const SseStreamHost *host)
{
  gsize share = BEHIND_BYTES / (host->n_behind + 1);

  return MIN (MAX (share, MIN_SLICE_BYTES), host->slice_bytes);
}

static void
on_fed (gboolean gone, gpointer user_data)
{
  SseNewcomer *self = user_data;

  if (!gone)
    self->entrance->admit (self, self->entrance->user_data);
  else if (self->held)
    self->gone = TRUE; /* and freed by who holds it */
  else
    sse_newcomer_free (self);
}

/* Gives it @frames, a slice of what it missed. */
static void
feed (SseNewcomer *self, GPtrArray *frames)
{
  SseStreamHost *host = self->entrance->host;
  SseJoin join;

  if (self->catch_up != NULL)
    {
      sse_fanout_feed (host->fanout, self->catch_up, frames);
      return;
    }
  join = make_join (self, frames);
  self->catch_up = sse_fanout_join_behind (host->fanout, &join, on_fed, self);
  host->n_behind++;
}

static GPtrArray *
begin_slice (SseNewcomer *self)
{
  GPtrArray *frames = new_frames ();

  if (self->catch_up == NULL)
    add_start (self, frames);
  return frames;
}

static void
feed_from_ring (SseNewcomer *self)
{
  g_autoptr (GPtrArray) frames = begin_slice (self);

  sse_ring_collect (self->entrance->ring, &self->position, self->audience->user,
                    get_slice_bytes (self->entrance->host), frames);
  feed (self, frames);
}

/* Events without end would be read of a log that has none of them. */
static void
feed_from_log (SseNewcomer *self, GPtrArray *events, guint64 position)
{
  g_autoptr (GPtrArray) frames = begin_slice (self);

  if (position == self->position)
    self->resumes = FALSE;
  self->position = position;
  for (guint i = 0; i < events->len; i++)
    {
      const SseLogEvent *event = g_ptr_array_index (events, i);
      g_autofree char *id = sse_event_id_format (self->entrance->host->epoch, event->position);

      g_ptr_array_add (frames,
                       sse_frame_new_event (id, event->type, event->members, event->length));
    }
  if (events->len > 0)
    feed (self, frames);
  else
    self->entrance->admit (self, self->entrance->user_data);
}

static void
on_read (GPtrArray *events, guint64 position, gpointer user_data)
{
  SseNewcomer *self = user_data;

  self->held = FALSE;
  sse_link_remove (&self->link);
  if (self->gone || self->entrance == NULL)
    sse_newcomer_free (self);
  else if (events != NULL)
    feed_from_log (self, events, position);
  else
    {
      self->resumes = FALSE;
      self->entrance->admit (self, self->entrance->user_data);
    }
}

/* Whether the log is read for it. */
static gboolean
read_log (SseNewcomer *self)
{
  SseEntrance *entrance = self->entrance;

  self->resumes = sse_log_read (entrance->host->log, sse_source_get_stream (entrance->source),
                                self->audience->user, self->position,
                                get_slice_bytes (entrance->host), on_read, self);
  if (!self->resumes)
    return FALSE;
  self->held = TRUE;
  sse_link_append (&entrance->reading, &self->link);
  return TRUE;
}

/**
 * sse_newcomer_catch_up:
 *
 * Gives it the next slice of what it missed, where that is much or not in the ring. The entrance
 * is asked to admit it again when it has got that.
 *
 * Returns: whether there was need for that; else it can join
 */
gboolean
sse_newcomer_catch_up (SseNewcomer *self)
{
  SseEntrance *entrance = self->entrance;

  if (!sse_newcomer_has_ring (self))
    return read_log (self);
  if (!self->resumes
      || sse_ring_get_bytes_behind (entrance->ring, self->position)
             <= get_slice_bytes (entrance->host))
    return FALSE;
  feed_from_ring (self);
  return TRUE;
}

/* ---- joining ---- */

/**
 * sse_newcomer_dismiss:
 * @self: one that is held
 *
 * Gives it to the fan-out, where it is not yet, with nothing but the beginning of a response.
 */
void
sse_newcomer_dismiss (SseNewcomer *self)
{
  g_autoptr (GPtrArray) frames = NULL;
  SseJoin join;

  if (self->gone || self->catch_up != NULL)
    return;
  frames = begin_slice (self);
  join = make_join (self, frames);
  sse_fanout_join (self->entrance->host->fanout, &join);
  self->gone = TRUE;
}

/* The same, for those of a user for whom the log is being read. */
void
sse_entrance_dismiss (SseEntrance *self, SseAudience *audience)
{
  for (SseLink *link = self->reading.next; link != &self->reading; link = link->next)
    {
      SseNewcomer *newcomer = sse_link_get (link, SseNewcomer, link);

      if (newcomer->audience == audience)
        sse_newcomer_dismiss (newcomer);
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

/* In a stream of views alone there is nothing to miss: what is newest is all there is to know. */
static void
tell_journal (SseNewcomer *self)
{
  SseEntrance *entrance = self->entrance;
  gboolean can_miss = *sse_source_get_events (entrance->source) != NULL;
  const SseClientRecord client = {
    .stream = sse_source_get_stream (entrance->source),
    .user = self->audience->user,
    .last_event_id = self->last_event_id,
    .position = entrance->host->position,
  };

  sse_client_journal_came (&entrance->host->journal, &client,
                           can_miss && self->last_event_id != NULL && !self->resumes);
}

/**
 * sse_newcomer_join:
 * @self: (transfer full): a client that sse_newcomer_catch_up() has done with
 * @seen: whose views it sees, its user's or everyone's; they are rendered
 *
 * Gives a client to the fan-out with all that it must get first: its initial views, or what it
 * missed since its last id and the views as they are now.
 */
void
sse_newcomer_join (SseNewcomer *self, SseAudience *seen)
{
  SseEntrance *entrance = self->entrance;
  SseStreamHost *host = entrance->host;
  g_autofree char *id = sse_event_id_format (host->epoch, host->position);
  g_autoptr (GPtrArray) frames = begin_slice (self);

  if (self->resumes)
    sse_ring_collect (entrance->ring, &self->position, self->audience->user, G_MAXSIZE, frames);
  for (guint view = 0; view < seen->n_views; view++)
    add_view (sse_audience_get_body (seen, entrance->source, view, !self->resumes), id,
              self->chunked, frames);

  tell_journal (self);
  if (self->catch_up != NULL)
    sse_fanout_feed_last (host->fanout, self->catch_up, frames);
  else
    {
      SseJoin join = make_join (self, frames);

      sse_fanout_join (host->fanout, &join);
    }
  sse_newcomer_free (self);
}
