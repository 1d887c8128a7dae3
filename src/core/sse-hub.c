/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-hub"

#include "config.h"

#include "sse-hub.h"

#include "sse-combination.h"
#include "sse-hub-private.h"

G_DEFINE_FINAL_TYPE (SseHub, sse_hub, G_TYPE_OBJECT)

/* ---- publishing: shape, then the log ---- */

static gboolean
check_stream (const SseUpdate *update, gpointer hub, GError **error)
{
  SseHub *self = SSE_HUB (hub);

  return update == self->own
         || sse_streams_takes_updates_of (self->streams, sse_update_get_stream (update), error);
}

static gboolean
check_shape (const SseUpdate *update, gpointer hub, GError **error)
{
  return sse_streams_validate (SSE_HUB (hub)->streams, update, error);
}

static void
append_to_log (GPtrArray *updates, gpointer user_data)
{
  sse_log_append (SSE_HUB (user_data)->log, updates);
}

/**
 * sse_hub_publish_async:
 * @updates: (element-type SseUpdate) (transfer full): to be taken in one commit or not at all, as
 *   sse_log_append() says; those not parsed yet are parsed, large ones in a thread
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

  if (self->closed)
    {
      self->counters.rejected[SSE_ERROR_STORE_FAILED] += updates->len;
      g_task_return_new_error (task, SSE_ERROR, SSE_ERROR_STORE_FAILED,
                               "the daemon stops and takes no update");
      g_ptr_array_unref (updates);
      return;
    }
  sse_intake_take (self->intake, updates, task);
}

/**
 * sse_hub_revoke_async:
 * @user: whose tokens are refused from now on that were issued up to this second
 *
 * Publishes that, and ends all that the user follows once it is in the log. Its end is
 * sse_hub_publish_finish().
 */
void
sse_hub_revoke_async (SseHub *self,
                      const char *user,
                      GAsyncReadyCallback callback,
                      gpointer user_data)
{
  GPtrArray *updates = g_ptr_array_new_with_free_func ((GDestroyNotify) sse_update_unref);
  SseUpdate *update = sse_revocations_new_update (user);

  g_ptr_array_add (updates, update);
  self->own = update;
  sse_hub_publish_async (self, updates, callback, user_data);
  self->own = NULL;
}

/**
 * sse_hub_get_revocations:
 *
 * Returns: (transfer none): what tokens were revoked
 */
const SseRevocations *
sse_hub_get_revocations (SseHub *self)
{
  return sse_streams_get_revocations (self->streams);
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

/* What became of what publishers sent. */
const SsePublishingCounters *
sse_hub_get_counters (SseHub *self)
{
  return &self->counters;
}

/**
 * sse_hub_get_record:
 *
 * Returns: (transfer none): what those who take updates tell the journal with, see
 *   sse_publication_tell()
 */
SsePublicationRecord *
sse_hub_get_record (SseHub *self)
{
  return &self->record;
}

/**
 * sse_hub_get_max_update_bytes:
 *
 * Returns: how many bytes an update may have at most
 */
gsize
sse_hub_get_max_update_bytes (SseHub *self)
{
  return self->max_update_bytes;
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

/* ---- clients ---- */

/**
 * sse_hub_keep_canaries:
 * @error: in the domain %G_FILE_ERROR where descriptors have run out
 *
 * Keeps a client at each worker for sse_hub_beat(). To be called before other clients come.
 */
gboolean
sse_hub_keep_canaries (SseHub *self, GError **error)
{
  self->canaries = sse_canaries_new (self->host.fanout, sse_streams_get_n_channels (self->streams),
                                     self->n_workers, error);
  return self->canaries != NULL;
}

/**
 * sse_hub_beat:
 * @done: told when each worker has given a sign of life
 *
 * To be called again only when @done was told.
 */
void
sse_hub_beat (SseHub *self, SseCanariesDone done, gpointer user_data)
{
  sse_canaries_beat (self->canaries, done, user_data);
}

/**
 * sse_hub_get_stream:
 *
 * Returns: (transfer none) (nullable): the stream of that name, also where it is disabled
 */
SseStream *
sse_hub_get_stream (SseHub *self, const char *name)
{
  return sse_streams_find (self->streams, name);
}

/**
 * sse_hub_get_streams:
 *
 * Returns: (transfer none) (element-type SseStream): all streams, disabled ones too
 */
GPtrArray *
sse_hub_get_streams (SseHub *self)
{
  return sse_streams_get (self->streams);
}

/**
 * sse_hub_get_n_clients:
 *
 * Returns: how many clients follow streams or are about to
 */
guint
sse_hub_get_n_clients (SseHub *self)
{
  return sse_streams_count_clients (self->streams)
         + sse_forerunners_get_length (self->host.forerunners)
         - sse_combinations_get_surplus (self->host.combinations);
}

/* ---- the object ---- */

/**
 * sse_hub_configure:
 * @options: what they are from now on. The number of threads and what is kept for clients that
 *   resume stay what they are
 */
void
sse_hub_configure (SseHub *self, const SseHubOptions *options)
{
  self->host.conflate = options->conflate_ms * G_GINT64_CONSTANT (1000);
  self->max_updates = options->intake.max_updates;
  self->record.accepted_too = options->log_accepted;
  self->max_update_bytes = options->intake.max_update_bytes;
  sse_intake_configure (self->intake, &options->intake);
  sse_fanout_configure (self->host.fanout, &options->fanout);
  sse_streams_settle (self->streams);
}

/**
 * sse_hub_close:
 *
 * Takes no update any more. Those under way are applied, and what they touch is rendered without
 * delay.
 */
void
sse_hub_close (SseHub *self)
{
  self->closed = TRUE;
  self->host.conflate = 0;
  sse_streams_settle (self->streams);
}

/**
 * sse_hub_is_quiet:
 *
 * Returns: whether no publisher waits, and clients have been sent all that was accepted
 */
gboolean
sse_hub_is_quiet (SseHub *self)
{
  return sse_intake_is_empty (self->intake) && self->committed.length == 0
         && sse_streams_are_settled (self->streams);
}

/**
 * sse_hub_end_clients:
 *
 * Lets all clients leave, and all that come, each with a proper end; see sse_fanout_end(). Those
 * that wait for what this node does not have are closed, and may find it elsewhere. They are gone
 * when sse_hub_get_n_clients() is 0.
 */
void
sse_hub_end_clients (SseHub *self)
{
  sse_fanout_end (self->host.fanout);
  sse_forerunners_close (self->host.forerunners);
}

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
  self->closed = TRUE;
  if (self->log != NULL)
    g_signal_handlers_disconnect_by_data (self->log, self);
  g_clear_pointer (&self->intake, sse_intake_free);
  g_clear_pointer (&self->canaries, sse_canaries_free);
  if (self->host.forerunners != NULL)
    sse_forerunners_close (self->host.forerunners);
  /* It tells of every client it still has, so the streams have to be there. */
  g_clear_pointer (&self->host.fanout, sse_fanout_free);
  sse_streams_stop (self->streams);

  if (self->applier != NULL)
    g_source_destroy (self->applier);
  g_clear_pointer (&self->applier, g_source_unref);
  if (self->log != NULL && self->loaded)
    sse_hub_save (self);
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

  g_clear_pointer (&self->host.forerunners, sse_forerunners_free);
  g_clear_pointer (&self->host.combinations, sse_combinations_free);
  g_clear_pointer (&self->streams, sse_streams_free);
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
  self->host.log = log;
  self->host.epoch = g_strdup (sse_log_get_epoch (log));
  self->host.conflate = options->conflate_ms * G_GINT64_CONSTANT (1000);
  self->host.slice_bytes = options->slice_bytes;
  self->host.ring_events = options->resume_events;
  self->host.ring_bytes = options->resume_bytes;
  self->max_updates = options->intake.max_updates;
  self->intake = sse_intake_new (&options->intake, check_stream, check_shape, append_to_log, self,
                                 &self->counters);
  self->record.accepted_too = options->log_accepted;
  self->max_update_bytes = options->intake.max_update_bytes;
  self->streams = sse_streams_new (plugins, &self->host);

  self->host.forerunners = sse_forerunners_new (sse_hub_let_in, self);
  self->host.combinations = sse_combinations_new (&self->host, sse_hub_get_first_combined (self));

  fanout.n_channels = sse_hub_get_first_combined (self) + SSE_COMBINATION_MAX;
  self->n_workers = fanout.n_workers;
  self->host.fanout = sse_fanout_new (&fanout, sse_hub_take_left, self, error);
  if (self->host.fanout == NULL)
    return NULL;

  g_signal_connect (log, "committed", G_CALLBACK (sse_hub_take_committed), self);
  g_signal_connect (log, "failed", G_CALLBACK (sse_hub_take_failed), self);
  g_signal_connect (log, "due", G_CALLBACK (sse_hub_take_due), self);
  g_signal_connect (log, "end", G_CALLBACK (sse_hub_take_end), self);
  g_signal_connect (log, "changed", G_CALLBACK (sse_hub_take_changed), self);
  return g_steal_pointer (&self);
}

/**
 * sse_hub_load:
 * @error: where the log can't be read
 *
 * Brings all streams to where the log says that they were. To be called once, before updates and
 * clients come.
 */
gboolean
sse_hub_load (SseHub *self, GError **error)
{
  self->loaded = sse_streams_load (self->streams, self->log, error);
  return self->loaded;
}

/**
 * sse_hub_get_log:
 *
 * Returns: (transfer none) (nullable): where updates are kept; %NULL once it is stopped
 */
SseLog *
sse_hub_get_log (SseHub *self)
{
  return self->log;
}
