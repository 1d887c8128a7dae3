/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-hub"

#include "config.h"

#include "sse-intake.h"

#include "sse-intake-private.h"
#include "sse-unparsed.h"

/* What counts for more than this is parsed and checked in a thread, in bytes: a few long texts, or
 * many short values, each of which takes its time. */
#define JUDGE_IN_THREAD 65536

/* An update that the log has. */
typedef struct
{
  SseIntakeCall *call;
  guint index;
} Place;

static void
call_free (SseIntakeCall *call)
{
  g_object_unref (call->task);
  g_ptr_array_unref (call->updates);
  g_ptr_array_unref (call->outcomes);
  g_free (call);
}

/* An update of a call that was refused has none. */
static void
free_outcome (gpointer outcome)
{
  if (outcome != NULL)
    sse_outcome_free (outcome);
}

/* Forgets a call and frees it; its task has been answered. */
static void
finish (SseIntake *self, SseIntakeCall *call)
{
  self->n_updates -= call->updates->len;
  self->bytes -= call->bytes;
  g_hash_table_remove (self->calls, call);
  call_free (call);
}

static void
count_rejected (SseIntake *self, const SseIntakeCall *call, const GError *error)
{
  if (error->domain == SSE_ERROR)
    self->counters->rejected[error->code] += call->updates->len;
}

/* Refuses a whole call. Takes @error. */
static void
refuse (SseIntake *self, SseIntakeCall *call, GError *error)
{
  count_rejected (self, call, error);
  g_task_return_error (call->task, error);
  finish (self, call);
}

/* ---- into the log ---- */

/* Puts a call that was judged into the log. */
static void
put (SseIntake *self, SseIntakeCall *call)
{
  GPtrArray *appended;

  /* A clock that was set back must not make a later update look earlier. */
  self->last_accepted = MAX (self->last_accepted, g_get_real_time ());
  appended = g_ptr_array_new_full (call->updates->len, (GDestroyNotify) sse_update_unref);
  for (guint i = 0; i < call->updates->len; i++)
    {
      SseUpdate *update = g_ptr_array_index (call->updates, i);
      Place *place = g_new (Place, 1);

      sse_update_set_accepted (update, self->last_accepted);
      *place = (Place){ call, i };
      g_hash_table_insert (self->places, update, place);
      g_ptr_array_add (appended, sse_update_ref (update));
    }
  self->append (appended, self->user_data);
}

/* Calls go into the log in the order in which they came: one that is being judged holds up those
 * behind it. */
static void
advance (SseIntake *self)
{
  SseIntakeCall *call;

  while ((call = g_queue_peek_head (&self->waiting)) != NULL && !call->judging)
    {
      g_queue_pop_head (&self->waiting);
      put (self, call);
    }
}

static void
judge_in_thread (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  GError *error = NULL;

  if (sse_intake_judge (task_data, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
on_judged (GObject *source, GAsyncResult *result, gpointer user_data)
{
  SseIntakeCall *call = user_data;
  SseIntake *self = call->intake;
  GError *error = NULL;
  gboolean ok = g_task_propagate_boolean (G_TASK (result), &error);

  if (self == NULL)
    {
      g_clear_error (&error);
      call_free (call);
      return;
    }
  call->judging = FALSE;
  if (!ok)
    {
      g_queue_remove (&self->waiting, call);
      refuse (self, call, error);
    }
  advance (self);
}

static void
start_judging (SseIntake *self, SseIntakeCall *call)
{
  GError *error = NULL;

  if (call->bytes > JUDGE_IN_THREAD)
    {
      g_autoptr (GTask) task = g_task_new (NULL, NULL, on_judged, call);

      call->judging = TRUE;
      g_task_set_task_data (task, call, NULL); /* which waits for it */
      g_task_run_in_thread (task, judge_in_thread);
    }
  else if (!sse_intake_judge (call, &error))
    {
      refuse (self, call, error);
      return;
    }
  g_queue_push_tail (&self->waiting, call);
  advance (self);
}

/**
 * sse_intake_take:
 * @updates: (element-type SseUpdate) (transfer full): one publisher's call
 * @task: answered with a #GPtrArray of #SseOutcome, or with the error for which none was taken
 */
void
sse_intake_take (SseIntake *self, GPtrArray *updates, GTask *task)
{
  SseIntakeCall *call = g_new0 (SseIntakeCall, 1);
  GError *error = NULL;
  guint i;

  call->intake = self;
  call->came = g_get_monotonic_time ();
  call->check_shape = self->check_shape;
  call->user_data = self->user_data;
  call->task = g_object_ref (task);
  call->updates = updates;
  call->outcomes = g_ptr_array_new_full (updates->len, free_outcome);
  call->n_open = updates->len;
  g_ptr_array_set_size (call->outcomes, (gint) updates->len);
  for (i = 0; i < updates->len; i++)
    call->bytes += sse_unparsed_estimate_bytes (g_ptr_array_index (updates, i));

  if (updates->len == 0)
    {
      g_task_return_pointer (task, g_ptr_array_ref (call->outcomes),
                             (GDestroyNotify) g_ptr_array_unref);
      call_free (call);
      return;
    }
  for (i = 0; i < updates->len; i++)
    if (!sse_intake_check_unparsed (self, g_ptr_array_index (updates, i), &error))
      {
        sse_intake_prefix_error (call, i, &error);
        break;
      }
  if (error == NULL)
    sse_intake_check_room (self, updates->len, call->bytes, &error);
  if (error != NULL)
    {
      count_rejected (self, call, error);
      g_task_return_error (task, error);
      call_free (call);
      return;
    }

  self->n_updates += updates->len;
  self->bytes += call->bytes;
  g_hash_table_add (self->calls, call);
  start_judging (self, call);
}

/**
 * sse_intake_note_committed:
 * @updates: (element-type SseUpdate): what the log has committed; they are settled later
 *
 * Counts how long that took since they came.
 */
void
sse_intake_note_committed (SseIntake *self, GPtrArray *updates)
{
  gint64 now = g_get_monotonic_time ();

  for (guint i = 0; i < updates->len; i++)
    {
      const Place *place = g_hash_table_lookup (self->places, g_ptr_array_index (updates, i));

      if (place != NULL)
        sse_histogram_add (&self->counters->commits, now - place->call->came);
    }
}

/* Whether @update, which came back from the log, was judged here, and its publisher waits. */
gboolean
sse_intake_has (SseIntake *self, const SseUpdate *update)
{
  return g_hash_table_contains (self->places, update);
}

/**
 * sse_intake_settle:
 * @update: an update that came back from the log
 * @outcome: (transfer full): what became of it
 *
 * Answers the publisher once each update of its call has an outcome. An update that nobody waits
 * for is none of the intake's.
 */
void
sse_intake_settle (SseIntake *self, const SseUpdate *update, SseOutcome *outcome)
{
  g_autofree Place *place = NULL;
  SseIntakeCall *call;

  if (!g_hash_table_steal_extended (self->places, update, NULL, (gpointer *) &place))
    {
      sse_outcome_free (outcome);
      return;
    }

  call = place->call;
  call->outcomes->pdata[place->index] = outcome;
  if (--call->n_open > 0)
    return;
  g_task_return_pointer (call->task, g_ptr_array_ref (call->outcomes),
                         (GDestroyNotify) g_ptr_array_unref);
  finish (self, call);
}

/**
 * sse_intake_new:
 * @options: bounds
 * @check_stream: whether an update's stream takes updates
 * @check_shape: whether a parsed update has the right shape; may be called in any thread
 * @append: puts updates into the log
 * @counters: where it counts; outlives it
 */
SseIntake *
sse_intake_new (const SseIntakeOptions *options,
                SseIntakeCheck check_stream,
                SseIntakeCheck check_shape,
                SseIntakeAppend append,
                gpointer user_data,
                SsePublishingCounters *counters)
{
  SseIntake *self = g_new0 (SseIntake, 1);

  self->options = *options;
  self->check_stream = check_stream;
  self->check_shape = check_shape;
  self->append = append;
  self->user_data = user_data;
  self->counters = counters;
  self->places = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  self->calls = g_hash_table_new (NULL, NULL);
  g_queue_init (&self->waiting);
  return self;
}

/* What is under way already stays. */
void
sse_intake_configure (SseIntake *self, const SseIntakeOptions *options)
{
  self->options = *options;
}

/* Whether no publisher waits. */
gboolean
sse_intake_is_empty (SseIntake *self)
{
  return g_hash_table_size (self->calls) == 0;
}

/* Publishers that still wait are told that the daemon stops. */
void
sse_intake_free (SseIntake *self)
{
  GHashTableIter iter;
  SseIntakeCall *call;

  g_hash_table_iter_init (&iter, self->calls);
  while (g_hash_table_iter_next (&iter, (gpointer *) &call, NULL))
    {
      g_task_return_new_error (call->task, SSE_ERROR, SSE_ERROR_STORE_FAILED,
                               "the daemon stops; whether it took the update is unknown");
      call->intake = NULL;
      if (!call->judging) /* else its thread still has it */
        call_free (call);
    }
  g_queue_clear (&self->waiting);
  g_hash_table_unref (self->calls);
  g_hash_table_unref (self->places);
  g_free (self);
}
