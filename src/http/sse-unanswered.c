/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-unanswered.h"

struct _SseUnanswered
{
  SoupServer *server;
  GHashTable *messages;
};

static void
on_disconnected (SoupServerMessage *message, gpointer user_data)
{
  sse_unanswered_forget (user_data, message);
}

static void
on_request_ended (SoupServer *server, SoupServerMessage *message, gpointer user_data)
{
  sse_unanswered_forget (user_data, message);
}

/**
 * sse_unanswered_new:
 * @server: whose messages they are
 */
SseUnanswered *
sse_unanswered_new (SoupServer *server)
{
  SseUnanswered *self = g_new0 (SseUnanswered, 1);

  self->server = g_object_ref (server);
  self->messages = g_hash_table_new (NULL, NULL);
  g_signal_connect (server, "request-finished", G_CALLBACK (on_request_ended), self);
  g_signal_connect (server, "request-aborted", G_CALLBACK (on_request_ended), self);
  return self;
}

void
sse_unanswered_free (SseUnanswered *self)
{
  GHashTableIter iter;
  gpointer message;

  g_hash_table_iter_init (&iter, self->messages);
  while (g_hash_table_iter_next (&iter, &message, NULL))
    g_signal_handlers_disconnect_by_data (message, self);
  g_hash_table_unref (self->messages);
  g_signal_handlers_disconnect_by_data (self->server, self);
  g_object_unref (self->server);
  g_free (self);
}

/**
 * sse_unanswered_add:
 * @message: (transfer none): a message in its handler
 */
void
sse_unanswered_add (SseUnanswered *self, SoupServerMessage *message)
{
  g_hash_table_add (self->messages, message);
  g_signal_connect (message, "disconnected", G_CALLBACK (on_disconnected), self);
}

/**
 * sse_unanswered_forget:
 * @message: one that somebody else answers, or that is not there
 */
void
sse_unanswered_forget (SseUnanswered *self, SoupServerMessage *message)
{
  if (g_hash_table_remove (self->messages, message))
    g_signal_handlers_disconnect_by_data (message, self);
}

gboolean
sse_unanswered_is_empty (SseUnanswered *self)
{
  return g_hash_table_size (self->messages) == 0;
}
