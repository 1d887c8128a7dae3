/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-pending.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* What is read, and thrown away, of a client that was refused. */
#define MAX_DRAINED (1024 * 1024)

/* Of an answer's bytes, those that any socket's buffer has room for. */
#define COMMON_ROOM 16384

/**
 * sse_pending_new:
 * @fd: a connected non-blocking socket; taken
 * @admission: (transfer full): its admission
 */
SsePending *
sse_pending_new (int fd, SseAdmission *admission)
{
  SsePending *self = g_new0 (SsePending, 1);

  sse_link_init (&self->link);
  sse_request_head_init (&self->head);
  self->fd = fd;
  self->admission = admission;
  return self;
}

static void
close_body (SsePending *self)
{
  g_clear_pointer (&self->body, sse_body_free);
  g_clear_pointer (&self->upload, sse_upload_free);
}

/* Leaves its list, and lets go of the socket and the admission where it still has them. */
void
sse_pending_free (SsePending *self)
{
  sse_link_remove (&self->link);
  close_body (self);
  if (self->fd >= 0)
    close (self->fd);
  g_clear_pointer (&self->admission, sse_admission_unref);
  g_free (self);
}

void
sse_pending_free_all (SseLink *list)
{
  while (sse_link_is_linked (list))
    sse_pending_free (sse_link_get (list->next, SsePending, link));
}

/**
 * sse_pending_move:
 * @list: of those whose deadlines are earlier, or the same
 * @deadline: when its time is over, monotonic, in µs
 *
 * Leaves the list that it is in, if any, for the end of @list.
 */
void
sse_pending_move (SsePending *self, SseLink *list, gint64 deadline)
{
  sse_link_remove (&self->link);
  sse_link_append (list, &self->link);
  self->deadline = deadline;
}

/**
 * sse_pending_postpone_all:
 * @longer: by how much all deadlines are later, in µs; earlier where it is negative
 */
void
sse_pending_postpone_all (SseLink *list, gint64 longer)
{
  for (SseLink *link = list->next; link != list; link = link->next)
    sse_link_get (link, SsePending, link)->deadline += longer;
}

/**
 * sse_pending_first_deadline:
 *
 * Returns: the first one's deadline, %SSE_PENDING_NEVER where there is none
 */
gint64
sse_pending_first_deadline (const SseLink *list)
{
  if (!sse_link_is_linked (list))
    return SSE_PENDING_NEVER;
  return sse_link_get (list->next, SsePending, link)->deadline;
}

/**
 * sse_pending_peek:
 * @buffer: room for %SSE_PENDING_BUFFER_BYTES, to which the head is copied
 * @verdict: (out): what is to be said of it
 *
 * Looks at what has come of the request, and leaves it in the socket.
 *
 * Returns: whether the connection is still there
 */
gboolean
sse_pending_peek (SsePending *self, char *buffer, SseHeadVerdict *verdict)
{
  gssize length;

  do
    length = recv (self->fd, buffer, SSE_PENDING_BUFFER_BYTES, MSG_PEEK | MSG_DONTWAIT);
  while (length < 0 && errno == EINTR);

  *verdict = SSE_HEAD_INCOMPLETE;
  if (length < 0)
    return errno == EAGAIN;
  self->n_peeked = (gsize) length;
  if (length > 0)
    *verdict = sse_request_head_judge (&self->head, buffer, (gsize) length);
  return length > 0;
}

/**
 * sse_pending_begun:
 *
 * Returns: whether anything of the request has come
 */
gboolean
sse_pending_begun (const SsePending *self)
{
  return self->n_peeked > 0;
}

/* Ends a part of the head with a NUL, over what separates it from the next. NULL where it is
 * empty. */
static const char *
terminate (char *buffer, SseSpan span)
{
  if (span.length == 0)
    return NULL;
  buffer[span.start + span.length] = '\0';
  return buffer + span.start;
}

/**
 * sse_pending_read:
 * @buffer: where the head is, which has just been found complete
 *
 * Returns: what the head says, as long as @buffer stays as it is
 */
SseRequest
sse_pending_read (const SsePending *self, char *buffer)
{
  const SseRequestHead *head = &self->head;

  return (SseRequest){
    .method = terminate (buffer, head->method),
    .path = terminate (buffer, head->path),
    .query = terminate (buffer, head->query),
    .origin = terminate (buffer, head->origin),
    .authorization = terminate (buffer, head->authorization),
    .if_none_match = terminate (buffer, head->if_none_match),
    .content_length = head->content_length,
    .chunked = head->chunked,
  };
}

/**
 * sse_pending_open_body:
 * @max_body: bytes of body that are taken, no fewer than it announces
 * @buffer: room for %SSE_PENDING_BUFFER_BYTES
 *
 * Takes the head of a complete one from the socket, and tells the client to go on where it waits
 * for that.
 *
 * Returns: whether the connection is still there
 */
gboolean
sse_pending_open_body (SsePending *self, gsize max_body, char *buffer)
{
  static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
  const SseRequestHead *head = &self->head;

  if (recv (self->fd, buffer, head->length, MSG_DONTWAIT) != head->length)
    return FALSE;
  self->upload = sse_upload_new (head, buffer);
  self->body = sse_body_new (self->admission, head->chunked ? -1 : head->content_length, max_body);
  return !head->expects_continue
         || send (self->fd, go_on, strlen (go_on), MSG_NOSIGNAL | MSG_DONTWAIT)
                == (gssize) strlen (go_on);
}

/**
 * sse_pending_read_body:
 * @buffer: room for %SSE_PENDING_BUFFER_BYTES
 * @refusal: (out) (transfer full) (nullable): the answer where the body is not taken
 *
 * Takes some of what has come of the body from the socket, and nothing of what follows one whose
 * length was announced.
 *
 * Returns: whether the connection is still there
 */
gboolean
sse_pending_read_body (SsePending *self, char *buffer, SseAnswer **refusal)
{
  gsize wanted = sse_body_count_wanted (self->body, SSE_PENDING_BUFFER_BYTES);
  gssize length;

  *refusal = NULL;
  if (wanted == 0)
    return TRUE;
  length = recv (self->fd, buffer, wanted, MSG_DONTWAIT);
  if (length < 0)
    return errno == EAGAIN || errno == EINTR;
  if (length > 0)
    *refusal = sse_body_add (self->body, buffer, (gsize) length);
  return length > 0;
}

/**
 * sse_pending_steal_upload:
 *
 * Returns: (transfer full): its request, with its whole body; its socket and admission go along
 */
SseUpload *
sse_pending_steal_upload (SsePending *self)
{
  SseUpload *upload = g_steal_pointer (&self->upload);

  upload->body = sse_body_free_to_bytes (g_steal_pointer (&self->body));
  upload->admission = g_steal_pointer (&self->admission);
  upload->fd = self->fd;
  self->fd = -1;
  return upload;
}

/* Next to nothing was sent before, so that its buffer has room for all of it then. */
static void
make_room (int fd, gsize length)
{
  int room = (int) MIN (length, G_MAXINT);

  if (length > COMMON_ROOM)
    setsockopt (fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
}

/**
 * sse_pending_answer:
 * @with_body: whether the answer's body is sent
 *
 * Answers, sends nothing more, and keeps nothing of what came. If the socket were closed at once,
 * what the client still sends would be met with a reset, which can overtake the answer: so it is to
 * be drained first.
 *
 * Returns: whether the client is to be waited for; if not, it can be closed
 */
gboolean
sse_pending_answer (SsePending *self, const SseAnswer *answer, gboolean with_body)
{
  g_autoptr (GString) bytes = sse_answer_to_string (answer, with_body);

  self->answered = TRUE;
  close_body (self);
  make_room (self->fd, bytes->len);
  return send (self->fd, bytes->str, bytes->len, MSG_NOSIGNAL | MSG_DONTWAIT) == (gssize) bytes->len
         && shutdown (self->fd, SHUT_WR) == 0;
}

/**
 * sse_pending_drain:
 * @buffer: room for %SSE_PENDING_BUFFER_BYTES
 *
 * Takes some of what a client still sends that has its answer.
 *
 * Returns: whether it is to be waited for; if not, it can be closed
 */
gboolean
sse_pending_drain (SsePending *self, char *buffer)
{
  gssize length = recv (self->fd, buffer, SSE_PENDING_BUFFER_BYTES, MSG_DONTWAIT);

  if (length < 0)
    return errno == EAGAIN || errno == EINTR;
  self->n_drained += (gsize) length;
  return length > 0 && self->n_drained < MAX_DRAINED;
}
