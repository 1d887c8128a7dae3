/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-nats"

/* The follower's other half: the messages that come, in a thread of libnats. */

#include "config.h"

#include "sse-nats-follower-private.h"
#include "sse-nats-message.h"

/* @consumer: (out): who delivered it; @stored: (out): when the servers took it, in µs since 1970
 * UTC; the sequence is 0 where that is not known */
static guint64
get_sequence (natsMsg *message, char consumer[CONSUMER_BYTES], gint64 *stored)
{
  jsMsgMetaData *meta = NULL;
  guint64 sequence;

  if (natsMsg_GetMetaData (&meta, message) != NATS_OK)
    return 0;
  sequence = meta->Sequence.Stream;
  *stored = meta->Timestamp / 1000;
  g_strlcpy (consumer, meta->Consumer, CONSUMER_BYTES);
  jsMsgMetaData_Destroy (meta);
  return sequence;
}

/* A consumer that begins anew may have dropped what it had received and not passed on: another one
 * is made that begins behind what was read. */
static void
note_gap (SseNatsFollower *self, gboolean in_doubt)
{
  pthread_mutex_lock (&self->lock);
  self->gap = TRUE;
  self->asked = TRUE;
  self->in_doubt |= in_doubt;
  self->doubtful |= in_doubt;
  pthread_cond_signal (&self->changed);
  pthread_mutex_unlock (&self->lock);
}

/* Whether what a consumer delivers next comes behind what was read last. A new one may be of a
 * stream that has lost its end, and has another one there. */
static gboolean
is_same_stream (SseNatsFollower *self, const char *consumer, const SseNatsRead *newest)
{
  SseNatsFound found;

  if (g_str_equal (consumer, self->consumer))
    return TRUE;
  found = sse_nats_link_find (self->link, newest->sequence, newest->id, NULL);
  if (found == SSE_NATS_FOUND_OTHER || found == SSE_NATS_FOUND_UNKNOWN)
    return FALSE;
  g_strlcpy (self->consumer, consumer, sizeof self->consumer);
  return TRUE;
}

/* Takes the one that comes next. */
static void
take_message (SseNatsFollower *self, natsMsg *message, guint64 sequence, gint64 stored)
{
  SseNatsNote *note = sse_nats_message_read (message, self->link->update_subject,
                                             self->link->due_subject, sequence, stored);

  pthread_mutex_lock (&self->lock);
  self->sequence = sequence;
  self->position = note->position;
  sse_nats_recent_add (&self->recent, sequence, note->id);
  self->taking = TRUE;
  pthread_mutex_unlock (&self->lock);
  sse_nats_mark_pass (self->mark, note);
  pthread_mutex_lock (&self->lock);
  self->taking = FALSE;
  pthread_mutex_unlock (&self->lock);
}

/* In the subscription's thread. */
void
sse_nats_follower_take (natsConnection *connection,
                        natsSubscription *subscription,
                        natsMsg *message,
                        void *data)
{
  SseNatsFollower *self = data;
  char consumer[CONSUMER_BYTES] = "";
  gint64 stored = 0;
  guint64 sequence = get_sequence (message, consumer, &stored);
  guint64 last;
  SseNatsRead newest = { 0 };
  gboolean in_doubt;

  /* A subscription that failed halfway may still have a thread in here beside that of the next. */
  pthread_mutex_lock (&self->turn);
  pthread_mutex_lock (&self->lock);
  last = self->sequence;
  if (sse_nats_recent_get (&self->recent, 0) != NULL)
    newest = *sse_nats_recent_get (&self->recent, 0);
  in_doubt = self->in_doubt;
  /* What comes then is read when it is known that it belongs to what was. */
  self->gap |= in_doubt;
  pthread_mutex_unlock (&self->lock);
  if (in_doubt || sequence <= last)
    g_debug ("the message at %" G_GUINT64_FORMAT " is passed over", sequence);
  else if (sequence > last + 1)
    note_gap (self, FALSE);
  else if (!is_same_stream (self, consumer, &newest))
    note_gap (self, TRUE);
  else
    take_message (self, message, sequence, stored);
  pthread_mutex_unlock (&self->turn);
  natsMsg_Destroy (message);
}
