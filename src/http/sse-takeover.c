/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-http"

#include "config.h"

#include "sse-takeover.h"

#include <errno.h>
#include <fcntl.h>

typedef struct
{
  SseLink link;
  SoupServerMessage *message;
  gulong disconnected;
  GSource *idle;
  SseTakeoverDone done;
  gpointer user_data;
  GDestroyNotify destroy;
} Takeover;

static void
takeover_free (Takeover *self)
{
  sse_link_remove (&self->link);
  g_clear_signal_handler (&self->disconnected, self->message);
  g_source_destroy (self->idle);
  g_source_unref (self->idle);
  g_object_unref (self->message);
  self->destroy (self->user_data);
  g_free (self);
}

/* The socket below what libsoup calls a connection, as a descriptor of our own: the objects above
 * it do not say when they let go of theirs. -1 with errno on failure. */
static int
dup_socket (GIOStream *stream)
{
  g_autoptr (GIOStream) base = NULL;
  GSocket *socket;
  int fd;
  int saved;

  g_object_get (stream, "base-iostream", &base, NULL);
  socket = g_socket_connection_get_socket (G_SOCKET_CONNECTION (base));
  fd = fcntl (g_socket_get_fd (socket), F_DUPFD_CLOEXEC, 0);
  saved = errno;
  g_io_stream_close (base, NULL, NULL);
  errno = saved;
  return fd;
}

static gboolean
on_idle (gpointer user_data)
{
  Takeover *self = user_data;
  g_autoptr (GIOStream) stream = NULL;
  int fd = -1;

  g_clear_signal_handler (&self->disconnected, self->message);
  stream = soup_server_message_steal_connection (self->message);
  if (stream != NULL)
    {
      fd = dup_socket (stream);
      if (fd < 0)
        g_message ("a client was closed: %s", g_strerror (errno));
    }
  if (fd >= 0)
    self->done (fd, self->user_data);
  takeover_free (self);
  return G_SOURCE_REMOVE;
}

/* Its connection is gone: there is nothing left to take, and looking for it would be an error. */
static void
on_disconnected (SoupServerMessage *message, gpointer user_data)
{
  takeover_free (user_data);
}

/**
 * sse_takeover_begin:
 * @list: which it is in until it is over
 * @message: a message of which nothing was answered, in its handler
 * @done: given the socket soon, when SoupServer is through with the handler; not called where the
 *   connection is lost before, or the takeover cancelled
 * @user_data: for @done
 * @destroy: frees @user_data, in any case
 *
 * Pauses the message, and takes its socket away from SoupServer.
 */
void
sse_takeover_begin (SseLink *list,
                    SoupServerMessage *message,
                    SseTakeoverDone done,
                    gpointer user_data,
                    GDestroyNotify destroy)
{
  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();
  Takeover *self = g_new0 (Takeover, 1);

  sse_link_append (list, &self->link);
  self->message = g_object_ref (message);
  self->done = done;
  self->user_data = user_data;
  self->destroy = destroy;
  self->disconnected
      = g_signal_connect (message, "disconnected", G_CALLBACK (on_disconnected), self);
  soup_server_message_pause (message);

  self->idle = g_idle_source_new ();
  g_source_set_priority (self->idle, G_PRIORITY_DEFAULT);
  g_source_set_static_name (self->idle, "takeover");
  g_source_set_callback (self->idle, on_idle, self, NULL);
  g_source_attach (self->idle, context);
}

/**
 * sse_takeover_cancel_all:
 *
 * Leaves to SoupServer what was not taken yet.
 */
void
sse_takeover_cancel_all (SseLink *list)
{
  while (sse_link_is_linked (list))
    takeover_free (sse_link_get (list->next, Takeover, link));
}
