/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-nats-waiting.h"

#include "sse-nats-message.h"

/* So many do not wait for more. */
#define MANY 32

struct _SseNatsWaiting
{
  SseMailbox *publisher;
  SseMailList jobs;  /* which the publisher does not have yet */
  gint64 deadline;   /* µs */
  GHashTable *by_id; /* id → Entry */
  guint64 n_taken;   /* updates so far */
  GQueue sent;       /* of the entries, in the order in which they were sent last */
  GQueue unsent;     /* the others, which are sent with the next look */
};

typedef struct
{
  char id[SSE_NATS_ID_BYTES];
  SseUpdate *update;
  guint64 number; /* of this node's updates */
  gint64 until;   /* monotonic, µs */
  GQueue *queue;  /* the one of the two that it is in */
  GList link;
} Entry;

static void
entry_free (gpointer data)
{
  Entry *self = data;

  sse_update_unref (self->update);
  g_free (self);
}

static void
move_to (Entry *entry, GQueue *queue)
{
  if (entry->queue != NULL)
    g_queue_unlink (entry->queue, &entry->link);
  entry->queue = queue;
  g_queue_push_tail_link (queue, &entry->link);
}

static void
send_entry (SseNatsWaiting *self, Entry *entry, guint64 position)
{
  SseNatsJob *job = g_new0 (SseNatsJob, 1);

  job->type = SSE_NATS_JOB_SEND;
  job->update = sse_update_ref (entry->update);
  g_strlcpy (job->id, entry->id, sizeof job->id);
  job->until = entry->until;
  job->after = position;
  sse_mail_list_push (&self->jobs, &job->mail);
  move_to (entry, &self->sent);
}

static void
forget (SseNatsWaiting *self, Entry *entry)
{
  g_queue_unlink (entry->queue, &entry->link);
  g_hash_table_remove (self->by_id, entry->id);
}

/* Has all sent again that were sent before one. */
static void
mark_before (SseNatsWaiting *self, const Entry *entry)
{
  while (self->sent.head != &entry->link)
    move_to (self->sent.head->data, &self->unsent);
}

/**
 * sse_nats_waiting_send:
 * @updates: (element-type SseUpdate): parsed and stamped with their time
 * @position: up to where the log was read
 *
 * Sends updates, each under an id of its own, with the next sse_nats_waiting_post(), or at once
 * where there are many; behind those that are to be sent again, where there are some.
 */
void
sse_nats_waiting_send (SseNatsWaiting *self, GPtrArray *updates, guint64 position)
{
  gint64 until = g_get_monotonic_time () + self->deadline;

  for (guint i = 0; i < updates->len; i++)
    {
      Entry *entry = g_new0 (Entry, 1);

      sse_nats_message_new_id (entry->id);
      entry->update = sse_update_ref (g_ptr_array_index (updates, i));
      entry->number = ++self->n_taken;
      entry->until = until;
      entry->link.data = entry;
      g_hash_table_insert (self->by_id, entry->id, entry);
      if (self->unsent.length > 0)
        move_to (entry, &self->unsent);
      else
        send_entry (self, entry, position);
    }
  if (self->jobs.length >= MANY)
    sse_nats_waiting_post (self);
}

/* Gives what is to be sent to the publisher: once for many, as each time wakes that. */
void
sse_nats_waiting_post (SseNatsWaiting *self)
{
  sse_mailbox_post (self->publisher, &self->jobs);
}

/**
 * sse_nats_waiting_take:
 * @id: of a message that was read
 *
 * The servers take what they get in the order in which it was sent: what was sent before that
 * message and has not been read was not taken, and is sent again.
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
  if (entry->queue == &self->sent)
    mark_before (self, entry);
  update = sse_update_ref (entry->update);
  forget (self, entry);
  return update;
}

/* Has it sent again, and all that were sent before it, of which the servers tell nothing. Returns
 * whether it waits. */
gboolean
sse_nats_waiting_mark_unsent (SseNatsWaiting *self, const char *id)
{
  Entry *entry = g_hash_table_lookup (self->by_id, id);

  if (entry == NULL)
    return FALSE;
  if (entry->queue == &self->sent)
    {
      mark_before (self, entry);
      move_to (entry, &self->unsent);
    }
  return TRUE;
}

/* Has all of them sent again. */
void
sse_nats_waiting_mark_all_unsent (SseNatsWaiting *self)
{
  if (self->sent.tail != NULL)
    sse_nats_waiting_mark_unsent (self, ((Entry *) self->sent.tail->data)->id);
}

/* Adds to @late those of a queue that have waited too long. */
static void
take_late (SseNatsWaiting *self, GQueue *queue, gint64 now, GPtrArray *late)
{
  GList *next;

  for (GList *link = queue->head; link != NULL; link = next)
    {
      Entry *entry = link->data;

      next = link->next;
      if (entry->until > now)
        continue;
      g_ptr_array_add (late, sse_update_ref (entry->update));
      forget (self, entry);
    }
}

static int
compare_numbers (gconstpointer a, gconstpointer b, gpointer data)
{
  const Entry *one = a, *other = b;

  return (one->number > other->number) - (one->number < other->number);
}

/**
 * sse_nats_waiting_look:
 * @position: up to where the log was read
 *
 * Sends again what was marked so, in the order in which it came, and under the id that it has:
 * where it was taken all the same, the servers know that.
 *
 * Returns: (transfer full) (element-type SseUpdate): those that have waited too long, and wait no
 *   more
 */
GPtrArray *
sse_nats_waiting_look (SseNatsWaiting *self, guint64 position)
{
  GPtrArray *late = g_ptr_array_new_with_free_func ((GDestroyNotify) sse_update_unref);
  gint64 now = g_get_monotonic_time ();

  take_late (self, &self->sent, now, late);
  take_late (self, &self->unsent, now, late);
  g_queue_sort (&self->unsent, compare_numbers, NULL);
  while (self->unsent.head != NULL)
    send_entry (self, self->unsent.head->data, position);
  sse_nats_waiting_post (self);
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
  SseMail *job;

  while ((job = sse_mail_list_pop (&self->jobs)) != NULL)
    sse_nats_job_free ((SseNatsJob *) job);
  g_hash_table_unref (self->by_id);
  g_free (self);
}
