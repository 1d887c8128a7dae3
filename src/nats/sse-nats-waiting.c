/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-nats-waiting.h"

#include "sse-nats-message.h"

struct _SseNatsWaiting
{
  SseMailbox *publisher;
  gint64 deadline;   /* µs */
  GHashTable *by_id; /* id → Entry */
};

typedef struct
{
  char id[SSE_NATS_ID_BYTES];
  SseUpdate *update;
  gint64 until;    /* monotonic, µs */
  gboolean unsent; /* whether it is to be sent again */
} Entry;

static void
entry_free (gpointer data)
{
  Entry *self = data;

  sse_update_unref (self->update);
  g_free (self);
}

static void
add_job (Entry *entry, guint64 position, SseMailList *jobs)
{
  SseNatsJob *job = g_new0 (SseNatsJob, 1);

  job->type = SSE_NATS_JOB_SEND;
  job->update = sse_update_ref (entry->update);
  g_strlcpy (job->id, entry->id, sizeof job->id);
  job->until = entry->until;
  job->after = position;
  entry->unsent = FALSE;
  sse_mail_list_push (jobs, &job->mail);
}

/**
 * sse_nats_waiting_send:
 * @updates: (element-type SseUpdate): parsed and stamped with their time
 * @position: up to where the log was read
 *
 * Sends updates, each under an id of its own.
 */
void
sse_nats_waiting_send (SseNatsWaiting *self, GPtrArray *updates, guint64 position)
{
  gint64 until = g_get_monotonic_time () + self->deadline;
  SseMailList jobs = { 0 };

  for (guint i = 0; i < updates->len; i++)
    {
      Entry *entry = g_new0 (Entry, 1);

      sse_nats_message_new_id (entry->id);
      entry->update = sse_update_ref (g_ptr_array_index (updates, i));
      entry->until = until;
      g_hash_table_insert (self->by_id, entry->id, entry);
      add_job (entry, position, &jobs);
    }
  sse_mailbox_post (self->publisher, &jobs);
}

/**
 * sse_nats_waiting_take:
 * @id: of a message that was read
 *
 * Returns: (transfer full) (nullable): the update that was sent as that, which waits no more; %NULL
 *   where none waits
 */
SseUpdate *
sse_nats_waiting_take (SseNatsWaiting *self, const char *id)
{
  Entry *entry = g_hash_table_lookup (self->by_id, id);
  SseUpdate *update;

  if (entry == NULL)
    return NULL;
  update = sse_update_ref (entry->update);
  g_hash_table_remove (self->by_id, id);
  return update;
}

/* Has it sent again. Returns whether it waits. */
gboolean
sse_nats_waiting_mark_unsent (SseNatsWaiting *self, const char *id)
{
  Entry *entry = g_hash_table_lookup (self->by_id, id);

  if (entry == NULL)
    return FALSE;
  entry->unsent = TRUE;
  return TRUE;
}

/* Has all of them sent again. */
void
sse_nats_waiting_mark_all_unsent (SseNatsWaiting *self)
{
  GHashTableIter iter;
  Entry *entry;

  g_hash_table_iter_init (&iter, self->by_id);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &entry))
    entry->unsent = TRUE;
}

/**
 * sse_nats_waiting_look:
 * @position: up to where the log was read
 *
 * Sends again what was marked so, under the id that it has: where it was taken all the same, the
 * servers know that.
 *
 * Returns: (transfer full) (element-type SseUpdate): those that have waited too long, and wait no
 *   more
 */
GPtrArray *
sse_nats_waiting_look (SseNatsWaiting *self, guint64 position)
{
  GPtrArray *late = g_ptr_array_new_with_free_func ((GDestroyNotify) sse_update_unref);
  gint64 now = g_get_monotonic_time ();
  SseMailList jobs = { 0 };
  GHashTableIter iter;
  Entry *entry;

  g_hash_table_iter_init (&iter, self->by_id);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &entry))
    if (entry->until <= now)
      {
        g_ptr_array_add (late, sse_update_ref (entry->update));
        g_hash_table_iter_remove (&iter);
      }
    else if (entry->unsent)
      add_job (entry, position, &jobs);
  sse_mailbox_post (self->publisher, &jobs);
  return late;
}

gboolean
sse_nats_waiting_is_empty (const SseNatsWaiting *self)
{
  return g_hash_table_size (self->by_id) == 0;
}

/**
 * sse_nats_waiting_new:
 * @publisher: the inbox of what sends them; outlives it
 * @deadline_ms: how long each may wait
 */
SseNatsWaiting *
sse_nats_waiting_new (SseMailbox *publisher, guint deadline_ms)
{
  SseNatsWaiting *self = g_new0 (SseNatsWaiting, 1);

  self->publisher = publisher;
  self->deadline = deadline_ms * G_GINT64_CONSTANT (1000);
  self->by_id = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, entry_free);
  return self;
}

void
sse_nats_waiting_free (SseNatsWaiting *self)
{
  g_hash_table_unref (self->by_id);
  g_free (self);
}
