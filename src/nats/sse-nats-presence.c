/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-nats"

/* Nodes tell each other now and then that they are there, and how far they are: messages that no
 * stream keeps, "POSITION NAME". */

#include "config.h"

#include "sse-nats-presence.h"

#define MAX_NAME_BYTES 255

struct _SseNatsPresence
{
  SseNatsLink *link;
  char *node;
  char *subject;
  natsSubscription *others;
  gboolean listens; /* whether their end will be told */

  pthread_mutex_t lock;
  pthread_cond_t changed;
  gboolean ended; /* whether no message is being looked at any more; with the lock */
};

/* In a thread of libnats. */
static void
on_node (natsConnection *connection, natsSubscription *subscription, natsMsg *message, void *data)
{
  SseNatsPresence *self = data;
  g_autofree char *text
      = g_strndup (natsMsg_GetData (message), (gsize) natsMsg_GetDataLength (message));
  g_auto (GStrv) words = g_strsplit (text, " ", 2);
  guint64 position;

  natsMsg_Destroy (message);
  if (g_strv_length (words) == 2 && strlen (words[1]) <= MAX_NAME_BYTES
      && g_utf8_validate (words[1], -1, NULL)
      && g_ascii_string_to_unsigned (words[0], 10, 0, G_MAXUINT64, &position, NULL))
    {
      SseNatsNote *note = sse_nats_note_new (SSE_NATS_NOTE_NODE);

      note->position = position;
      note->node = g_steal_pointer (&words[1]);
      sse_nats_note_post (note, self->link->notes);
    }
}

static void
on_ended (void *data)
{
  SseNatsPresence *self = data;

  pthread_mutex_lock (&self->lock);
  self->ended = TRUE;
  pthread_cond_signal (&self->changed);
  pthread_mutex_unlock (&self->lock);
}

/**
 * sse_nats_presence_new:
 * @link: outlives it
 * @node: what this node calls itself
 * @error: where others can't be listened to
 */
SseNatsPresence *
sse_nats_presence_new (SseNatsLink *link, const char *node, GError **error)
{
  SseNatsPresence *self = g_new0 (SseNatsPresence, 1);
  natsStatus status;

  self->link = link;
  self->node = g_strdup (node);
  self->subject = g_strdup_printf ("%s.nodes", link->stream);
  pthread_mutex_init (&self->lock, NULL);
  pthread_cond_init (&self->changed, NULL);
  status = natsConnection_Subscribe (&self->others, link->connection, self->subject, on_node, self);
  if (status == NATS_OK)
    status = natsSubscription_SetOnCompleteCB (self->others, on_ended, self);
  self->listens = status == NATS_OK;
  if (sse_nats_fail (status, 0, "nodes", error))
    return self;
  sse_nats_presence_free (self);
  return NULL;
}

/* Tells the others how far it is; in any one thread. */
void
sse_nats_presence_tell (SseNatsPresence *self, guint64 position)
{
  g_autofree char *text = g_strdup_printf ("%" G_GUINT64_FORMAT " %s", position, self->node);

  natsConnection_PublishString (self->link->connection, self->subject, text);
}

void
sse_nats_presence_free (SseNatsPresence *self)
{
  natsSubscription_Unsubscribe (self->others);
  pthread_mutex_lock (&self->lock);
  while (self->listens && !self->ended)
    pthread_cond_wait (&self->changed, &self->lock);
  pthread_mutex_unlock (&self->lock);
  natsSubscription_Destroy (self->others);
  pthread_cond_destroy (&self->changed);
  pthread_mutex_destroy (&self->lock);
  g_free (self->node);
  g_free (self->subject);
  g_free (self);
}
