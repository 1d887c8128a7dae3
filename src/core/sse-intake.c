/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-hub"

#include "config.h"

#include "sse-intake.h"

#include <string.h>

#include "sse-error.h"
#include "sse-json.h"

/* What is larger than this is parsed and checked in a thread, in bytes. */
#define JUDGE_IN_THREAD 65536

/* One call of a publisher. */
typedef struct
{
  SseIntake *intake; /* NULL once that is gone */
  SseIntakeCheck check_shape;
  gpointer user_data;
  GTask *task;
  GPtrArray *updates;
  GPtrArray *outcomes; /* SseOutcome, in the order of @updates */
  guint n_open;        /* updates without outcome */
  gsize size;          /* of the texts, in bytes */
  gsize bytes;         /* that they are counted as */
  gboolean judging;
} Call;

/* What a JSON value takes in memory when it is parsed, in bytes, about. */
#define VALUE_BYTES 64

/* An update that the log has. */
typedef struct
{
  Call *call;
  guint index;
} Place;

struct _SseIntake
{
  SseIntakeOptions options;
  SseIntakeCheck check_stream;
  SseIntakeCheck check_shape;
  SseIntakeAppend append;
  gpointer user_data;

  GQueue waiting;     /* Calls not in the log yet, in order */
  GHashTable *places; /* SseUpdate → Place, of what is in the log and has no outcome */
  GHashTable *calls;  /* all Calls */
  guint n_updates;    /* under way */
  gsize bytes;
  gint64 last_accepted;
};

static void
call_free (Call *call)
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
finish (SseIntake *self, Call *call)
{
  self->n_updates -= call->updates->len;
  self->bytes -= call->bytes;
  g_hash_table_remove (self->calls, call);
  call_free (call);
}

/* Refuses a whole call. Takes @error. */
static void
refuse (SseIntake *self, Call *call, GError *error)
{
  g_task_return_error (call->task, error);
  finish (self, call);
}

/* ---- checks ---- */

static gboolean
check_audience (const char *audience, GError **error)
{
  if (audience == NULL)
    return TRUE;
  if (*audience == '\0' || strlen (audience) > SSE_INTAKE_MAX_AUDIENCE
      || !g_utf8_validate (audience, -1, NULL))
    {
      g_set_error (error, SSE_ERROR, SSE_ERROR_INVALID_UPDATE,
                   "audience: must be a user's name of 1 to %d bytes; leave it out for everyone",
                   SSE_INTAKE_MAX_AUDIENCE);
      return FALSE;
    }
  return TRUE;
}

/* What can be judged before the text is parsed. */
static gboolean
check_unparsed (SseIntake *self, const SseUpdate *update, GError **error)
{
  gsize size = g_bytes_get_size (sse_update_get_json (update));

  if (!self->check_stream (update, self->user_data, error))
    return FALSE;
  if (size > self->options.max_update_bytes)
    {
      g_set_error (error, SSE_ERROR, SSE_ERROR_TOO_LARGE,
                   "the update has %" G_GSIZE_FORMAT " bytes; at most %" G_GSIZE_FORMAT
                   " are taken (max-update-bytes)",
                   size, self->options.max_update_bytes);
      return FALSE;
    }
  return check_audience (sse_update_get_audience (update), error);
}

/* The bytes that an update takes while it is under way: its text, and a tree that may be many times
 * larger. There are about as many values as commas and colons. */
static gsize
estimate_bytes (const SseUpdate *update)
{
  gsize size;
  const char *text = g_bytes_get_data (sse_update_get_json (update), &size);
  gsize n_values = 0;

  for (gsize i = 0; i < size; i++)
    n_values += text[i] == ',' || text[i] == ':';
  return size + n_values * VALUE_BYTES;
}

static gboolean
check_room (SseIntake *self, guint n_updates, gsize bytes, GError **error)
{
  if (n_updates > self->options.max_updates || bytes > self->options.max_bytes)
    {
      g_set_error (error, SSE_ERROR, SSE_ERROR_TOO_LARGE,
                   "%u updates of %" G_GSIZE_FORMAT
                   " bytes, parsed, are more than are ever taken at once (max-backlog, "
                   "max-backlog-bytes)",
                   n_updates, bytes);
      return FALSE;
    }
  if ((guint64) self->n_updates + n_updates > self->options.max_updates
      || self->bytes + bytes > self->options.max_bytes)
    {
      g_set_error (error, SSE_ERROR, SSE_ERROR_BUSY, "%u updates wait already; push again later",
                   self->n_updates);
      return FALSE;
    }
  return TRUE;
}

/* Says which of several updates @error is about. */
static void
prefix_error (const Call *call, guint index, GError **error)
{
  if (call->updates->len > 1)
    g_prefix_error (error, "updates[%u]: ", index);
}

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

/* Parses a call's updates and checks their shape; looks at nothing that changes. */
static gboolean
judge (const Call *call, GError **error)
{
  for (guint i = 0; i < call->updates->len; i++)
    {
      SseUpdate *update = g_ptr_array_index (call->updates, i);

      if (!sse_update_parse (update, error) || !check_misplaced (update, error)
          || !call->check_shape (update, call->user_data, error))
        {
          prefix_error (call, i, error);
          return FALSE;
        }
    }
  return TRUE;
}

/* ---- into the log ---- */

/* Puts a call that was judged into the log. */
static void
put (SseIntake *self, Call *call)
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
  Call *call;

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

  if (judge (task_data, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
on_judged (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Call *call = user_data;
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
start_judging (SseIntake *self, Call *call)
{
  GError *error = NULL;

  if (call->size > JUDGE_IN_THREAD)
    {
      g_autoptr (GTask) task = g_task_new (NULL, NULL, on_judged, call);

      call->judging = TRUE;
      g_task_set_task_data (task, call, NULL); /* which waits for it */
      g_task_run_in_thread (task, judge_in_thread);
    }
  else if (!judge (call, &error))
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
  Call *call = g_new0 (Call, 1);
  GError *error = NULL;
  guint i;

  call->intake = self;
  call->check_shape = self->check_shape;
  call->user_data = self->user_data;
  call->task = g_object_ref (task);
  call->updates = updates;
  call->outcomes = g_ptr_array_new_full (updates->len, free_outcome);
  call->n_open = updates->len;
  g_ptr_array_set_size (call->outcomes, (gint) updates->len);
  for (i = 0; i < updates->len; i++)
    {
      const SseUpdate *update = g_ptr_array_index (updates, i);

      call->size += g_bytes_get_size (sse_update_get_json (update));
      call->bytes += estimate_bytes (update);
    }

  if (updates->len == 0)
    {
      g_task_return_pointer (task, g_ptr_array_ref (call->outcomes),
                             (GDestroyNotify) g_ptr_array_unref);
      call_free (call);
      return;
    }
  for (i = 0; i < updates->len; i++)
    if (!check_unparsed (self, g_ptr_array_index (updates, i), &error))
      {
        prefix_error (call, i, &error);
        break;
      }
  if (error == NULL)
    check_room (self, updates->len, call->bytes, &error);
  if (error != NULL)
    {
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
  Call *call;

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
 */
SseIntake *
sse_intake_new (const SseIntakeOptions *options,
                SseIntakeCheck check_stream,
                SseIntakeCheck check_shape,
                SseIntakeAppend append,
                gpointer user_data)
{
  SseIntake *self = g_new0 (SseIntake, 1);

  self->options = *options;
  self->check_stream = check_stream;
  self->check_shape = check_shape;
  self->append = append;
  self->user_data = user_data;
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
  Call *call;

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
