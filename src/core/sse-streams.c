/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-hub"

#include "config.h"

#include "sse-combination.h"
#include "sse-error.h"
#include "sse-event-id.h"
#include "sse-json.h"
#include "sse-plugin-loader.h"
#include "sse-streams-private.h"
#include "sse-unknown-stream.h"
#include "sse-unparsed.h"

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

/**
 * sse_streams_find:
 *
 * Returns: (transfer none) (nullable): the stream of that name, also where it is disabled
 */
SseStream *
sse_streams_find (SseStreams *self, const char *name)
{
  SseStream *stream = sse_streams_find_any (self, name);

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
  SseStream *stream = sse_streams_find_any (self, name);

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

/* ---- judging ---- */

/* An audience is not part of an update. Where one stands in it all the same, the update is not
 * meant for everyone. */
static gboolean
check_misplaced (const SseUpdate *update, GError **error)
{
  if (!json_object_has_member (sse_update_get_object (update), "audience"))
    return TRUE;
  sse_json_set_invalid (error, "", "audience", "belongs beside the update, not into it");
  return FALSE;
}

static gboolean
judge (SseStream *stream, const SseUpdate *update, GError **error)
{
  return sse_unparsed_check_audience (sse_update_get_audience (update), error)
         && check_misplaced (update, error)
         && sse_source_validate (sse_stream_get_source (stream), update, error);
}

/**
 * sse_streams_validate:
 * @update: parsed
 * @error: why it can't be an update of its stream
 *
 * Looks at nothing that changes; in any thread.
 */
gboolean
sse_streams_validate (SseStreams *self, const SseUpdate *update, GError **error)
{
  SseStream *stream = sse_streams_find_publishable (self, sse_update_get_stream (update), error);

  return stream != NULL && judge (stream, update, error);
}

/**
 * sse_streams_admit:
 * @stream: its stream, enabled
 * @update: parsed, from the log
 * @error: why it is no update of @stream
 *
 * Who put it there may be of another version, and sources trust the shape of what they apply. It
 * says so where one is passed over.
 */
gboolean
sse_streams_admit (SseStream *stream, const SseUpdate *update, GError **error)
{
  g_autoptr (GError) local = NULL;

  if (judge (stream, update, &local))
    return TRUE;
  g_warning ("the update at %" G_GUINT64_FORMAT
             " of %s is passed over, as it would not be taken here: %s",
             sse_update_get_position (update), sse_stream_get_name (stream), local->message);
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
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
 * @judged: whether sse_streams_validate() took it when it was published here
 * @error: set when it is refused
 *
 * Applies an update to its stream, and to those that follow it.
 */
SseVerdict
sse_streams_apply (SseStreams *self, const SseUpdate *update, gboolean judged, GError **error)
{
  SseStream *stream = sse_streams_find_publishable (self, sse_update_get_stream (update), error);
  guint64 position = sse_update_get_position (update);
  SseVerdict verdict = SSE_VERDICT_REFUSED;

  self->host->position = position;
  if (stream != NULL && (judged || sse_streams_admit (stream, update, error)))
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
