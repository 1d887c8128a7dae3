/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-hub"

#include "config.h"

#include "sse-newcomer.h"

#include <string.h>
#include <unistd.h>

#include "sse-event-id.h"
#include "sse-newcomer-private.h"

#define MAX_ID_BYTES 64

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
can_resume (const char *last_event_id, SseStreamHost *host, guint64 *position)
{
  g_autofree char *epoch = NULL;

  if (last_event_id == NULL || !sse_event_id_parse (last_event_id, &epoch, position))
    return FALSE;
  return g_str_equal (epoch, host->epoch) ? *position <= host->position
                                          : sse_log_covers (host->log, epoch, *position);
}

/* In a stream of views alone there is nothing to miss: what is newest is all there is to know. */
static gboolean
can_miss (const SsePart *part)
{
  return *sse_source_get_events (part->source) != NULL;
}

/**
 * sse_newcomer_new:
 * @subscriber: a client; its socket and its ticket are taken
 * @channel: the channel that it is to join
 * @parts: (array length=n_parts): what it follows, at least one; copied
 */
SseNewcomer *
sse_newcomer_new (const SseSubscriber *subscriber,
                  SseEntrance *entrance,
                  guint channel,
                  const SsePart *parts,
                  guint n_parts)
{
  SseNewcomer *self = g_malloc0 (sizeof (SseNewcomer) + n_parts * sizeof (SsePart));
  gboolean resumes;

  self->entrance = entrance;
  sse_link_init (&self->link);
  self->channel = channel;
  self->fd = subscriber->fd;
  self->chunked = subscriber->chunked;
  self->expires = subscriber->expires;
  self->head = sse_frame_ref (subscriber->head);
  self->last_event_id = clip_id (subscriber->last_event_id);
  self->ticket = subscriber->ticket;
  resumes = can_resume (subscriber->last_event_id, entrance->host, &self->position);
  sse_slice_init (&self->slice);
  self->n_parts = n_parts;
  for (guint i = 0; i < n_parts; i++)
    {
      self->parts[i] = parts[i];
      self->parts[i].resumes = resumes && can_miss (&parts[i]);
    }
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
  sse_slice_clear (&self->slice);
  sse_frame_unref (self->head);
  g_free (self->last_event_id);
  g_free (self);
}

/**
 * sse_newcomer_get_user:
 *
 * Returns: who it is; not of one that is gone
 */
const char *
sse_newcomer_get_user (SseNewcomer *self)
{
  return self->parts[0].audience->user;
}

/* Whether it has to start afresh in a stream before it can go on in another. */
gboolean
sse_newcomer_starts_afresh (SseNewcomer *self)
{
  gboolean resumes = FALSE, misses = FALSE;

  for (guint i = 0; i < self->n_parts; i++)
    {
      resumes |= self->parts[i].resumes;
      misses |= !self->parts[i].resumes && can_miss (&self->parts[i]);
    }
  return resumes && misses;
}

/* ---- joining ---- */

/* Begins what it is given next, at first with the beginning of a response. */
GPtrArray *
sse_newcomer_begin_slice (SseNewcomer *self)
{
  GPtrArray *frames = g_ptr_array_new_with_free_func ((GDestroyNotify) sse_frame_unref);

  if (self->catch_up == NULL)
    {
      g_ptr_array_add (frames, sse_frame_ref (self->head));
      g_ptr_array_add (frames, sse_fanout_new_retry_frame (self->entrance->host->fanout));
    }
  return frames;
}

static guint32
get_personal (SseNewcomer *self)
{
  guint32 personal = 0;

  for (guint i = 0; i < self->n_parts; i++)
    if (self->parts[i].audience->personal)
      personal |= 1U << self->parts[i].number;
  return personal;
}

/* Takes the socket and the ticket for the fan-out. */
static SseJoin
make_join (SseNewcomer *self, GPtrArray *frames)
{
  SseJoin join = {
    .fd = self->fd,
    .chunked = self->chunked,
    .channel = self->channel,
    .user = sse_newcomer_get_user (self),
    .personal = get_personal (self),
    .expires = self->expires,
    .frames = frames,
    .last_event_id = self->last_event_id,
    .ticket = g_steal_pointer (&self->ticket),
  };

  self->fd = -1;
  return join;
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

/* Gives it @frames. The entrance is asked to admit it again when it has got them. */
void
sse_newcomer_feed (SseNewcomer *self, GPtrArray *frames)
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
  frames = sse_newcomer_begin_slice (self);
  join = make_join (self, frames);
  sse_fanout_join (self->entrance->host->fanout, &join);
  self->gone = TRUE;
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

/* Adds the views of one stream, which say by @id where whoever has them is. */
static void
add_views (SseNewcomer *self, const SsePart *part, const char *id, GPtrArray *frames)
{
  for (guint view = 0; view < part->seen->n_views; view++)
    add_view (sse_audience_get_body (part->seen, part->source, view, !part->resumes,
                                     self->entrance->prefixed),
              id, self->chunked, frames);
}

/* How many of its parts come before the last in which it starts afresh. A place in the log as the
 * id of their views would say that it has that one too, and whoever is cut off before that comes
 * would go on where it never was. */
static guint
count_unfinished (SseNewcomer *self)
{
  guint i = self->n_parts;

  while (i > 0 && (self->parts[i - 1].resumes || !can_miss (&self->parts[i - 1])))
    i--;
  return MAX (i, 1) - 1;
}

static void
tell_journal (SseNewcomer *self, const SsePart *part)
{
  SseStreamHost *host = self->entrance->host;
  const SseClientRecord client = {
    .stream = sse_source_get_stream (part->source),
    .user = part->audience->user,
    .last_event_id = self->last_event_id,
    .position = host->position,
  };

  sse_client_journal_came (&host->journal, &client,
                           can_miss (part) && self->last_event_id != NULL
                               && (!part->resumes || part->after > 0));
}

/* Gives it the views of those streams that it cannot resume. They are newer than what it gets next,
 * but their id is where it is in all: from there it can resume again, these streams too. */
static void
start_afresh (SseNewcomer *self)
{
  g_autoptr (GPtrArray) frames = sse_newcomer_begin_slice (self);
  g_autofree char *id = sse_event_id_format (self->entrance->host->epoch, self->position);

  for (guint i = 0; i < self->n_parts; i++)
    {
      SsePart *part = &self->parts[i];

      if (part->resumes || !can_miss (part))
        continue;
      add_views (self, part, id, frames);
      part->resumes = TRUE;
      part->after = self->entrance->host->position;
    }
  sse_newcomer_feed (self, frames);
}

/**
 * sse_newcomer_join:
 * @self: (transfer full): a client that sse_newcomer_catch_up() has done with; of each part it is
 *   set whose views are seen, and they are rendered
 *
 * Gives a client to the fan-out with all that it must get first: its initial views, or what it
 * missed since its last id and the views as they are now. Where it has to start afresh in some of
 * its streams before it can go on in the others, it does, and its entrance is asked again.
 */
void
sse_newcomer_join (SseNewcomer *self)
{
  SseStreamHost *host = self->entrance->host;
  guint n_unfinished = count_unfinished (self);
  g_autofree char *id = sse_event_id_format (host->epoch, host->position);
  g_autofree char *unfinished = sse_event_id_format_unfinished (host->epoch, host->position);
  g_autoptr (GPtrArray) frames = NULL;

  if (sse_newcomer_starts_afresh (self))
    {
      start_afresh (self);
      return;
    }
  frames = sse_newcomer_begin_slice (self);
  sse_newcomer_collect (self, G_MAXSIZE);
  sse_slice_take (&self->slice, host->position, frames);
  for (guint i = 0; i < self->n_parts; i++)
    {
      add_views (self, &self->parts[i], i < n_unfinished ? unfinished : id, frames);
      tell_journal (self, &self->parts[i]);
    }

  if (self->catch_up != NULL)
    sse_fanout_feed_last (host->fanout, self->catch_up, frames);
  else
    {
      SseJoin join = make_join (self, frames);

      sse_fanout_join (host->fanout, &join);
    }
  sse_newcomer_free (self);
}
