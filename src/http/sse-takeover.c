/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-http"

#include "config.h"

#include "sse-takeover.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

typedef struct
{
  SseLink link;
  SseTakeovers *takeovers;
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

/* For when descriptors run out: a connection that was let in needs a second one for a moment. */
static void
take_spare (SseTakeovers *self)
{
  if (self->spare_fd < 0)
    self->spare_fd = open ("/dev/null", O_RDONLY | O_CLOEXEC);
}

static int
dup_descriptor (SseTakeovers *self, int fd)
{
  int copy = fcntl (fd, F_DUPFD_CLOEXEC, 0);

  if (copy >= 0 || errno != EMFILE || self->spare_fd < 0)
    return copy;
  close (self->spare_fd);
  self->spare_fd = -1;
  return fcntl (fd, F_DUPFD_CLOEXEC, 0);
}

/* The socket below what libsoup calls a connection, as a descriptor of our own: the objects above
 * it do not say when they let go of theirs. -1 with errno on failure. */
static int
dup_socket (SseTakeovers *self, GIOStream *stream)
{
  g_autoptr (GIOStream) base = NULL;
  GSocket *socket;
  int fd;
  int saved;

  g_object_get (stream, "base-iostream", &base, NULL);
  socket = g_socket_connection_get_socket (G_SOCKET_CONNECTION (base));
  fd = dup_descriptor (self, g_socket_get_fd (socket));
  saved = errno;
  g_io_stream_close (base, NULL, NULL);
  take_spare (self);
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
      fd = dup_socket (self->takeovers, stream);
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

void
sse_takeovers_init (SseTakeovers *self)
{
  sse_link_init (&self->under_way);
  self->spare_fd = -1;
  take_spare (self);
}

/**
 * sse_takeovers_clear:
 *
 * Leaves to SoupServer what was not taken yet.
 */
void
sse_takeovers_clear (SseTakeovers *self)
{
  while (sse_link_is_linked (&self->under_way))
    takeover_free (sse_link_get (self->under_way.next, Takeover, link));
  if (self->spare_fd >= 0)
    close (self->spare_fd);
  self->spare_fd = -1;
}

/**
 * sse_takeovers_begin:
 * @message: a message of which nothing was answered, in its handler
 * @done: given the socket soon, when SoupServer is through with the handler; not called where the
 *   connection is lost before, or the takeover cancelled
 * @user_data: for @done
 * @destroy: frees @user_data, in any case
 *
 * Pauses the message, and takes its socket away from SoupServer.
 */
void
sse_takeovers_begin (SseTakeovers *self,
                     SoupServerMessage *message,
                     SseTakeoverDone done,
                     gpointer user_data,
                     GDestroyNotify destroy)
{
  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();
  Takeover *takeover = g_new0 (Takeover, 1);

  sse_link_append (&self->under_way, &takeover->link);
  takeover->takeovers = self;
  takeover->message = g_object_ref (message);
  takeover->done = done;
  takeover->user_data = user_data;
  takeover->destroy = destroy;
  takeover->disconnected
      = g_signal_connect (message, "disconnected", G_CALLBACK (on_disconnected), takeover);
  soup_server_message_pause (message);

  takeover->idle = g_idle_source_new ();
  g_source_set_priority (takeover->idle, G_PRIORITY_DEFAULT);
  g_source_set_static_name (takeover->idle, "takeover");
  g_source_set_callback (takeover->idle, on_idle, takeover, NULL);
  g_source_attach (takeover->idle, context);
}
