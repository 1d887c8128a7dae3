/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-hub"

/* The hub's other half: what comes back from the log is applied, and the log gets its checkpoints.
 */

#include "config.h"

#include "sse-error.h"
#include "sse-event-id.h"
#include "sse-hub-private.h"

/* The longest that applying holds up the main thread at a time, in µs, if no single update takes
 * longer. */
#define APPLY_SLICE 5000

static SseOutcome *
apply (SseHub *self, const SseUpdate *update)
{
  SseOutcome *outcome = g_new0 (SseOutcome, 1);
  gboolean judged = sse_intake_has (self->intake, update);

  if (sse_streams_apply (self->streams, update, judged, &outcome->error) != SSE_VERDICT_REFUSED)
    outcome->id = sse_event_id_format (self->host.epoch, self->host.position);
  return outcome;
}

void
sse_hub_save (SseHub *self)
{
  sse_streams_save (self->streams, self->log, self->save_all);
  self->due = FALSE;
  self->save_all = FALSE;
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
      /* Where several nodes write one for all, it is of the very same place. */
      if (self->due && sse_update_get_position (update) > self->due_position)
        sse_hub_save (self);
      sse_intake_settle (self->intake, update, apply (self, update));
      sse_update_unref (update);
    }
  while (self->committed.length > 0 && g_get_monotonic_time () < until);

  sse_log_note_applied (self->log, self->host.position);
  sse_forerunners_let (self->host.forerunners, self->host.position);
  sse_streams_settle (self->streams);
  if (self->committed.length > 0)
    return G_SOURCE_CONTINUE;
  if (self->due)
    sse_hub_save (self);
  g_clear_pointer (&self->applier, g_source_unref);
  return G_SOURCE_REMOVE;
}

void
sse_hub_take_committed (SseLog *log, GPtrArray *updates, gpointer user_data)
{
  SseHub *self = SSE_HUB (user_data);

  sse_intake_note_committed (self->intake, updates);
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

void
sse_hub_take_failed (SseLog *log, GPtrArray *updates, const GError *error, gpointer user_data)
{
  g_autoptr (SseHub) self = g_object_ref (SSE_HUB (user_data));

  self->counters.rejected[SSE_ERROR_STORE_FAILED] += updates->len;
  for (guint i = 0; i < updates->len; i++)
    {
      SseOutcome *outcome = g_new0 (SseOutcome, 1);

      outcome->error = g_error_copy (error);
      sse_intake_settle (self->intake, g_ptr_array_index (updates, i), outcome);
    }
}

void
sse_hub_take_due (SseLog *log, guint64 position, gboolean full, gpointer user_data)
{
  SseHub *self = SSE_HUB (user_data);

  self->save_all |= full;
  self->due = self->host.position < position;
  self->due_position = position;
  if (!self->due)
    sse_hub_save (self);
}

/* Whether the one follows the other. */
static gboolean
follows (SseStream *stream, const char *name)
{
  SseSource *source = sse_stream_get_source (stream);

  return source != NULL && g_strv_contains (sse_source_get_follows (source), name);
}

/* Of a stream's updates, those that follow it get what it applied. */
static void
disable (SseHub *self, SseStream *stream, const char *reason)
{
  GPtrArray *streams = sse_streams_get (self->streams);
  const char *name = sse_stream_get_name (stream);
  g_autofree char *because = g_strdup_printf ("it follows %s, which is disabled", name);

  sse_stream_disable (stream, reason);
  for (guint i = 0; i < streams->len; i++)
    if (sse_stream_is_enabled (streams->pdata[i]) && follows (streams->pdata[i], name))
      disable (self, streams->pdata[i], because);
}

/**
 * sse_hub_disable:
 * @name: a stream whose source turned out to be in a state that it should not be in, be it the
 *   daemon's own
 * @reason: why, for people
 * @error: %G_IO_ERROR_FAILED where none can be served without it
 *
 * Serves a stream no more, and none that follows it.
 */
gboolean
sse_hub_disable (SseHub *self, const char *name, const char *reason, GError **error)
{
  SseStream *stream = sse_streams_find (self->streams, name);

  if (stream != NULL)
    disable (self, stream, reason);
  else
    g_set_error (error, SSE_ERROR, SSE_ERROR_STORE_FAILED,
                 "it is not known what tokens were revoked, so that none can be trusted: %s",
                 reason);
  return stream != NULL;
}

/* What the log has that is no update is applied with what is before it. Ids of other nodes may say
 * that place, as they began behind it. */
static void
take_position (SseHub *self)
{
  if (self->committed.length > 0)
    return;
  self->host.position = MAX (self->host.position, sse_log_get_position (self->log));
  sse_forerunners_let (self->host.forerunners, self->host.position);
}

/* What was given to it as a checkpoint may not be there. */
void
sse_hub_take_changed (SseLog *log, gpointer user_data)
{
  SseHub *self = SSE_HUB (user_data);

  self->save_all = TRUE;
  take_position (self);
}

void
sse_hub_take_end (SseLog *log, guint64 position, gpointer user_data)
{
  SseHub *self = SSE_HUB (user_data);

  take_position (self);
  sse_forerunners_take_end (self->host.forerunners, position, g_get_monotonic_time ());
}
