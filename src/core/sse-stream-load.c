/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-hub"

/* A stream's other half: from the log, and into it. */

#include "config.h"

#include "sse-event-id.h"
#include "sse-journal.h"
#include "sse-stream-parts.h"

/* Makes the frames of an event, and keeps them for clients that resume. */
SseEventFrames
sse_stream_keep_frames (SseStream *self, const SseLogEvent *event)
{
  g_autofree char *id = sse_event_id_format (self->host->epoch, event->position);
  SseEventFrames frames
      = { sse_frame_new_event (id, event->type, event->members, event->length), NULL };

  if (sse_viewers_get_places (self->viewers) != NULL)
    frames.prefixed = sse_frame_new_prefixed (frames.plain, self->name);
  sse_ring_push (self->ring, event->position, event->audience, frames.plain, frames.prefixed,
                 sse_log_get_kept (self->host->log));
  return frames;
}

/**
 * sse_stream_restore:
 * @position: where its source was
 * @state: (nullable): as it was there; %NULL: as a source begins
 *
 * Brings its source to where it was. If it does not take that, the stream is disabled.
 */
void
sse_stream_restore (SseStream *self, guint64 position, GVariant *state)
{
  g_autoptr (GError) error = NULL;

  self->position = self->restored = self->saved = position;
  if (state == NULL || sse_source_restore (self->source, state, &error))
    return;
  sse_journal (G_LOG_LEVEL_WARNING, SSE_JOURNAL_STREAM_DISABLED,
               SSE_JOURNAL_FIELDS ({ "SSE_STREAM", self->name }),
               "%s is disabled, as it does not take its state at %" G_GUINT64_FORMAT
               ", which is kept: %s",
               self->name, position, error->message);
  self->error = g_strdup (error->message);
  self->restored = G_MAXUINT64;
  sse_stream_tell_changed (self);
}

/**
 * sse_stream_get_restored:
 *
 * Returns: up to where updates are in its source's state already
 */
guint64
sse_stream_get_restored (SseStream *self)
{
  return self->restored;
}

/**
 * sse_stream_begin_events:
 * @after: events behind this position follow by sse_stream_add_event()
 */
void
sse_stream_begin_events (SseStream *self, guint64 after)
{
  sse_ring_begin (self->ring, after);
}

/**
 * sse_stream_add_event:
 * @event: one that its clients may have missed
 */
void
sse_stream_add_event (SseStream *self, const SseLogEvent *event)
{
  SseEventFrames frames = sse_stream_keep_frames (self, event);

  sse_event_frames_clear (&frames);
}

/**
 * sse_stream_save:
 * @full: whether also where it has not changed since the last time
 *
 * Returns: (transfer full) (nullable): its source's state
 */
GVariant *
sse_stream_save (SseStream *self, gboolean full)
{
  if (!full && self->saved == self->position)
    return NULL;
  self->saved = self->position;
  return sse_source_save (self->source);
}
