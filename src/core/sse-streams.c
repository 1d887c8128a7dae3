/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-hub"

#include "config.h"

#include "sse-streams.h"

#include <glib/gi18n-lib.h>

#include "sse-combination.h"
#include "sse-error.h"
#include "sse-event-id.h"
#include "sse-plugin-loader.h"
#include "sse-unknown-stream.h"

struct _SseStreams
{
  SseStreamHost *host;
  SseRevocations *revocations;
  SseStream *built_in;   /* in which they are: no publisher pushes to it, and nobody follows it */
  GPtrArray *streams;    /* SseStream, enabled ones first: a channel is an index */
  GHashTable *by_name;   /* name → SseStream, not owned */
  GHashTable *followers; /* name → GPtrArray of SseStream that follow it */
};

/**
 * sse_streams_get:
 *
 * Returns: (transfer none) (element-type SseStream): all that plugins make, disabled ones too; the
 *   index is the channel
 */
GPtrArray *
sse_streams_get (SseStreams *self)
{
  return self->streams;
}

/* How many channels of the fan-out there are. */
guint
sse_streams_get_n_channels (SseStreams *self)
{
  return self->streams->len + 1; /* the built-in one, which nobody follows */
}

/* What tokens were revoked. */
const SseRevocations *
sse_streams_get_revocations (SseStreams *self)
{
  return self->revocations;
}

/* Also the built-in one. */
static SseStream *
find (SseStreams *self, const char *name)
{
  return g_hash_table_lookup (self->by_name, name);
}

/**
 * sse_streams_find:
 *
 * Returns: (transfer none) (nullable): the stream of that name, also where it is disabled
 */
SseStream *
sse_streams_find (SseStreams *self, const char *name)
{
  SseStream *stream = find (self, name);

  return stream != self->built_in ? stream : NULL;
}

/**
 * sse_streams_takes_updates_of:
 * @error: %SSE_ERROR_UNKNOWN_STREAM, or %SSE_ERROR_REFUSED where it is disabled
 *
 * Returns: whether there is a stream of that name that publishers can push to
 */
gboolean
sse_streams_takes_updates_of (SseStreams *self, const char *name, GError **error)
{
  SseStream *stream = sse_streams_find_publishable (self, name, error);

  if (stream == self->built_in)
    sse_unknown_stream_set_error (self->streams, name, error);
  return stream != NULL && stream != self->built_in;
}

/**
 * sse_streams_find_publishable:
 * @error: %SSE_ERROR_UNKNOWN_STREAM, or %SSE_ERROR_REFUSED where it is disabled
 *
 * Returns: (transfer none) (nullable): the stream of that name, where it takes updates, be they of
 *   the daemon's own
 */
SseStream *
sse_streams_find_publishable (SseStreams *self, const char *name, GError **error)
{
  SseStream *stream = find (self, name);

  if (stream == NULL)
    {
      sse_unknown_stream_set_error (self->streams, name, error);
      return NULL;
    }
  if (!sse_stream_is_enabled (stream))
    {
      g_set_error (error, SSE_ERROR, SSE_ERROR_REFUSED, "the stream %s is disabled: %s", name,
                   sse_stream_get_error (stream));
      return NULL;
    }
  return stream;
}

/* ---- applying ---- */

static void
apply_to_followers (SseStreams *self, const SseUpdate *update)
{
  GPtrArray *followers = g_hash_table_lookup (self->followers, sse_update_get_stream (update));

  for (guint i = 0; followers != NULL && i < followers->len; i++)
    sse_stream_follow (g_ptr_array_index (followers, i), update);
}

/* Ends what that user follows. */
static void
end_user (SseStreams *self, const char *user)
{
  for (guint i = 0; i < self->streams->len; i++)
    sse_stream_end_user (g_ptr_array_index (self->streams, i), user);
  sse_combinations_end_user (self->host->combinations, user);
  sse_forerunners_end_user (self->host->forerunners, user);
}

/**
 * sse_streams_apply:
 * @update: one that the log has, with its position
 * @error: set when it is refused
 *
 * Applies an update to its stream, and to those that follow it.
 */
SseVerdict
sse_streams_apply (SseStreams *self, const SseUpdate *update, GError **error)
{
  SseStream *stream = sse_streams_find_publishable (self, sse_update_get_stream (update), error);
  guint64 position = sse_update_get_position (update);
  SseVerdict verdict = SSE_VERDICT_REFUSED;

  self->host->position = position;
  if (stream != NULL)
    verdict = sse_stream_apply (stream, update, error);
  if (verdict == SSE_VERDICT_APPLIED && stream == self->built_in)
    end_user (self, sse_update_get_audience (update));
  else if (verdict == SSE_VERDICT_APPLIED)
    apply_to_followers (self, update);
  else
    sse_log_mark_unapplied (self->host->log, position);
  sse_combinations_flush (self->host->combinations, sse_update_get_audience (update));
  return verdict;
}

/* To be called when some updates have been applied. */
void
sse_streams_settle (SseStreams *self)
{
  for (guint i = 0; i < self->streams->len; i++)
    sse_stream_settle (g_ptr_array_index (self->streams, i));
  sse_combinations_settle (self->host->combinations);
}

/* How many clients each of them has, those that are about to join included, added up. */
guint
sse_streams_count_clients (SseStreams *self)
{
  guint n = 0;

  for (guint i = 0; i < self->streams->len; i++)
    n += sse_stream_get_clients (g_ptr_array_index (self->streams, i));
  return n;
}

/* ---- what is kept ---- */

static void
load_part (const char *name, guint64 position, GVariant *state, gpointer user_data)
{
  SseStream *stream = find (user_data, name);

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
  SseStream *stream = find (user_data, name);

  if (stream != NULL && sse_stream_is_enabled (stream))
    sse_stream_begin_events (stream, after);
}

static void
load_event (const SseLogEvent *event, gpointer user_data)
{
  SseStream *stream = find (user_data, event->stream);

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
  SseStream *stream = find (self, name);
  GPtrArray *followers = g_hash_table_lookup (self->followers, name);

  self->host->position = sse_update_get_position (update);
  if (applied && stream != NULL && sse_stream_is_enabled (stream)
      && self->host->position > sse_stream_get_restored (stream))
    {
      gboolean now = sse_stream_replay (stream, update);

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

/* ---- making and ending ---- */

static void
add_stream (SseStreams *self, SseStream *stream)
{
  g_ptr_array_add (self->streams, stream);
  /* A disabled plugin of the same name does not hide one that works. */
  if (!g_hash_table_contains (self->by_name, sse_stream_get_name (stream)))
    g_hash_table_insert (self->by_name, (gpointer) sse_stream_get_name (stream), stream);
}

static void
add_follower (SseStreams *self, SseStream *stream)
{
  const char *const *follows = sse_source_get_follows (sse_stream_get_source (stream));

  for (; *follows != NULL; follows++)
    {
      GPtrArray *followers = g_hash_table_lookup (self->followers, *follows);

      if (followers == NULL)
        {
          followers = g_ptr_array_new ();
          g_hash_table_insert (self->followers, (gpointer) *follows, followers);
        }
      g_ptr_array_add (followers, stream);
    }
}

static void
add_plugins (SseStreams *self, GPtrArray *plugins)
{
  for (guint i = 0; i < plugins->len; i++)
    {
      SsePlugin *plugin = g_ptr_array_index (plugins, i);
      g_autofree char *base = g_path_get_basename (plugin->file);
      g_autofree char *description
          = g_strdup_printf ("%s %s", base, plugin->version != NULL ? plugin->version : "");
      SseStream *stream;

      if (plugin->source == NULL)
        continue;
      stream = sse_stream_new (plugin->source, g_strchomp (description), self->streams->len,
                               self->host);
      add_stream (self, stream);
      add_follower (self, stream);
    }

  for (guint i = 0; i < plugins->len; i++)
    {
      SsePlugin *plugin = g_ptr_array_index (plugins, i);
      g_autofree char *base = g_path_get_basename (plugin->file);

      if (plugin->source == NULL)
        add_stream (self, sse_stream_new_disabled (plugin->name, base, plugin->error->message));
    }
}

static void
add_built_in (SseStreams *self)
{
  self->revocations = g_object_new (SSE_TYPE_REVOCATIONS, NULL);
  self->built_in
      = sse_stream_new (SSE_SOURCE (self->revocations), "rivuletd", self->streams->len, self->host);
  g_hash_table_insert (self->by_name, (gpointer) sse_stream_get_name (self->built_in),
                       self->built_in);
}

/**
 * sse_streams_new:
 * @plugins: (element-type SsePlugin): the sources, configured, and what is disabled
 * @host: what the streams share; outlives them
 */
SseStreams *
sse_streams_new (GPtrArray *plugins, SseStreamHost *host)
{
  SseStreams *self = g_new0 (SseStreams, 1);

  self->host = host;
  self->streams = g_ptr_array_new_with_free_func (g_object_unref);
  self->by_name = g_hash_table_new (g_str_hash, g_str_equal);
  self->followers
      = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) g_ptr_array_unref);
  add_plugins (self, plugins);
  add_built_in (self);
  return self;
}

void
sse_streams_free (SseStreams *self)
{
  g_hash_table_unref (self->followers);
  g_hash_table_unref (self->by_name);
  g_ptr_array_unref (self->streams);
  g_object_unref (self->built_in);
  g_object_unref (self->revocations);
  g_free (self);
}

/* Whether all of them are; see sse_stream_is_settled(). */
gboolean
sse_streams_are_settled (SseStreams *self)
{
  for (guint i = 0; i < self->streams->len; i++)
    if (!sse_stream_is_settled (g_ptr_array_index (self->streams, i)))
      return FALSE;
  return sse_combinations_are_settled (self->host->combinations);
}

/* Lets go of clients that wait; the fan-out and its clients are gone. */
void
sse_streams_stop (SseStreams *self)
{
  sse_combinations_stop (self->host->combinations);
  for (guint i = 0; i < self->streams->len; i++)
    sse_stream_stop (g_ptr_array_index (self->streams, i));
}
