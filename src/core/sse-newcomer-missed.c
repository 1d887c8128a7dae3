/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-hub"

/* A newcomer's other half: what it missed. */

#include "config.h"

#include "sse-event-id.h"
#include "sse-newcomer-private.h"

/* What those who catch up are given at a time, all together, in bytes, unless they are so many that
 * each would have less than the least. */
#define BEHIND_BYTES    ((gsize) 64 * 1024 * 1024)
#define MIN_SLICE_BYTES ((gsize) 16 * 1024)

/* Where it is in one of its streams. */
guint64
sse_newcomer_get_start (SseNewcomer *self, const SsePart *part)
{
  return MAX (self->position, part->after);
}

static gboolean
has_ring (SseNewcomer *self, const SsePart *part)
{
  return !part->resumes || sse_ring_covers (part->ring, sse_newcomer_get_start (self, part));
}

/**
 * sse_newcomer_has_ring:
 *
 * Returns: whether what it missed, where it resumes, is all in the rings
 */
gboolean
sse_newcomer_has_ring (SseNewcomer *self)
{
  for (guint i = 0; i < self->n_parts; i++)
    if (!has_ring (self, &self->parts[i]))
      return FALSE;
  return TRUE;
}

/* What is given at a time. It is the less the more it is of, so that however many clients catch up
 * at once share what waits for them. */
static gsize
get_slice_bytes (const SseStreamHost *host)
{
  gsize share = BEHIND_BYTES / (host->n_behind + 1);

  return MIN (MAX (share, MIN_SLICE_BYTES), host->slice_bytes);
}

static guint64
get_bytes_behind (SseNewcomer *self)
{
  guint64 bytes = 0;

  for (guint i = 0; i < self->n_parts; i++)
    if (self->parts[i].resumes)
      bytes += sse_ring_get_bytes_behind (self->parts[i].ring,
                                          sse_newcomer_get_start (self, &self->parts[i]));
  return bytes;
}

/* Of what it is given at a time, the part of each stream that it resumes. */
static gsize
get_part_bytes (SseNewcomer *self)
{
  guint n = 0;

  for (guint i = 0; i < self->n_parts; i++)
    n += self->parts[i].resumes ? 1 : 0;
  return get_slice_bytes (self->entrance->host) / MAX (n, 1);
}

static const char *
get_prefix (SseNewcomer *self, const SsePart *part)
{
  return self->entrance->prefixed ? sse_source_get_stream (part->source) : NULL;
}

/* Adds to its slice what the rings have. @max_bytes: of each */
void
sse_newcomer_collect (SseNewcomer *self, gsize max_bytes)
{
  for (guint i = 0; i < self->n_parts; i++)
    {
      SsePart *part = &self->parts[i];
      guint64 position = sse_newcomer_get_start (self, part);

      if (part->resumes && !part->read
          && !sse_ring_collect (part->ring, &position, sse_newcomer_get_user (self), max_bytes,
                                get_prefix (self, part), &self->slice))
        sse_slice_cut (&self->slice, position);
    }
}

/* Forgets what was read of the log. */
static void
end_reading (SseNewcomer *self)
{
  for (guint i = 0; i < self->n_parts; i++)
    self->parts[i].read = FALSE;
}

/* Gives it the next slice. Where all that was read is for others, it is given nothing yet. */
static void
feed_next (SseNewcomer *self, gboolean from_log)
{
  g_autoptr (GPtrArray) frames = sse_newcomer_begin_slice (self);
  guint n_before = frames->len;

  sse_newcomer_collect (self, get_part_bytes (self));
  self->position = sse_slice_take (&self->slice, self->entrance->host->position, frames);
  end_reading (self);
  if (frames->len > n_before || !from_log)
    sse_newcomer_feed (self, frames);
  else
    self->entrance->admit (self, self->entrance->user_data);
}

/* Takes what was read of the log for one stream. Events without end would be read of a log that has
 * none of them. */
static void
take_read (SseNewcomer *self, SsePart *part, GPtrArray *events, guint64 position)
{
  const char *prefix = get_prefix (self, part);

  part->read = TRUE;
  if (position == sse_newcomer_get_start (self, part))
    part->resumes = FALSE;
  else
    sse_slice_cut (&self->slice, position);
  for (guint i = 0; i < events->len; i++)
    {
      const SseLogEvent *event = g_ptr_array_index (events, i);
      g_autofree char *id = sse_event_id_format (self->entrance->host->epoch, event->position);
      g_autoptr (SseFrame) frame
          = sse_frame_new_event (id, event->type, event->members, event->length);

      sse_slice_add (&self->slice, event->position,
                     prefix != NULL ? sse_frame_new_prefixed (frame, prefix)
                                    : g_steal_pointer (&frame));
    }
}

static void
on_read (GPtrArray *events, guint64 position, gpointer user_data)
{
  SseNewcomer *self = user_data;
  SsePart *part = g_steal_pointer (&self->reading);

  self->held = FALSE;
  sse_link_remove (&self->link);
  if (self->gone || self->entrance == NULL)
    {
      sse_newcomer_free (self);
      return;
    }
  if (events != NULL)
    take_read (self, part, events, position);
  else
    part->resumes = FALSE;
  self->entrance->admit (self, self->entrance->user_data);
}

/* Whether the log is read for it. */
static gboolean
read_log (SseNewcomer *self, SsePart *part)
{
  SseEntrance *entrance = self->entrance;

  part->resumes = sse_log_read (entrance->host->log, sse_source_get_stream (part->source),
                                part->audience->user, sse_newcomer_get_start (self, part),
                                get_part_bytes (self), on_read, self);
  if (!part->resumes)
    return FALSE;
  self->reading = part;
  self->held = TRUE;
  sse_link_append (&entrance->reading, &self->link);
  return TRUE;
}

/**
 * sse_newcomer_catch_up:
 *
 * Gives it the next slice of what it missed, where that is much or not in the rings. The entrance
 * is asked to admit it again when it has got that.
 *
 * Returns: whether there was need for that; else it can join
 */
gboolean
sse_newcomer_catch_up (SseNewcomer *self)
{
  gboolean was_read = FALSE;

  for (guint i = 0; i < self->n_parts; i++)
    {
      SsePart *part = &self->parts[i];

      if (!part->read && !has_ring (self, part) && read_log (self, part))
        return TRUE;
      was_read |= part->read;
    }
  if (sse_newcomer_starts_afresh (self))
    {
      sse_slice_clear (&self->slice);
      sse_slice_init (&self->slice);
      end_reading (self);
      return FALSE;
    }
  if (!was_read && get_bytes_behind (self) <= get_slice_bytes (self->entrance->host))
    return FALSE;
  feed_next (self, was_read);
  return TRUE;
}
