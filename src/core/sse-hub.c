/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-hub"

#include "config.h"

#include "sse-hub.h"

#include "sse-event-id.h"
#include "sse-intake.h"
#include "sse-stream-private.h"

/* The longest that applying holds up the main thread at a time, in µs, if no single update takes
 * longer. */
#define APPLY_SLICE 5000

struct _SseHub
{
  GObject parent_instance;

  SseLog *log;
  SseIntake *intake;
  guint max_updates;
  SseStreamHost host;
  GPtrArray *streams;    /* SseStream, enabled ones first: a channel is an index */
  GHashTable *by_name;   /* name → SseStream, not owned */
  GQueue committed;      /* SseUpdate that are to be applied, in order */
  GSource *applier;      /* while there are some */
  GHashTable *followers; /* name → GPtrArray of SseStream that follow it */
};

G_DEFINE_FINAL_TYPE (SseHub, sse_hub, G_TYPE_OBJECT)

void
sse_outcome_free (SseOutcome *self)
{
  g_free (self->id);
  g_clear_error (&self->error);
  g_free (self);
}

/* ---- publishing: shape, then the log ---- */

static SseStream *
find_publishable (SseHub *self, const char *name, GError **error)
{
  SseStream *stream = g_hash_table_lookup (self->by_name, name);

  if (stream == NULL)
    {
      g_autofree char *told = sse_error_clip (name);

      g_set_error (error, SSE_ERROR, SSE_ERROR_UNKNOWN_STREAM, "there is no stream named “%s”",
                   told);
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

static gboolean
check_stream (const SseUpdate *update, gpointer user_data, GError **error)
{
  return find_publishable (SSE_HUB (user_data), sse_update_get_stream (update), error) != NULL;
}

static gboolean
check_shape (const SseUpdate *update, gpointer user_data, GError **error)
{
  SseStream *stream = find_publishable (SSE_HUB (user_data), sse_update_get_stream (update), error);

  return stream != NULL && sse_source_validate (sse_stream_get_source (stream), update, error);
}

static void
append_to_log (GPtrArray *updates, gpointer user_data)
{
  sse_log_append (SSE_HUB (user_data)->log, updates);
}

/**
 * sse_hub_publish_async:
 * @updates: (element-type SseUpdate) (transfer full): to be taken in one commit or not at all;
 *   those not parsed yet are parsed, large ones in a thread
 *
 * Publishes updates. Updates are accepted in the order of the calls.
 */
void
sse_hub_publish_async (SseHub *self,
                       GPtrArray *updates,
                       GAsyncReadyCallback callback,
                       gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, user_data);

  if (self->intake == NULL)
    {
      g_task_return_new_error (task, SSE_ERROR, SSE_ERROR_STORE_FAILED,
                               "the daemon stops and takes no update");
      g_ptr_array_unref (updates);
      return;
    }
  sse_intake_take (self->intake, updates, task);
}

/**
 * sse_hub_get_max_updates:
 *
 * Returns: how many updates one call may have at most
 */
guint
sse_hub_get_max_updates (SseHub *self)
{
  return self->max_updates;
}

/**
 * sse_hub_publish_finish:
 * @error: why all of them were refused at once, and nothing happened; in the domain %SSE_ERROR
 *
 * Returns: (transfer full) (element-type SseOutcome) (nullable): what became of each update
 */
GPtrArray *
sse_hub_publish_finish (SseHub *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* ---- what comes back from the log ---- */

static void
apply_to_followers (SseHub *self, const SseUpdate *update)
{
  GPtrArray *followers = g_hash_table_lookup (self->followers, sse_update_get_stream (update));

  for (guint i = 0; followers != NULL && i < followers->len; i++)
    sse_stream_follow (g_ptr_array_index (followers, i), update);
}

static SseOutcome *
apply (SseHub *self, const SseUpdate *update)
{
  SseOutcome *outcome = g_new0 (SseOutcome, 1);
  SseStream *stream = find_publishable (self, sse_update_get_stream (update), &outcome->error);
  SseVerdict verdict = SSE_VERDICT_REFUSED;

  self->host.position = sse_update_get_position (update);
  if (stream != NULL)
    verdict = sse_stream_apply (stream, update, &outcome->error);
  if (verdict == SSE_VERDICT_APPLIED)
    apply_to_followers (self, update);
  if (verdict != SSE_VERDICT_REFUSED)
    outcome->id = sse_event_id_format (self->host.epoch, self->host.position);
  return outcome;
}

/* Applies what is committed for a slice of time; what is left comes next, before other things of
 * less urgency and after those of the same. */
static gboolean
apply_some (gpointer user_data)
{
  g_autoptr (SseHub) self = g_object_ref (SSE_HUB (user_data));
  gint64 until = g_get_monotonic_time () + APPLY_SLICE;
  SseUpdate *update;

  do
    {
      update = g_queue_pop_head (&self->committed);
      sse_intake_settle (self->intake, update, apply (self, update));
      sse_update_unref (update);
    }
  while (self->committed.length > 0 && g_get_monotonic_time () < until);

  for (guint i = 0; i < self->streams->len; i++)
    sse_stream_settle (g_ptr_array_index (self->streams, i));
  if (self->committed.length > 0)
    return G_SOURCE_CONTINUE;
  g_clear_pointer (&self->applier, g_source_unref);
  return G_SOURCE_REMOVE;
}

static void
on_committed (SseLog *log, GPtrArray *updates, gpointer user_data)
{
  SseHub *self = SSE_HUB (user_data);

  for (guint i = 0; i < updates->len; i++)
    g_queue_push_tail (&self->committed, sse_update_ref (g_ptr_array_index (updates, i)));
  if (self->applier != NULL || self->committed.length == 0)
    return;

  self->applier = g_idle_source_new ();
  g_source_set_priority (self->applier, G_PRIORITY_DEFAULT);
  g_source_set_static_name (self->applier, "hub's applying");
  g_source_set_callback (self->applier, apply_some, self, NULL);
  if (apply_some (self) == G_SOURCE_CONTINUE)
    g_source_attach (self->applier, g_main_context_get_thread_default ());
}

static void
on_failed (SseLog *log, GPtrArray *updates, const GError *error, gpointer user_data)
{
  g_autoptr (SseHub) self = g_object_ref (SSE_HUB (user_data));

  for (guint i = 0; i < updates->len; i++)
    {
      SseOutcome *outcome = g_new0 (SseOutcome, 1);

      outcome->error = g_error_copy (error);
      sse_intake_settle (self->intake, g_ptr_array_index (updates, i), outcome);
    }
}

/* ---- clients ---- */

/**
 * sse_hub_subscribe:
 * @stream: one of the hub's streams, enabled
 * @subscriber: a client; its socket and its ticket are taken
 *
 * Lets a client follow a stream, from its first events to its end.
 */
void
sse_hub_subscribe (SseHub *self, SseStream *stream, const SseSubscriber *subscriber)
{
  sse_stream_subscribe (stream, subscriber);
}

static void
on_client_left (guint channel, const char *user, SseCloseReason reason, gpointer user_data)
{
  SseHub *self = SSE_HUB (user_data);
  SseStream *stream = g_ptr_array_index (self->streams, channel);

  g_debug ("%s: a client left (%s)", sse_stream_get_name (stream),
           reason == SSE_CLOSE_EXPIRED    ? "token expired"
           : reason == SSE_CLOSE_OVERFLOW ? "read too slowly"
           : reason == SSE_CLOSE_STOPPED  ? "stopping"
                                          : "hung up");
  sse_stream_client_left (stream, user, reason);
}

/**
 * sse_hub_get_stream:
 *
 * Returns: (transfer none) (nullable): the stream of that name, also where it is disabled
 */
SseStream *
sse_hub_get_stream (SseHub *self, const char *name)
{
  return g_hash_table_lookup (self->by_name, name);
}

/**
 * sse_hub_get_streams:
 *
 * Returns: (transfer none) (element-type SseStream): all streams, disabled ones too
 */
GPtrArray *
sse_hub_get_streams (SseHub *self)
{
  return self->streams;
}

/**
 * sse_hub_get_n_clients:
 *
 * Returns: how many clients follow a stream or are about to
 */
guint
sse_hub_get_n_clients (SseHub *self)
{
  guint n = 0;

  for (guint i = 0; i < self->streams->len; i++)
    n += sse_stream_get_clients (g_ptr_array_index (self->streams, i));
  return n;
}

/* ---- the object ---- */

/**
 * sse_hub_stop:
 *
 * Ends every client and answers every publisher who still waits; no client may be given to the
 * hub any more. Each of those publishers holds a reference to the hub, so this has to come before
 * the last one is dropped.
 */
void
sse_hub_stop (SseHub *self)
{
  if (self->log != NULL)
    g_signal_handlers_disconnect_by_data (self->log, self);
  g_clear_pointer (&self->intake, sse_intake_free);
  /* It tells of every client it still has, so the streams have to be there. */
  g_clear_pointer (&self->host.fanout, sse_fanout_free);
  for (guint i = 0; i < self->streams->len; i++)
    sse_stream_stop (g_ptr_array_index (self->streams, i));

  if (self->applier != NULL)
    g_source_destroy (self->applier);
  g_clear_pointer (&self->applier, g_source_unref);
  g_queue_clear_full (&self->committed, (GDestroyNotify) sse_update_unref);
  g_clear_object (&self->log);
}

static void
sse_hub_dispose (GObject *object)
{
  sse_hub_stop (SSE_HUB (object));
  G_OBJECT_CLASS (sse_hub_parent_class)->dispose (object);
}

static void
sse_hub_finalize (GObject *object)
{
  SseHub *self = SSE_HUB (object);

  g_hash_table_unref (self->followers);
  g_hash_table_unref (self->by_name);
  g_ptr_array_unref (self->streams);
  g_free (self->host.epoch);
  G_OBJECT_CLASS (sse_hub_parent_class)->finalize (object);
}

static void
sse_hub_class_init (SseHubClass *class)
{
  GObjectClass *object_class = G_OBJECT_CLASS (class);

  object_class->dispose = sse_hub_dispose;
  object_class->finalize = sse_hub_finalize;
}

static void
sse_hub_init (SseHub *self)
{
  g_queue_init (&self->committed);
  self->streams = g_ptr_array_new_with_free_func (g_object_unref);
  self->by_name = g_hash_table_new (g_str_hash, g_str_equal);
  self->followers
      = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) g_ptr_array_unref);
}

static void
add_stream (SseHub *self, SseStream *stream)
{
  g_ptr_array_add (self->streams, stream);
  /* A disabled plugin of the same name does not hide one that works. */
  if (!g_hash_table_contains (self->by_name, sse_stream_get_name (stream)))
    g_hash_table_insert (self->by_name, (gpointer) sse_stream_get_name (stream), stream);
}

static void
add_follower (SseHub *self, SseStream *stream)
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
add_plugins (SseHub *self, GPtrArray *plugins)
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
                               &self->host);
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

/**
 * sse_hub_new:
 * @plugins: (element-type SsePlugin): the sources, configured, and what is disabled
 * @log: where updates are kept
 * @options: bounds, and how clients are served; its @fanout.n_channels is ignored
 * @error: where the fan-out can't be made
 */
SseHub *
sse_hub_new (GPtrArray *plugins, SseLog *log, const SseHubOptions *options, GError **error)
{
  g_autoptr (SseHub) self = g_object_new (SSE_TYPE_HUB, NULL);
  SseFanoutOptions fanout = options->fanout;

  self->log = g_object_ref (log);
  self->host.epoch = g_strdup (sse_log_get_epoch (log));
  self->host.conflate = options->conflate_ms * G_GINT64_CONSTANT (1000);
  self->host.slice_bytes = options->slice_bytes;
  self->host.ring_events = options->resume_events;
  self->host.ring_bytes = options->resume_bytes;
  self->max_updates = options->intake.max_updates;
  self->intake = sse_intake_new (&options->intake, check_stream, check_shape, append_to_log, self);
  add_plugins (self, plugins);

  fanout.n_channels = self->streams->len;
  self->host.fanout = sse_fanout_new (&fanout, on_client_left, self, error);
  if (self->host.fanout == NULL)
    return NULL;

  g_signal_connect (log, "committed", G_CALLBACK (on_committed), self);
  g_signal_connect (log, "failed", G_CALLBACK (on_failed), self);
  return g_steal_pointer (&self);
}
