/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-hub"

/* The streams' other half: from the log, and into it. */

#include "config.h"

#include <glib/gi18n-lib.h>

#include "sse-streams-private.h"

static void
load_part (const char *name, guint64 position, GVariant *state, gpointer user_data)
{
  SseStream *stream = sse_streams_find_any (user_data, name);

  if (stream != NULL && sse_stream_is_enabled (stream))
    sse_stream_restore (stream, position, state);
  else
    g_message ("%s has no plugin that works; what the log has for it from %" G_GUINT64_FORMAT
               " on is kept",
               name, position);
}

static void
load_start (const char *name, guint64 after, gpointer user_data)
{
  SseStream *stream = sse_streams_find_any (user_data, name);

  if (stream != NULL && sse_stream_is_enabled (stream))
    sse_stream_begin_events (stream, after);
}

static void
load_event (const SseLogEvent *event, gpointer user_data)
{
  SseStream *stream = sse_streams_find_any (user_data, event->stream);

  if (stream != NULL && sse_stream_is_enabled (stream))
    sse_stream_add_event (stream, event);
}

/* What changed nothing the first time is left out: its publisher may have been told that it was
 * refused, whatever a newer plugin would make of it. */
static void
load_update (SseUpdate *update, gboolean applied, gpointer user_data)
{
  SseStreams *self = user_data;
  const char *name = sse_update_get_stream (update);
  SseStream *stream = sse_streams_find_any (self, name);
  GPtrArray *followers = g_hash_table_lookup (self->followers, name);

  self->host->position = sse_update_get_position (update);
  if (applied && stream != NULL && sse_stream_is_enabled (stream)
      && self->host->position > sse_stream_get_restored (stream))
    {
      gboolean now = sse_streams_admit (stream, update, NULL) && sse_stream_replay (stream, update);

      if (!now)
        sse_log_mark_unapplied (self->host->log, self->host->position);
      applied = now;
    }
  for (guint i = 0; applied && followers != NULL && i < followers->len; i++)
    {
      SseStream *follower = g_ptr_array_index (followers, i);

      if (self->host->position > sse_stream_get_restored (follower))
        sse_stream_replay (follower, update);
    }
}

static GStrv
get_enabled (SseStreams *self)
{
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();

  for (guint i = 0; i < self->streams->len; i++)
    {
      SseStream *stream = g_ptr_array_index (self->streams, i);

      if (sse_stream_is_enabled (stream))
        g_strv_builder_add (names, sse_stream_get_name (stream));
    }
  g_strv_builder_add (names, sse_stream_get_name (self->built_in));
  return g_strv_builder_end (names);
}

/**
 * sse_streams_load:
 * @log: what it keeps is applied: the checkpoint, and the log behind it
 * @error: where the log can't be read, or does not tell what tokens were revoked
 *
 * Brings all streams to where they were. One whose source does not take its state is disabled.
 */
gboolean
sse_streams_load (SseStreams *self, SseLog *log, GError **error)
{
  g_auto (GStrv) names = get_enabled (self);
  const SseLogLoader loader = {
    .streams = (const char *const *) names,
    .max_events = self->host->ring_events,
    .max_bytes = self->host->ring_bytes,
    .part = load_part,
    .begin_events = load_start,
    .event = load_event,
    .update = load_update,
  };

  if (!sse_log_load (log, &loader, self, error))
    return FALSE;
  if (!sse_stream_is_enabled (self->built_in))
    {
      g_set_error (
          error, G_IO_ERROR, G_IO_ERROR_FAILED,
          _ ("the log does not tell what tokens were revoked, so that none can be trusted: "
             "%s"),
          sse_stream_get_error (self->built_in));
      return FALSE;
    }
  self->host->position = sse_log_get_position (log);
  return TRUE;
}

static void
add_part (GArray *parts, SseStream *stream, gboolean full)
{
  SseLogPart part = { g_strdup (sse_stream_get_name (stream)), sse_stream_save (stream, full) };

  g_array_append_val (parts, part);
}

/**
 * sse_streams_save:
 * @full: whether to give the states also of those that have not changed since the last time
 *
 * Gives the log a checkpoint: the states of all sources as they are now.
 */
void
sse_streams_save (SseStreams *self, SseLog *log, gboolean full)
{
  g_autoptr (GArray) parts = g_array_new (FALSE, FALSE, sizeof (SseLogPart));

  g_array_set_clear_func (parts, sse_log_part_clear);
  for (guint i = 0; i < self->streams->len; i++)
    {
      SseStream *stream = g_ptr_array_index (self->streams, i);

      if (sse_stream_is_enabled (stream))
        add_part (parts, stream, full);
    }
  add_part (parts, self->built_in, full);
  sse_log_save (log, self->host->position, parts, full);
}
