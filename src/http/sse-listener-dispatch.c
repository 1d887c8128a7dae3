/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-http"

#include "config.h"

#include "sse-listener-private.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sse-address.h"

/* What is done in one iteration of the main context, at most. */
#define MAX_ACCEPTS 8
#define MAX_EVENTS  32

/* For a client that was refused to take its answer and hang up. */
#define DRAIN_TIMEOUT (2 * G_USEC_PER_SEC)

/* How long a socket that was handed on may stand still, in seconds. */
#define SOCKET_TIMEOUT 30

/* How long nothing is accepted where descriptors or memory have run out, if nobody leaves. */
#define PAUSE_TIMEOUT (100 * G_TIME_SPAN_MILLISECOND)

/* Between two messages that say so. */
#define TELL_SPAN (10 * G_USEC_PER_SEC)

/* ---- time ---- */

/* Sees to it that the source is dispatched at @when. It may come earlier, and find nothing to do:
 * each change of a source's time wakes the main context. */
void
sse_listener_wake_at (SseListener *self, gint64 when)
{
  gint64 ready = g_source_get_ready_time (self->source);

  if (ready < 0 || when < ready)
    g_source_set_ready_time (self->source, when);
}

static void
enlist (SseListener *self, SsePending *pending, SseLink *list, gint64 time_limit)
{
  sse_pending_move (pending, list, g_get_monotonic_time () + time_limit);
  sse_listener_wake_at (self, pending->deadline);
}

/* ---- what is waited for ---- */

static gboolean
watch (SseListener *self, int operation, int fd, guint32 events, gpointer data)
{
  struct epoll_event event = { .events = events, .data.ptr = data };

  return epoll_ctl (self->epoll_fd, operation, fd, &event) == 0;
}

static void
unwatch (SseListener *self, int fd)
{
  epoll_ctl (self->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
}

static gboolean
watch_pending (SseListener *self, SsePending *pending, guint32 events)
{
  int operation = pending->watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

  pending->watched = watch (self, operation, pending->fd, events, pending);
  return pending->watched;
}

/* Leaves new connections in the kernel's backlog. */
void
sse_listener_ignore (SseListener *self)
{
  for (guint i = 0; i < self->bound->len; i++)
    unwatch (self, ((SseBound *) g_ptr_array_index (self->bound, i))->fd);
}

/* The same for a while. */
static void
pause_accepting (SseListener *self, const char *why)
{
  sse_listener_ignore (self);
  self->paused = TRUE;
  self->resume_at = g_get_monotonic_time () + PAUSE_TIMEOUT;
  sse_listener_wake_at (self, self->resume_at);

  if (sse_ration_take (&self->told, 1, TELL_SPAN))
    g_message ("%u connections, and no more for now: %s", sse_listener_get_connections (self), why);
}

/* Descriptors or memory have run out. */
static void
pause_for_lack (SseListener *self, int error)
{
  self->counters->accept_pauses++;
  pause_accepting (self, g_strerror (error));
}

/**
 * sse_listener_resume:
 *
 * Accepts what comes, from now on or again.
 */
void
sse_listener_resume (SseListener *self)
{
  self->paused = FALSE;
  for (guint i = 0; i < self->bound->len; i++)
    {
      SseBound *bound = g_ptr_array_index (self->bound, i);

      if (!watch (self, EPOLL_CTL_ADD, bound->fd, EPOLLIN, bound))
        {
          pause_for_lack (self, errno);
          return;
        }
    }
}

/* To be told of each connection that is gone. */
void
sse_listener_on_left (gpointer user_data)
{
  SseListener *self = user_data;

  if (self->paused && !sse_gate_is_full (self->gate))
    sse_listener_resume (self);
}

/* ---- answers ---- */

static void
send_answer (SseListener *self, SsePending *pending, SseAnswer *answer, gboolean with_body)
{
  g_autoptr (SseAnswer) owned = answer;

  if (!sse_pending_answer (pending, owned, with_body)
      || !watch_pending (self, pending, EPOLLIN | EPOLLRDHUP))
    {
      sse_pending_free (pending);
      return;
    }
  enlist (self, pending, &self->leaving, DRAIN_TIMEOUT);
}

static void
admit (SseListener *self, SsePending *pending)
{
  g_autoptr (GSocketConnection) connection = NULL;
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GError) error = NULL;
  SseAdmission *admission;

  if (pending->watched)
    unwatch (self, pending->fd);
  socket = g_socket_new_from_fd (pending->fd, &error);
  if (socket == NULL)
    {
      g_debug ("a connection was lost: %s", error->message);
      sse_pending_free (pending);
      return;
    }
  pending->fd = -1;
  admission = g_steal_pointer (&pending->admission);
  sse_pending_free (pending);
  sse_admission_serve (admission);

  g_socket_set_timeout (socket, SOCKET_TIMEOUT);
  connection = g_socket_connection_factory_create_connection (socket);
  self->funcs->admit (connection, admission, self->user_data);
}

/* ---- bodies ---- */

/* Hands on its request, and the socket with it. */
static void
deliver (SseListener *self, SsePending *pending)
{
  SseUpload *upload;

  unwatch (self, pending->fd);
  upload = sse_pending_steal_upload (pending);
  sse_pending_free (pending);
  self->funcs->take_upload (upload, self->user_data);
}

static void
on_body (SseListener *self, SsePending *pending)
{
  SseAnswer *refusal;

  if (!sse_pending_read_body (pending, self->buffer, &refusal))
    sse_pending_free (pending); /* the rest will never come */
  else if (refusal != NULL)
    send_answer (self, pending, refusal, TRUE);
  else if (sse_body_is_complete (pending->body))
    deliver (self, pending);
}

static void
wait_for_body (SseListener *self, SsePending *pending, gsize max_body)
{
  /* Its header fields are kept, too. */
  SseAnswer *refusal = sse_admission_hold_body (pending->admission, pending->head.length);

  if (refusal != NULL)
    {
      send_answer (self, pending, refusal, TRUE);
      return;
    }
  if (!sse_pending_open_body (pending, max_body, self->buffer)
      || !watch_pending (self, pending, EPOLLIN))
    {
      sse_pending_free (pending);
      return;
    }
  sse_admission_serve (pending->admission);
  enlist (self, pending, &self->bodies, self->options.body_timeout_seconds * G_TIME_SPAN_SECOND);
  on_body (self, pending);
}

/**
 * sse_listener_answer:
 * @upload: (transfer full): a request that it handed on
 * @answer: (transfer full): the answer
 *
 * Answers, and closes the connection.
 */
void
sse_listener_answer (SseListener *self, SseUpload *upload, SseAnswer *answer)
{
  SsePending *pending = sse_pending_new (upload->fd, g_steal_pointer (&upload->admission));

  upload->fd = -1;
  sse_upload_free (upload);
  sse_admission_release_body (pending->admission);
  send_answer (self, pending, answer, TRUE);
}

/* ---- heads ---- */

static void
on_head (SseListener *self, SsePending *pending)
{
  const SseRequest request = sse_pending_read (pending, self->buffer);
  gsize max_body = 0;
  SseAnswer *answer
      = self->funcs->answer (&request, pending->admission, &max_body, self->user_data);

  if (answer == NULL)
    answer = sse_gate_refuse_body (self->gate, request.content_length);
  if (answer != NULL)
    send_answer (self, pending, answer, strcmp (request.method, "HEAD") != 0);
  else if (strcmp (request.method, "POST") == 0)
    wait_for_body (self, pending, max_body);
  else
    admit (self, pending);
}

static void
wait_for_head (SseListener *self, SsePending *pending)
{
  if (watch_pending (self, pending, EPOLLIN | EPOLLRDHUP | EPOLLET))
    enlist (self, pending, &self->waiting, self->options.head_timeout_ms * G_TIME_SPAN_MILLISECOND);
  else
    {
      int saved = errno;

      sse_pending_free (pending);
      pause_for_lack (self, saved);
    }
}

static void
on_pending (SseListener *self, SsePending *pending, guint32 events)
{
  SseHeadVerdict verdict;

  if (pending->answered)
    {
      if ((events & EPOLLERR) || !sse_pending_drain (pending, self->buffer))
        sse_pending_free (pending);
    }
  else if (events & (EPOLLERR | EPOLLHUP))
    sse_pending_free (pending);
  else if (pending->body != NULL)
    on_body (self, pending);
  else if (!sse_pending_peek (pending, self->buffer, &verdict))
    sse_pending_free (pending);
  else if (verdict == SSE_HEAD_COMPLETE)
    on_head (self, pending);
  else if (verdict == SSE_HEAD_REFUSED)
    send_answer (self, pending, sse_answer_new_message (pending->head.status, pending->head.reason),
                 TRUE);
  else if (events & EPOLLRDHUP)
    sse_pending_free (pending); /* the rest will never come */
  else if (!pending->watched)
    wait_for_head (self, pending);
}

/* ---- accepting ---- */

/* Its request is mostly there already: then it need not be waited for. */
static void
take (SseListener *self, int fd, const struct sockaddr_storage *peer)
{
  SseAdmission *admission = sse_gate_admit (self->gate, peer);

  if (admission == NULL)
    close (fd);
  else
    on_pending (self, sse_pending_new (fd, admission), 0);
}

/* What is left when the bound is reached makes the level-triggered descriptor ready again. */
static void
accept_some (SseListener *self, const SseBound *bound)
{
  for (guint i = 0; i < MAX_ACCEPTS && !self->paused; i++)
    {
      struct sockaddr_storage peer = { 0 };
      socklen_t length = sizeof peer;
      int fd;

      if (sse_gate_is_full (self->gate))
        {
          pause_accepting (self, "the limit is reached");
          return;
        }
      fd = accept4 (bound->fd, (struct sockaddr *) &peer, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd >= 0)
        take (self, fd, &peer);
      else if (errno == EAGAIN)
        return;
      else if (errno != EINTR && errno != ECONNABORTED && errno != EPROTO)
        pause_for_lack (self, errno);
    }
}

static void
expire (SseListener *self, gint64 now)
{
  while (sse_pending_first_deadline (&self->leaving) <= now)
    sse_pending_free (sse_link_get (self->leaving.next, SsePending, link));

  while (sse_pending_first_deadline (&self->bodies) <= now)
    send_answer (self, sse_link_get (self->bodies.next, SsePending, link),
                 sse_answer_new_message (408, "The body did not come"), TRUE);

  while (sse_pending_first_deadline (&self->waiting) <= now)
    {
      SsePending *pending = sse_link_get (self->waiting.next, SsePending, link);

      /* One that has said nothing was opened to be there when it is needed, as browsers do: there
       * is no request to answer. */
      if (sse_pending_begun (pending))
        send_answer (self, pending, sse_answer_new_message (408, "The request did not come"), TRUE);
      else
        sse_pending_free (pending);
    }
}

/* Does what is to be done. */
gboolean
sse_listener_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  SseListener *self = ((SseListenerSource *) source)->listener;
  struct epoll_event events[MAX_EVENTS];
  int n_events = epoll_wait (self->epoll_fd, events, MAX_EVENTS, 0);
  gint64 now;

  /* Each descriptor is there once, and nothing that happens to one frees another. */
  for (int i = 0; i < n_events; i++)
    if (g_ptr_array_find (self->bound, events[i].data.ptr, NULL))
      accept_some (self, events[i].data.ptr);
    else
      on_pending (self, events[i].data.ptr, events[i].events);

  now = g_get_monotonic_time ();
  expire (self, now);
  if (self->paused && self->resume_at <= now)
    sse_listener_resume (self);

  g_source_set_ready_time (source, -1);
  now = MIN (sse_pending_first_deadline (&self->waiting),
             sse_pending_first_deadline (&self->leaving));
  now = MIN (now, sse_pending_first_deadline (&self->bodies));
  if (self->paused)
    now = MIN (now, self->resume_at);
  if (now != SSE_PENDING_NEVER)
    sse_listener_wake_at (self, now);
  return G_SOURCE_CONTINUE;
}
