/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-client.h"

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sse-channel.h"

/* A peer has nothing to send; of one that sends all the same, this is read at a time. */
#define MAX_READS 16

/**
 * sse_client_new:
 * @fd: a connected stream socket; taken
 * @chunked: whether it gets chunks
 * @expires: when its token expires, in µs since 1970 UTC
 * @peer_timeout_ms: how long what was sent may stay unacknowledged, or unread in a peer that takes
 *   no more, until the peer is taken for dead
 * @last_event_id: (nullable): where it was, as it says; copied
 *
 * Returns: (transfer full): a client that is in no channel
 */
SseClient *
sse_client_new (
    int fd, gboolean chunked, gint64 expires, guint peer_timeout_ms, const char *last_event_id)
{
  static const int no_delay = TRUE;
  gsize id_size = last_event_id != NULL ? strlen (last_event_id) + 1 : 0;
  SseClient *self = g_malloc0 (sizeof (SseClient) + id_size);

  /* Of no use to Unix sockets, and an error there that means nothing. */
  setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &no_delay, sizeof no_delay);
  setsockopt (fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &peer_timeout_ms, sizeof peer_timeout_ms);

  self->fd = fd;
  self->chunked = chunked ? 1 : 0;
  self->expires = (SseDeadline){ expires, G_MAXUINT };
  sse_link_init (&self->in_group);
  sse_link_init (&self->of_user);
  sse_link_init (&self->in_slot);
  sse_link_init (&self->in_turn);
  self->since = g_get_real_time ();
  self->has_id = id_size > 0 ? 1 : 0;
  if (id_size > 0)
    memcpy (self->last_event_id, last_event_id, id_size);
  return self;
}

/* In a channel, its bytes are counted there. */
static void
count_bytes (SseClient *self, gsize before)
{
  gsize after = sse_queue_get_bytes (self->queue);
  atomic_size_t *queued;

  if (after == before)
    return;

  /* One thread writes, so load and store are enough; what wraps around comes back again. */
  queued = &self->user->channel->queued;
  atomic_store_explicit (queued,
                         atomic_load_explicit (queued, memory_order_relaxed) + (after - before),
                         memory_order_relaxed);
}

/* Drops all that waits for a client in a channel. */
void
sse_client_clear (SseClient *self)
{
  gsize before = sse_queue_get_bytes (self->queue);

  sse_queue_clear (&self->queue);
  count_bytes (self, before);
}

/* Closes the socket of a client in a channel and takes it out of that. */
void
sse_client_free (SseClient *self)
{
  close (self->fd);
  sse_client_clear (self);
  sse_link_remove (&self->in_slot);
  sse_link_remove (&self->in_turn);
  sse_channel_remove (self);
  g_free (self);
}

/* sse_queue_push() for a client in a channel. */
gboolean
sse_client_push (SseClient *self, SseFrame *frame, guint view, gsize bound)
{
  gsize before = sse_queue_get_bytes (self->queue);
  gboolean fits = sse_queue_push (&self->queue, frame, view, self->chunked, bound);
  gsize length;

  count_bytes (self, before);
  sse_frame_get_bytes (frame, TRUE, &length);
  *self->user->channel->pushed += length;
  return fits;
}

/* sse_queue_drop() for a client in a channel. */
void
sse_client_drop (SseClient *self, gsize written)
{
  gsize before = sse_queue_get_bytes (self->queue);

  sse_queue_drop (&self->queue, self->chunked, written);
  count_bytes (self, before);
}

/**
 * sse_client_write:
 * @iov: what to write, past the queue
 * @n: how many parts, at most %IOV_MAX
 * @total: bytes of all parts
 * @written: (out): bytes that were written
 *
 * Writes once, without waiting.
 */
SseWrite
sse_client_write (SseClient *self, const struct iovec *iov, guint n, gsize total, gsize *written)
{
  struct msghdr message = { .msg_iov = (struct iovec *) iov, .msg_iovlen = n };
  int flags = MSG_NOSIGNAL | MSG_DONTWAIT;
  gssize result;

  /* Unlike writev() these raise no SIGPIPE; and send() is a little cheaper. */
  do
    result = n == 1 ? send (self->fd, iov->iov_base, iov->iov_len, flags)
                    : sendmsg (self->fd, &message, flags);
  while (result < 0 && errno == EINTR);

  *written = result > 0 ? (gsize) result : 0;
  if (result < 0 && errno != EAGAIN && errno != EWOULDBLOCK)
    return SSE_WRITE_FAILED;

  /* A short write says that the socket is full as well as an error would. */
  self->blocked = *written < total;
  return self->blocked ? SSE_WRITE_BLOCKED : SSE_WRITE_DONE;
}

/**
 * sse_client_flush:
 *
 * Writes what is in the queue, as far as the socket takes it.
 */
SseWrite
sse_client_flush (SseClient *self)
{
  struct iovec iov[IOV_MAX];
  SseWrite result = SSE_WRITE_DONE;

  while (self->queue != NULL && result == SSE_WRITE_DONE)
    {
      gsize total, written;
      guint n = sse_queue_peek (self->queue, self->chunked, iov, IOV_MAX, &total);

      result = sse_client_write (self, iov, n, total, &written);
      sse_client_drop (self, written);
    }
  return result;
}

/**
 * sse_client_discard_input:
 *
 * Before closing: a TCP socket that is closed with something unread resets the connection, and the
 * peer may lose what it was sent last.
 *
 * Returns: whether there was anything
 */
gboolean
sse_client_discard_input (SseClient *self)
{
  char bytes[4096];
  guint n_reads = 0;

  while (n_reads < MAX_READS && recv (self->fd, bytes, sizeof bytes, MSG_DONTWAIT) > 0)
    n_reads++;
  return n_reads > 0;
}

/**
 * sse_client_get_last_event_id:
 *
 * Returns: what it came with; empty where it came with none
 */
const char *
sse_client_get_last_event_id (const SseClient *self)
{
  return self->has_id ? self->last_event_id : "";
}
