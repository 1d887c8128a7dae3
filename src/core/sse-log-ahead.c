/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-log-ahead.h"

#include "sse-thread.h"

/* Updates are handed over so many at a time, or so many bytes of JSON: to wake a thread for each
 * costs more than it gains. */
#define BATCH_UPDATES 256
#define BATCH_BYTES   (1024 * 1024)

/* Batches that may be read and not applied yet. */
#define MAX_BATCHES 4

typedef struct
{
  SseUpdate *update;
  gboolean applied;
} Row;

typedef struct
{
  /* The thread's, until its end. */
  SseDatabase *database;
  guint64 after;
  guint64 dense;
  GArray *batch; /* of Rows */
  gsize bytes;
  GError *error;

  pthread_mutex_t lock;
  pthread_cond_t changed;
  GQueue batches; /* read and not taken */
  gboolean done;
} Ahead;

static void
clear_row (gpointer row)
{
  sse_update_unref (((Row *) row)->update);
}

static GArray *
new_rows (void)
{
  GArray *rows = g_array_new (FALSE, FALSE, sizeof (Row));

  g_array_set_clear_func (rows, clear_row);
  return rows;
}

/* ---- reading ---- */

static void
hand_over (Ahead *self)
{
  pthread_mutex_lock (&self->lock);
  while (self->batches.length >= MAX_BATCHES)
    pthread_cond_wait (&self->changed, &self->lock);
  g_queue_push_tail (&self->batches, self->batch);
  pthread_cond_signal (&self->changed);
  pthread_mutex_unlock (&self->lock);
  self->batch = new_rows ();
  self->bytes = 0;
}

static void
add (SseUpdate *update, gboolean applied, gpointer user_data)
{
  Ahead *self = user_data;
  Row row = { sse_update_ref (update), applied };

  g_array_append_val (self->batch, row);
  self->bytes += g_bytes_get_size (sse_update_get_json (update));
  if (self->batch->len >= BATCH_UPDATES || self->bytes >= BATCH_BYTES)
    hand_over (self);
}

static void *
ahead_run (void *data)
{
  Ahead *self = data;

  pthread_setname_np (pthread_self (), "log-loader");
  if (sse_log_load_updates (self->database, self->after, self->dense, add, self, &self->error))
    hand_over (self);
  pthread_mutex_lock (&self->lock);
  self->done = TRUE;
  pthread_cond_signal (&self->changed);
  pthread_mutex_unlock (&self->lock);
  return NULL;
}

/* ---- applying ---- */

/* Takes what was read first; NULL when that was all. */
static GArray *
take (Ahead *self)
{
  GArray *taken;

  pthread_mutex_lock (&self->lock);
  while (self->batches.length == 0 && !self->done)
    pthread_cond_wait (&self->changed, &self->lock);
  taken = g_queue_pop_head (&self->batches);
  pthread_cond_signal (&self->changed);
  pthread_mutex_unlock (&self->lock);
  return taken;
}

static void
apply_all (Ahead *self, SseLogEach func, gpointer user_data)
{
  GArray *rows;

  while ((rows = take (self)) != NULL)
    {
      for (guint i = 0; i < rows->len; i++)
        {
          Row *row = &g_array_index (rows, Row, i);

          func (row->update, row->applied, user_data);
        }
      g_array_unref (rows);
    }
}

/**
 * sse_log_ahead_load:
 *
 * Does what sse_log_load_updates() does, with the reading and the parsing, the greater part, in a
 * thread of its own. @func is called in this one.
 */
gboolean
sse_log_ahead_load (SseDatabase *database,
                    guint64 after,
                    guint64 dense,
                    SseLogEach func,
                    gpointer user_data,
                    GError **error)
{
  Ahead self = {
    .database = database,
    .after = after,
    .dense = dense,
    .lock = PTHREAD_MUTEX_INITIALIZER,
    .changed = PTHREAD_COND_INITIALIZER,
    .batch = new_rows (),
  };
  pthread_t thread;

  if (sse_thread_start (&thread, ahead_run, &self, &self.error))
    {
      apply_all (&self, func, user_data);
      pthread_join (thread, NULL);
    }
  g_array_unref (self.batch);
  pthread_cond_destroy (&self.changed);
  pthread_mutex_destroy (&self.lock);
  if (self.error == NULL)
    return TRUE;
  g_propagate_error (error, self.error);
  return FALSE;
}
