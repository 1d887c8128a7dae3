/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-turn.h"

#include <limits.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "sse-queue.h"

/* Nothing is read from clients, so only their end is waited for; edge-triggered, as each is acted
 * upon once. */
#define WATCHED (EPOLLRDHUP | EPOLLET)

#define MIN_PENDING 16

/**
 * sse_turn_init:
 * @queue_bytes: the bound of a client's queue
 *
 * The epoll descriptor is the caller's to set.
 */
void
sse_turn_init (SseTurn *self, gsize queue_bytes)
{
  static const char last_chunk[] = "0\r\n\r\n";

  self->epoll_fd = -1;
  self->queue_bytes = queue_bytes;
  self->last_chunk = sse_frame_new_raw (last_chunk, strlen (last_chunk));
  sse_link_init (&self->groups);
  sse_link_init (&self->clients);
  sse_link_init (&self->fed);
  sse_link_init (&self->leaving);
}

/* Ends a turn in which nothing is left to do. */
void
sse_turn_clear (SseTurn *self)
{
  sse_frame_unref (self->last_chunk);
}

/**
 * sse_turn_leave:
 *
 * Lets a client leave at the end of the turn; the first reason counts.
 */
void
sse_turn_leave (SseTurn *self, SseClient *client, SseCloseReason reason)
{
  if (client->leaving)
    return;

  client->leaving = TRUE;
  client->reason = reason & 0xf;
  sse_link_remove (&client->in_turn);
  sse_link_append (&self->leaving, &client->in_turn);
}

/**
 * sse_turn_watch:
 *
 * Registers a new client's socket. What happened to it before is told too: epoll looks when it
 * registers.
 */
void
sse_turn_watch (SseTurn *self, SseClient *client)
{
  struct epoll_event event = { .events = WATCHED, .data.ptr = client };

  if (epoll_ctl (self->epoll_fd, EPOLL_CTL_ADD, client->fd, &event) < 0)
    sse_turn_leave (self, client, SSE_CLOSE_GONE);
}

/* Acts on the outcome of a write. Only a client that once blocked is told of room in its socket:
 * a Unix socket would otherwise wake us for every frame that its peer reads. */
static void
conclude (SseTurn *self, SseClient *client, SseWrite result)
{
  struct epoll_event event = { .events = WATCHED | EPOLLOUT, .data.ptr = client };

  if (result == SSE_WRITE_BLOCKED && !client->armed)
    {
      client->armed = TRUE;
      if (epoll_ctl (self->epoll_fd, EPOLL_CTL_MOD, client->fd, &event) < 0)
        result = SSE_WRITE_FAILED;
    }
  if (result == SSE_WRITE_FAILED)
    sse_turn_leave (self, client, SSE_CLOSE_GONE);
}

/* Puts a frame into a client's queue. Before a queue is said to overflow, its socket is tried. */
static void
push (SseTurn *self, SseClient *client, guint view, SseFrame *frame)
{
  if (client->ending || client->leaving || sse_client_push (client, frame, view, self->queue_bytes))
    return;

  if (!client->blocked)
    conclude (self, client, sse_client_flush (client));
  if (!client->leaving && !sse_client_push (client, frame, view, self->queue_bytes))
    sse_turn_leave (self, client, SSE_CLOSE_OVERFLOW);
}

/* Moves what its group has for a client into the client's own queue. */
static void
take_pending (SseTurn *self, SseClient *client)
{
  const SseGroup *group = sse_client_get_group (client);

  for (; client->taken < group->n_pending; client->taken++)
    {
      const SseEntry *entry = &group->pending[client->taken];

      if (entry->frame != NULL)
        push (self, client, entry->view, entry->frame);
    }
}

/* Lets a client be written to in this turn. */
void
sse_turn_mark (SseTurn *self, SseClient *client)
{
  if (!client->leaving && !sse_link_is_linked (&client->in_turn))
    sse_link_append (&self->clients, &client->in_turn);
}

/* What a group has pending, laid out for writing. */
typedef struct
{
  struct iovec iov[IOV_MAX];
  guint n;
  gsize total;
} Layout;

static void
lay_out (const SseGroup *group, gboolean chunked, Layout *layout)
{
  layout->n = 0;
  layout->total = 0;
  for (guint i = 0; i < group->n_pending; i++)
    {
      SseFrame *frame = group->pending[i].frame;
      struct iovec *iov = &layout->iov[layout->n];

      if (frame == NULL)
        continue;
      iov->iov_base = (char *) sse_frame_get_bytes (frame, chunked, &iov->iov_len);
      layout->total += iov->iov_len;
      layout->n++;
    }
}

/* Queues what a client's socket did not take of its group's pending entries. */
static void
keep_rest (SseTurn *self, SseClient *client, const SseGroup *group, gsize written)
{
  for (guint i = 0; i < group->n_pending && !client->leaving; i++)
    {
      const SseEntry *entry = &group->pending[i];
      gsize length = 0;

      if (entry->frame != NULL)
        sse_frame_get_bytes (entry->frame, client->chunked, &length);
      if (written >= length)
        {
          written -= length;
          continue;
        }
      push (self, client, entry->view, entry->frame);
      sse_client_drop (client, written);
      written = 0;
    }
}

/* For a client that only gets what its whole group gets: straight from the group's entries. */
static void
write_shared (SseTurn *self, SseClient *client, const SseGroup *group, const Layout *layout)
{
  gsize written;
  SseWrite result = sse_client_write (client, layout->iov, layout->n, layout->total, &written);

  if (result == SSE_WRITE_BLOCKED)
    keep_rest (self, client, group, written);
  conclude (self, client, result);
}

/* Closes the connection of a client whose end was written. One that has sent something may send
 * more: it is waited for to hang up, as what comes in after closing would reset the connection, and
 * destroy what the client has not read yet. */
static void
close_down (SseTurn *self, SseClient *client)
{
  struct epoll_event event = { .events = EPOLLIN | EPOLLRDHUP, .data.ptr = client };

  shutdown (client->fd, SHUT_WR);
  client->lingering = sse_client_discard_input (client) ? 1 : 0;
  if (!client->lingering || epoll_ctl (self->epoll_fd, EPOLL_CTL_MOD, client->fd, &event) < 0)
    sse_turn_leave (self, client, (SseCloseReason) client->reason);
}

static void
flush (SseTurn *self, SseClient *client)
{
  if (!client->leaving && !client->blocked)
    conclude (self, client, sse_client_flush (client));
  if (client->leaving || client->queue != NULL)
    return;

  if (client->ending && !client->lingering)
    close_down (self, client);
  if (client->ending || client->catch_up == NULL || client->hungry)
    return;
  client->hungry = TRUE;
  sse_link_append (&self->fed, &client->in_turn);
}

static void
write_group (SseTurn *self, SseGroup *group)
{
  Layout layouts[2];
  gboolean laid_out[2] = { FALSE, FALSE };

  for (SseLink *link = group->clients.next; link != &group->clients; link = link->next)
    {
      SseClient *client = sse_link_get (link, SseClient, in_group);
      guint kind = client->chunked;

      if (client->queue == NULL && client->taken == 0 && !client->ending && !client->leaving)
        {
          if (!laid_out[kind])
            lay_out (group, client->chunked, &layouts[kind]);
          laid_out[kind] = TRUE;
          write_shared (self, client, group, &layouts[kind]);
        }
      else
        {
          take_pending (self, client);
          flush (self, client);
        }
      client->taken = 0;
    }

  for (guint i = 0; i < group->n_pending; i++)
    g_clear_pointer (&group->pending[i].frame, sse_frame_unref);
  group->n_pending = 0;
  sse_link_remove (&group->dirty);
  sse_group_drop_if_unused (group);
}

/* Removes the older frame of a view from what is pending. Its place stays, as clients remember how
 * many entries they have taken. */
static void
remove_view (SseGroup *group, guint view)
{
  for (guint i = group->n_pending; i > 0; i--)
    {
      SseEntry *entry = &group->pending[i - 1];

      if (entry->view == view && entry->frame != NULL)
        {
          g_clear_pointer (&entry->frame, sse_frame_unref);
          return;
        }
    }
}

static void
add_pending (SseGroup *group, guint view, SseFrame *frame)
{
  if (group->n_pending == group->capacity)
    {
      group->capacity = MAX (2 * group->capacity, MIN_PENDING);
      group->pending = g_renew (SseEntry, group->pending, group->capacity);
    }
  group->pending[group->n_pending++] = (SseEntry){ sse_frame_ref (frame), view };
}

/**
 * sse_turn_send_group:
 * @view: what @frame is a view of, or %SSE_FANOUT_NO_VIEW
 *
 * Sends to all who are in the group now.
 */
void
sse_turn_send_group (SseTurn *self, SseGroup *group, guint view, SseFrame *frame)
{
  if (!sse_link_is_linked (&group->clients))
    return;

  if (group->n_pending == IOV_MAX)
    write_group (self, group);
  if (view != SSE_FANOUT_NO_VIEW)
    remove_view (group, view);
  add_pending (group, view, frame);
  if (!sse_link_is_linked (&group->dirty))
    sse_link_append (&self->groups, &group->dirty);
}

/**
 * sse_turn_send_client:
 * @view: what @frame is a view of, or %SSE_FANOUT_NO_VIEW
 *
 * Sends to one client, behind what its group got before.
 */
void
sse_turn_send_client (SseTurn *self, SseClient *client, guint view, SseFrame *frame)
{
  take_pending (self, client);
  push (self, client, view, frame);
  sse_turn_mark (self, client);
}

/**
 * sse_turn_set_personal:
 * @personal: in which parts of the channel the user gets views of their own from now on
 */
void
sse_turn_set_personal (SseTurn *self, SseUser *user, guint32 personal)
{
  if (user->group->personal == personal)
    return;

  /* What the clients got in the old group is theirs. */
  for (SseLink *link = user->clients.next; link != &user->clients; link = link->next)
    {
      SseClient *client = sse_link_get (link, SseClient, of_user);

      take_pending (self, client);
      sse_turn_mark (self, client);
    }
  sse_channel_set_personal (user, personal);
}

/* There is room in the client's socket, or something to read where it lingers. */
void
sse_turn_set_ready (SseTurn *self, SseClient *client)
{
  client->blocked = FALSE;
  if (client->lingering)
    sse_client_discard_input (client);
  if (client->queue != NULL)
    sse_turn_mark (self, client);
}

/* The client's peer has hung up; where it lingers, as it should. */
void
sse_turn_hang_up (SseTurn *self, SseClient *client)
{
  if (client->lingering)
    sse_client_discard_input (client);
  sse_turn_leave (self, client,
                  client->lingering ? (SseCloseReason) client->reason : SSE_CLOSE_GONE);
}

/**
 * sse_turn_beat:
 * @frame: a heartbeat
 *
 * Writes a heartbeat to a client for which nothing else waits, at once: it comes before nothing.
 */
void
sse_turn_beat (SseTurn *self, SseClient *client, SseFrame *frame)
{
  struct iovec iov;
  gsize written;
  SseWrite result;

  if (client->ending || client->leaving || client->queue != NULL
      || client->taken < sse_client_get_group (client)->n_pending)
    return;

  iov.iov_base = (char *) sse_frame_get_bytes (frame, client->chunked, &iov.iov_len);
  result = sse_client_write (client, &iov, 1, iov.iov_len, &written);
  if (result == SSE_WRITE_BLOCKED)
    {
      push (self, client, SSE_FANOUT_NO_VIEW, frame);
      sse_client_drop (client, written);
    }
  conclude (self, client, result);
}

/**
 * sse_turn_end:
 * @last: (nullable): what the client gets last
 * @reason: why it ends
 *
 * Lets a client leave once its socket has taken what waits for it, @last and the last chunk behind
 * that.
 */
void
sse_turn_end (SseTurn *self, SseClient *client, SseFrame *last, SseCloseReason reason)
{
  take_pending (self, client);
  if (client->ending || client->leaving)
    return;

  if (last != NULL)
    sse_client_push (client, last, SSE_FANOUT_NO_VIEW, G_MAXSIZE);
  if (client->chunked)
    sse_client_push (client, self->last_chunk, SSE_FANOUT_NO_VIEW, G_MAXSIZE);
  client->ending = TRUE;
  client->reason = reason & 0xf;
  sse_turn_mark (self, client);
}

/**
 * sse_turn_finish:
 * @last: (nullable): what the client gets last
 * @reason: why it leaves
 *
 * The same, but it leaves in this turn, with as much of that as its socket takes.
 */
void
sse_turn_finish (SseTurn *self, SseClient *client, SseFrame *last, SseCloseReason reason)
{
  sse_turn_end (self, client, last, reason);
  flush (self, client);
  sse_client_discard_input (client);
  sse_turn_leave (self, client, reason);
}

/**
 * sse_turn_write:
 *
 * Writes all that was gathered.
 */
void
sse_turn_write (SseTurn *self)
{
  while (sse_link_is_linked (&self->groups))
    write_group (self, sse_link_get (self->groups.next, SseGroup, dirty));

  while (sse_link_is_linked (&self->clients))
    {
      SseClient *client = sse_link_get (self->clients.next, SseClient, in_turn);

      sse_link_remove (&client->in_turn);
      flush (self, client);
    }
}
