/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-nats-waiting.h"

#include <string.h>

#include "sse-nats-message.h"

/* What is pushed by several who do not wait for each other is sent so many updates at a time: while
 * one message is on its way, the next is made, and what came back is applied. */
#define GATHERED 256
/* Of one update in a message, beside its JSON and its audience, in bytes. */
#define LINE_BYTES 128

struct _SseNatsWaiting
{
  SseMailbox *publisher;
  SseMailList jobs;   /* which the publisher does not have yet */
  gint64 deadline;    /* µs */
  gsize max_bytes;    /* of a message with several updates */
  GHashTable *by_id;  /* id → Entry */
  guint64 n_taken;    /* messages so far */
  struct Entry *open; /* the one that gets more, in neither queue; NULL for none */
  GQueue sent;        /* of the others, in the order in which they were sent last */
  GQueue unsent;      /* which are sent with the next look */
};

/* A message of this node's. */
typedef struct Entry
{
  char id[SSE_NATS_ID_BYTES];
  GPtrArray *updates; /* of SseUpdate */
  gsize bytes;
  guint64 number;
  gint64 until;  /* monotonic, µs */
  GQueue *queue; /* the one of the two that it is in; NULL while it is open */
  GList link;
} Entry;

static void
entry_free (gpointer data)
{
  Entry *self = data;

  g_ptr_array_unref (self->updates);
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
send_entry (SseNatsWaiting *self, Entry *entry, guint64 sequence)
{
  SseNatsJob *job = g_new0 (SseNatsJob, 1);

  job->type = SSE_NATS_JOB_SEND;
  job->updates = g_ptr_array_ref (entry->updates);
  g_strlcpy (job->id, entry->id, sizeof job->id);
  job->until = entry->until;
  job->after = sequence;
  sse_mail_list_push (&self->jobs, &job->mail);
  move_to (entry, &self->sent);
}

static void
forget (SseNatsWaiting *self, Entry *entry)
{
  if (entry->queue != NULL)
    g_queue_unlink (entry->queue, &entry->link);
  else
    self->open = NULL;
  g_hash_table_remove (self->by_id, entry->id);
}

/* Has all sent again that were sent before one. */
static void
mark_before (SseNatsWaiting *self, const Entry *entry)
{
  while (self->sent.head != &entry->link)
    move_to (self->sent.head->data, &self->unsent);
}

static void
open_entry (SseNatsWaiting *self)
{
  Entry *entry = g_new0 (Entry, 1);

  sse_nats_message_new_id (entry->id);
  entry->updates = g_ptr_array_new_with_free_func ((GDestroyNotify) sse_update_unref);
  entry->number = ++self->n_taken;
  entry->until = g_get_monotonic_time () + self->deadline;
  entry->link.data = entry;
  g_hash_table_insert (self->by_id, entry->id, entry);
  self->open = entry;
}

/**
 * sse_nats_waiting_post:
 * @sequence: up to where the log was read
 *
 * Sends what was gathered; behind what is to be sent again, where there is some.
 */
void
sse_nats_waiting_post (SseNatsWaiting *self, guint64 sequence)
{
  Entry *entry = g_steal_pointer (&self->open);

  if (entry != NULL && self->unsent.length > 0)
    move_to (entry, &self->unsent);
  else if (entry != NULL)
    send_entry (self, entry, sequence);
  sse_mailbox_post (self->publisher, &self->jobs);
}

/* In a message, at most: each byte of the audience may be escaped. */
static gsize
get_bytes (const SseUpdate *update)
{
  const char *audience = sse_update_get_audience (update);

  return LINE_BYTES + g_bytes_get_size (sse_update_get_json (update))
         + (audience != NULL ? 3 * strlen (audience) : 0);
}

/* Whether so many updates, or bytes, are too many beside what is gathered. */
static gboolean
is_full (const SseNatsWaiting *self, guint n, guint max, gsize bytes)
{
  return self->open != NULL
         && (self->open->updates->len + n > max || self->open->bytes + bytes > self->max_bytes);
}

/**
 * sse_nats_waiting_send:
 * @updates: (element-type SseUpdate): parsed and stamped with their time; they come into one
 *   message, unless they are too many or too large for one
 * @sequence: up to where the log was read
 *
 * Sends updates with the next sse_nats_waiting_post(), or at once where there are many.
 */
void
sse_nats_waiting_send (SseNatsWaiting *self, GPtrArray *updates, guint64 sequence)
{
  gsize bytes = 0;

  for (guint i = 0; i < updates->len; i++)
    bytes += get_bytes (updates->pdata[i]);
  if (is_full (self, updates->len, GATHERED, bytes))
    sse_nats_waiting_post (self, sequence);
  for (guint i = 0; i < updates->len; i++)
    {
      SseUpdate *update = updates->pdata[i];

      if (is_full (self, 1, SSE_NATS_MAX_UPDATES, get_bytes (update)))
        sse_nats_waiting_post (self, sequence);
      if (self->open == NULL)
        open_entry (self);
      g_ptr_array_add (self->open->updates, sse_update_ref (update));
      self->open->bytes += get_bytes (update);
    }
  if (is_full (self, 1, GATHERED, 0))
    sse_nats_waiting_post (self, sequence);
}

/* @max_bytes: of messages with several updates that are made from now on */
void
sse_nats_waiting_limit (SseNatsWaiting *self, gsize max_bytes)
{
  self->max_bytes = max_bytes;
}

/**
 * sse_nats_waiting_take:
 * @id: of a message that was read
 * @n_updates: in it; where it was sent with more or less, it is somebody else's
 *
 * The servers take what they get in the order in which it was sent: what was sent before that
 * message and has not been read was not taken, and is sent again.
 *
 * Returns: (transfer full) (element-type SseUpdate) (nullable): the updates that were sent as that,
 *   which wait no more; %NULL where none wait
 */
GPtrArray *
sse_nats_waiting_take (SseNatsWaiting *self, const char *id, guint n_updates)
{
  Entry *entry = g_hash_table_lookup (self->by_id, id);
  GPtrArray *updates;

  if (entry == NULL || entry->updates->len != n_updates)
    return NULL;
  if (entry->queue == &self->sent)
    mark_before (self, entry);
  updates = g_ptr_array_ref (entry->updates);
  forget (self, entry);
  return updates;
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

static gpointer
ref_update (gconstpointer update, gpointer data)
{
  return sse_update_ref ((SseUpdate *) update);
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
      g_ptr_array_extend (late, entry->updates, ref_update, NULL);
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
 * @sequence: up to where the log was read
 *
 * Sends what was gathered, and again what was marked so, in the order in which it came, and
 * under the id that it has: where it was taken all the same, the servers know that.
 *
 * Returns: (transfer full) (element-type SseUpdate): those that have waited too long, and wait no
 *   more
 */
GPtrArray *
sse_nats_waiting_look (SseNatsWaiting *self, guint64 sequence)
{
  GPtrArray *late = g_ptr_array_new_with_free_func ((GDestroyNotify) sse_update_unref);
  gint64 now = g_get_monotonic_time ();

  sse_nats_waiting_post (self, sequence);
  take_late (self, &self->sent, now, late);
  take_late (self, &self->unsent, now, late);
  g_queue_sort (&self->unsent, compare_numbers, NULL);
  while (self->unsent.head != NULL)
    send_entry (self, self->unsent.head->data, sequence);
  sse_mailbox_post (self->publisher, &self->jobs);
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
 * @max_bytes: of a message with several updates
 */
SseNatsWaiting *
sse_nats_waiting_new (SseMailbox *publisher, guint deadline_ms, gsize max_bytes)
{
  SseNatsWaiting *self = g_new0 (SseNatsWaiting, 1);

  self->publisher = publisher;
  self->max_bytes = max_bytes;
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
