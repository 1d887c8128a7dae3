/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-hub"

#include "config.h"

#include "sse-stream.h"

#include "sse-stream-parts.h"

G_DEFINE_FINAL_TYPE (SseStream, sse_stream, G_TYPE_OBJECT)

static guint changed_signal;

/* Says that something of it may have changed. */
void
sse_stream_tell_changed (SseStream *self)
{
  g_signal_emit (self, changed_signal, 0);
}

/* ---- applying ---- */

static SseEventFrames
keep_appended (SseStream *self, const SseUpdate *update)
{
  SseLogEvent event = {
    .stream = self->name,
    .position = sse_update_get_position (update),
    .accepted = sse_update_get_accepted (update),
    .audience = sse_update_get_audience (update),
    .type = sse_batch_get_event_type (self->batch),
  };

  event.members = sse_batch_get_members (self->batch, &event.length);
  sse_log_keep_event (self->host->log, &event);
  return sse_stream_keep_frames (self, &event);
}

/* Applies an update to the source. @frames: (out): the event that it appended, if any */
static SseVerdict
apply_to_source (SseStream *self, const SseUpdate *update, SseEventFrames *frames, GError **error)
{
  SseVerdict verdict;

  sse_batch_clear (self->batch);
  verdict = sse_source_apply (self->source, update, self->batch, error);
  if (verdict != SSE_VERDICT_APPLIED)
    return verdict;
  self->position = sse_update_get_position (update);
  if (sse_batch_get_event_type (self->batch) != NULL)
    *frames = keep_appended (self, update);
  return verdict;
}

/**
 * sse_stream_replay:
 * @update: an update behind what was restored, this stream's or one it follows
 *
 * Applies an update that was applied before; there is nobody yet to be told.
 *
 * Returns: whether it changed anything
 */
gboolean
sse_stream_replay (SseStream *self, const SseUpdate *update)
{
  g_auto (SseEventFrames) frames = { NULL, NULL };
  g_autoptr (GError) error = NULL;

  return apply_to_source (self, update, &frames, &error) == SSE_VERDICT_APPLIED;
}

/**
 * sse_stream_apply:
 * @update: an update with its position, this stream's or one it follows
 * @error: set when it is refused
 *
 * Applies an update and passes on what comes of it: an appended event at once, touched views with
 * sse_stream_settle().
 */
SseVerdict
sse_stream_apply (SseStream *self, const SseUpdate *update, GError **error)
{
  const char *audience = sse_update_get_audience (update);
  const SseView *views = sse_source_get_views (self->source);
  g_auto (SseEventFrames) frames = { NULL, NULL };
  SseVerdict verdict = apply_to_source (self, update, &frames, error);

  self->counters.updates[verdict]++;
  if (verdict != SSE_VERDICT_APPLIED)
    return verdict;
  if (frames.plain != NULL)
    sse_viewers_send (self->viewers, audience, frames.plain, frames.prefixed);
  for (guint view = 0; views[view].initial_type != NULL; view++)
    {
      SseTouch touch = sse_batch_get_touch (self->batch, &views[view]);

      if (touch != SSE_TOUCH_NONE)
        sse_viewers_touch (self->viewers, audience, view, touch);
      if (sse_batch_is_stale_for_all (self->batch))
        sse_viewers_touch (self->viewers, NULL, view, SSE_TOUCH_STALE);
    }
  sse_stream_tell_changed (self);
  return SSE_VERDICT_APPLIED;
}

/**
 * sse_stream_follow:
 * @update: one that a stream it follows has applied
 *
 * Applies it here too. Where that can't be done, it says so in the log, once until it can again.
 */
void
sse_stream_follow (SseStream *self, const SseUpdate *update)
{
  g_autoptr (GError) error = NULL;

  if (!sse_stream_is_enabled (self))
    return;
  if (sse_stream_apply (self, update, &error) != SSE_VERDICT_REFUSED)
    self->cannot_follow = FALSE;
  else if (!self->cannot_follow)
    {
      self->cannot_follow = TRUE;
      g_warning ("%s cannot follow the update at %" G_GUINT64_FORMAT " of %s: %s", self->name,
                 sse_update_get_position (update), sse_update_get_stream (update), error->message);
    }
}

/* Lets go of clients that wait; the fan-out and its clients are gone. */
void
sse_stream_stop (SseStream *self)
{
  g_clear_pointer (&self->viewers, sse_viewers_free);
}

/* See sse_viewers_settle(): to be called when some updates have been applied. */
void
sse_stream_settle (SseStream *self)
{
  if (self->viewers != NULL)
    sse_viewers_settle (self->viewers);
}

/* Whether clients were sent all that was applied. */
gboolean
sse_stream_is_settled (SseStream *self)
{
  return self->viewers == NULL || sse_viewers_are_settled (self->viewers);
}

/* Says that everyone may be shown something else now, though nothing was applied. */
void
sse_stream_touch (SseStream *self, SseTouch touch)
{
  const SseView *views = sse_source_get_views (self->source);

  for (guint view = 0; views[view].initial_type != NULL; view++)
    sse_viewers_touch (self->viewers, NULL, view, touch);
  sse_stream_settle (self);
}

/* See sse_hub_subscribe(). */
void
sse_stream_subscribe (SseStream *self, const SseSubscriber *subscriber)
{
  self->counters.joined++;
  sse_viewers_subscribe (self->viewers, subscriber);
  sse_stream_tell_changed (self);
}

/**
 * sse_stream_enter:
 * @channel: the channel of a combination of streams
 * @number: which of its parts this one is
 * @user: a client's user
 * @part: (out): what lets the client join
 *
 * Counts a client that follows the combination.
 */
void
sse_stream_enter (SseStream *self, guint channel, guint number, const char *user, SsePart *part)
{
  self->counters.joined++;
  sse_viewers_enter (self->viewers, channel, number, user, part);
  sse_stream_tell_changed (self);
}

/* Ends what @user follows here alone: their token was revoked. */
void
sse_stream_end_user (SseStream *self, const char *user)
{
  if (self->viewers != NULL)
    sse_viewers_end_user (self->viewers, user);
}

/* A client of @user that had joined @channel is gone. */
void
sse_stream_client_left (SseStream *self, guint channel, const char *user, SseCloseReason reason)
{
  self->counters.left[reason]++;
  sse_viewers_leave (self->viewers, channel, user);
  sse_stream_tell_changed (self);
}

/* ---- the object ---- */

const char *
sse_stream_get_name (SseStream *self)
{
  return self->name;
}

/**
 * sse_stream_get_path:
 *
 * Returns: (nullable): its path; %NULL where it is disabled and the path was never learnt
 */
const char *
sse_stream_get_path (SseStream *self)
{
  return self->path;
}

/**
 * sse_stream_get_plugin:
 *
 * Returns: the plugin's file and version, for people
 */
const char *
sse_stream_get_plugin (SseStream *self)
{
  return self->plugin;
}

/**
 * sse_stream_get_error:
 *
 * Returns: (nullable): why it is disabled
 */
const char *
sse_stream_get_error (SseStream *self)
{
  return self->error;
}

gboolean
sse_stream_is_enabled (SseStream *self)
{
  return self->error == NULL;
}

/**
 * sse_stream_get_source:
 *
 * Returns: (transfer none) (nullable): its source, %NULL where it is disabled
 */
SseSource *
sse_stream_get_source (SseStream *self)
{
  return self->source;
}

/**
 * sse_stream_get_clients:
 *
 * Returns: how many clients follow it or are about to
 */
guint
sse_stream_get_clients (SseStream *self)
{
  return self->viewers != NULL ? sse_viewers_get_count (self->viewers) : 0;
}

/* The position of the last update that changed it. */
guint64
sse_stream_get_position (SseStream *self)
{
  return self->position;
}

/**
 * sse_stream_get_channels:
 *
 * Returns: (transfer full) (element-type guint): where it has clients: its own channel, and those
 * of combinations that it is in
 */
GArray *
sse_stream_get_channels (SseStream *self)
{
  GArray *channels = g_array_new (FALSE, FALSE, sizeof (guint));
  const GArray *places = self->viewers != NULL ? sse_viewers_get_places (self->viewers) : NULL;

  if (self->viewers != NULL)
    g_array_append_val (channels, self->channel);
  for (guint i = 0; places != NULL && i < places->len; i++)
    g_array_append_val (channels, g_array_index (places, SsePlace, i).channel);
  return channels;
}

/* The bytes that wait for its slow clients, whatever else these follow on the same connection. */
guint64
sse_stream_get_queued (SseStream *self)
{
  g_autoptr (GArray) channels = sse_stream_get_channels (self);
  guint64 bytes = 0;

  for (guint i = 0; i < channels->len; i++)
    bytes += sse_fanout_get_queued_bytes (self->host->fanout, g_array_index (channels, guint, i));
  return bytes;
}

/* What happened to it. */
const SseStreamCounters *
sse_stream_get_counters (SseStream *self)
{
  return &self->counters;
}

static void
sse_stream_finalize (GObject *object)
{
  SseStream *self = SSE_STREAM (object);

  g_clear_pointer (&self->viewers, sse_viewers_free);
  g_clear_pointer (&self->ring, sse_ring_free);
  g_clear_pointer (&self->batch, sse_batch_free);
  g_clear_object (&self->source);
  g_free (self->name);
  g_free (self->path);
  g_free (self->plugin);
  g_free (self->error);
  G_OBJECT_CLASS (sse_stream_parent_class)->finalize (object);
}

static void
sse_stream_class_init (SseStreamClass *class)
{
  G_OBJECT_CLASS (class)->finalize = sse_stream_finalize;
  changed_signal = g_signal_new ("changed", SSE_TYPE_STREAM, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                 G_TYPE_NONE, 0);
}

static void
sse_stream_init (SseStream *self)
{
}

/**
 * sse_stream_new:
 * @source: a source, configured
 * @plugin: its plugin's file and version, for people
 * @channel: its channel in the fan-out
 * @host: what it shares with the other streams; outlives it
 */
SseStream *
sse_stream_new (SseSource *source, const char *plugin, guint channel, SseStreamHost *host)
{
  SseStream *self = g_object_new (SSE_TYPE_STREAM, NULL);

  self->name = g_strdup (sse_source_get_stream (source));
  self->path = g_strdup (sse_source_get_path (source));
  self->plugin = g_strdup (plugin);
  self->source = g_object_ref (source);
  self->channel = channel;
  self->host = host;
  self->batch = sse_batch_new ();
  self->ring = sse_ring_new (host->ring_events, host->ring_bytes);
  self->viewers = sse_viewers_new (source, self->ring, channel, host);
  return self;
}

/**
 * sse_stream_new_disabled:
 * @name: its name, or its plugin's where it never said one
 * @plugin: its plugin's file
 * @error: why
 */
SseStream *
sse_stream_new_disabled (const char *name, const char *plugin, const char *error)
{
  SseStream *self = g_object_new (SSE_TYPE_STREAM, NULL);

  self->name = g_strdup (name);
  self->plugin = g_strdup (plugin);
  self->error = g_strdup (error);
  return self;
}
