/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-roster.h"

#include <sys/epoll.h>

#include "sse-catch-up.h"
#include "sse-retry.h"

/* How often the clock is looked at for tokens that expire: it may have been set. */
#define LOOK_INTERVAL (G_USEC_PER_SEC / 2)

/* The part of what may wait that is kept free when too much does. */
#define ROOM 8

/**
 * sse_roster_init:
 * @options: the fan-out's
 */
void
sse_roster_init (SseRoster *self, const SseFanoutOptions *options)
{
  self->options = *options;
  self->backlog = 0;
  self->pushed = 0;
  self->ending = FALSE;
  self->channels = g_new (SseChannel, options->n_channels);
  for (guint i = 0; i < options->n_channels; i++)
    sse_channel_init (&self->channels[i], i, &self->pushed);
  self->n_clients = 0;
  sse_turn_init (&self->turn, options->queue_bytes);
  sse_wheel_init (&self->wheel, options->heartbeat_ms);
  self->deadlines = (SseDeadlines){ 0 };
  self->heartbeat = sse_frame_new_body (":\n\n", 3);
}

/* Ends a roster without clients. */
void
sse_roster_clear (SseRoster *self)
{
  sse_turn_clear (&self->turn);
  sse_wheel_clear (&self->wheel);
  sse_deadlines_clear (&self->deadlines);
  sse_frame_unref (self->heartbeat);
  for (guint i = 0; i < self->options.n_channels; i++)
    sse_channel_clear (&self->channels[i]);
  g_free (self->channels);
}

/* What a client must get, however much it is. */
static void
push_all (SseClient *client, const SseCommand *command)
{
  for (guint i = 0; i < command->n_frames; i++)
    sse_client_push (client, command->frames[i], SSE_FANOUT_NO_VIEW, G_MAXSIZE);
  sse_queue_exempt (client->queue);
}

typedef void (*Farewell) (SseTurn *turn, SseClient *client, SseFrame *last, SseCloseReason reason);

/* Lets a client leave after a last `retry:` of its own. */
static void
stop_client (SseRoster *self, SseClient *client, Farewell farewell)
{
  g_autoptr (SseFrame) retry
      = sse_retry_frame_new (self->options.retry_min_ms, self->options.retry_max_ms);

  farewell (&self->turn, client, retry, SSE_CLOSE_STOPPED);
}

/* Takes a new client. */
void
sse_roster_join (SseRoster *self, SseCommand *command)
{
  SseChannel *channel = &self->channels[command->channel];
  SseUser *user = sse_channel_find_user (channel, command->user);
  SseClient *client = sse_client_new (command->fd, command->chunked, command->expires,
                                      self->options.peer_timeout_ms, command->last_event_id);

  client->ticket = command->ticket;
  client->catch_up = g_steal_pointer (&command->catch_up);
  if (client->catch_up != NULL)
    client->catch_up->client = client;
  if (user != NULL)
    sse_turn_set_personal (&self->turn, user, command->personal);
  sse_channel_add (channel, client, command->user, command->personal);

  push_all (client, command);
  if (self->n_clients++ == 0)
    sse_wheel_start (&self->wheel, g_get_monotonic_time ());
  sse_wheel_add (&self->wheel, &client->in_slot);
  if (command->expires != G_MAXINT64)
    sse_deadlines_add (&self->deadlines, &client->expires);

  sse_turn_watch (&self->turn, client);
  sse_turn_mark (&self->turn, client);
  if (self->ending)
    stop_client (self, client, sse_turn_end);
}

static void
stop_feeding (SseClient *client)
{
  client->catch_up->client = NULL;
  g_clear_pointer (&client->catch_up, sse_catch_up_unref);
}

/* Gives a client that is behind its next slice; with the last one it is behind no more. */
void
sse_roster_feed (SseRoster *self, SseCommand *command)
{
  SseClient *client = command->catch_up->client;

  if (client == NULL || client->ending)
    return;

  push_all (client, command);
  client->hungry = FALSE;
  if (command->last)
    {
      stop_feeding (client);
      sse_channel_regroup (client);
    }
  sse_turn_mark (&self->turn, client);
}

/* A view goes to those who do not get their own of its part. A group with something to be sent
 * stays, and so does its link. */
static void
send_to_all (SseRoster *self, SseChannel *channel, guint view, SseFrame *frame)
{
  guint32 part = view != SSE_FANOUT_NO_VIEW ? 1U << SSE_FANOUT_PART (view) : 0;

  for (SseLink *link = channel->groups.next; link != &channel->groups; link = link->next)
    {
      SseGroup *group = sse_link_get (link, SseGroup, in_channel);

      if (group != &channel->behind && (group->personal & part) == 0)
        sse_turn_send_group (&self->turn, group, view, frame);
    }
}

/* Sends a frame to whom it is for. */
void
sse_roster_send (SseRoster *self, SseCommand *command)
{
  SseChannel *channel = &self->channels[command->channel];
  const char *name = sse_command_get_user (command);
  SseUser *user;

  if (name == NULL)
    {
      send_to_all (self, channel, command->view, command->frame);
      return;
    }

  user = sse_channel_find_user (channel, name);
  if (user == NULL)
    return;
  for (SseLink *link = user->clients.next; link != &user->clients; link = link->next)
    {
      SseClient *client = sse_link_get (link, SseClient, of_user);

      if (client->catch_up == NULL)
        sse_turn_send_client (&self->turn, client, command->view, command->frame);
    }
}

/* Says whether a user gets views of their own of some parts. */
void
sse_roster_set_personal (SseRoster *self, SseCommand *command)
{
  SseUser *user = sse_channel_find_user (&self->channels[command->channel], command->user);

  if (user != NULL)
    sse_turn_set_personal (&self->turn, user,
                           (user->group->personal & ~command->parts) | command->personal);
}

/* Lets a user's clients leave in this turn, also those that are behind. */
void
sse_roster_end_user (SseRoster *self, SseCommand *command)
{
  SseUser *user = sse_channel_find_user (&self->channels[command->channel], command->user);

  if (user == NULL)
    return;
  for (SseLink *link = user->clients.next; link != &user->clients; link = link->next)
    sse_turn_finish (&self->turn, sse_link_get (link, SseClient, of_user), NULL, SSE_CLOSE_REVOKED);
}

/* Lets all clients of a channel leave in this turn, also those that are behind. */
void
sse_roster_end_channel (SseRoster *self, SseCommand *command)
{
  SseChannel *channel = &self->channels[command->channel];

  for (SseLink *link = channel->groups.next; link != &channel->groups; link = link->next)
    {
      SseGroup *group = sse_link_get (link, SseGroup, in_channel);

      for (SseLink *other = group->clients.next; other != &group->clients; other = other->next)
        sse_turn_finish (&self->turn, sse_link_get (other, SseClient, in_group), NULL,
                         SSE_CLOSE_DISABLED);
    }
}

/**
 * sse_roster_configure:
 * @options: what they are from now on, with the same numbers of workers and channels
 */
void
sse_roster_configure (SseRoster *self, const SseFanoutOptions *options)
{
  gboolean same_heartbeat = options->heartbeat_ms == self->options.heartbeat_ms;

  self->options = *options;
  self->turn.queue_bytes = options->queue_bytes;
  if (!same_heartbeat)
    sse_wheel_set_interval (&self->wheel, options->heartbeat_ms, g_get_monotonic_time ());
}

static void
stop_group (SseRoster *self, SseGroup *group, Farewell farewell)
{
  for (SseLink *link = group->clients.next; link != &group->clients; link = link->next)
    stop_client (self, sse_link_get (link, SseClient, in_group), farewell);
}

static void
stop_all (SseRoster *self, Farewell farewell)
{
  for (guint i = 0; i < self->options.n_channels; i++)
    for (SseLink *link = self->channels[i].groups.next; link != &self->channels[i].groups;
         link = link->next)
      stop_group (self, sse_link_get (link, SseGroup, in_channel), farewell);
}

/* Lets all clients leave, and all that come, each when it has got what it is due. */
void
sse_roster_end (SseRoster *self)
{
  self->ending = TRUE;
  stop_all (self, sse_turn_end);
}

/* Lets all clients leave in this turn. */
void
sse_roster_stop (SseRoster *self)
{
  stop_all (self, sse_turn_finish);
}

/* Does what is due: tokens that expire, heartbeats. */
void
sse_roster_take_time (SseRoster *self)
{
  gint64 now = g_get_monotonic_time (), date = g_get_real_time ();
  SseDeadline *deadline;
  SseLink *slot;

  while ((deadline = sse_deadlines_get_next (&self->deadlines)) != NULL && deadline->time <= date)
    {
      sse_deadlines_remove (&self->deadlines, deadline);
      sse_turn_finish (&self->turn, sse_link_get (deadline, SseClient, expires), NULL,
                       SSE_CLOSE_EXPIRED);
    }

  while (self->n_clients > 0 && (slot = sse_wheel_turn (&self->wheel, now)) != NULL)
    for (SseLink *link = slot->next; link != slot; link = link->next)
      sse_turn_beat (&self->turn, sse_link_get (link, SseClient, in_slot), self->heartbeat);
}

typedef struct
{
  SseClient *client;
  gsize cost;
} Slow;

static void
gather_slow (SseGroup *group, SseBacklog *backlog, GArray *slow)
{
  for (SseLink *link = group->clients.next; link != &group->clients; link = link->next)
    {
      Slow item = { sse_link_get (link, SseClient, in_group), 0 };

      if (item.client->queue == NULL || item.client->leaving)
        continue;
      sse_queue_count (item.client->queue, backlog);
      g_array_append_val (slow, item);
    }
}

/* The costliest first. */
static int
compare_slow (gconstpointer a, gconstpointer b)
{
  gsize first = ((const Slow *) a)->cost, second = ((const Slow *) b)->cost;

  return (first < second) - (first > second);
}

/* Lets those of @slow leave that cost most, until what waits is at most @bound. */
static void
let_costliest_leave (SseRoster *self, GArray *slow, SseBacklog *backlog, gsize bound)
{
  for (guint i = 0; i < slow->len; i++)
    {
      Slow *item = &g_array_index (slow, Slow, i);

      item->cost = sse_queue_get_cost (item->client->queue, backlog);
    }
  g_array_sort (slow, compare_slow);
  for (guint i = 0; i < slow->len && backlog->bytes > bound; i++)
    {
      SseClient *client = g_array_index (slow, Slow, i).client;

      sse_queue_discount (client->queue, backlog);
      sse_client_clear (client);
      sse_turn_leave (&self->turn, client, SSE_CLOSE_OVERFLOW);
    }
}

/* Where more waits than this worker's part of what may for all, lets clients leave. To count takes
 * its time, so it is only done when there may be too much: what was when it was last counted, and
 * all that went into queues since. Some room is made then, and counting is due again when that is
 * full. */
void
sse_roster_shed (SseRoster *self)
{
  gsize part = self->options.total_bytes / self->options.n_workers;
  g_autoptr (GArray) slow = NULL;
  SseBacklog backlog;

  if (self->backlog + self->pushed <= part)
    return;

  slow = g_array_new (FALSE, FALSE, sizeof (Slow));
  sse_backlog_init (&backlog);
  for (guint i = 0; i < self->options.n_channels; i++)
    for (SseLink *link = self->channels[i].groups.next; link != &self->channels[i].groups;
         link = link->next)
      gather_slow (sse_link_get (link, SseGroup, in_channel), &backlog, slow);
  self->pushed = 0;
  if (backlog.bytes > part - part / ROOM)
    let_costliest_leave (self, slow, &backlog, part - part / ROOM);
  self->backlog = backlog.bytes;
  sse_backlog_clear (&backlog);
}

static void
let_leave (SseRoster *self, SseClient *client)
{
  if (client->catch_up != NULL)
    stop_feeding (client);
  sse_deadlines_remove (&self->deadlines, &client->expires);
  /* Closing alone leaves it registered as long as another descriptor is the same socket. */
  epoll_ctl (self->turn.epoll_fd, EPOLL_CTL_DEL, client->fd, NULL);
  sse_client_free (client);
  self->n_clients--;
}

/**
 * sse_roster_tell:
 * @worker: the worker's number, for the notes
 * @notes: a #SseNote is added for each of whom there is something to tell
 *
 * Closes those who leave, and tells of them and of those who are due their next slice.
 */
void
sse_roster_tell (SseRoster *self, guint worker, SseMailList *notes)
{
  while (sse_link_is_linked (&self->turn.fed))
    {
      SseClient *client = sse_link_get (self->turn.fed.next, SseClient, in_turn);

      sse_link_remove (&client->in_turn);
      sse_mail_list_push (notes, &sse_note_new_fed (worker, client)->mail);
    }
  while (sse_link_is_linked (&self->turn.leaving))
    {
      SseClient *client = sse_link_get (self->turn.leaving.next, SseClient, in_turn);

      sse_mail_list_push (notes, &sse_note_new_left (worker, client)->mail);
      let_leave (self, client);
    }
}

/**
 * sse_roster_get_due:
 *
 * Returns: when sse_roster_take_time() has something to do, in µs of the monotonic clock; -1: never
 */
gint64
sse_roster_get_due (SseRoster *self)
{
  SseDeadline *deadline = sse_deadlines_get_next (&self->deadlines);
  gint64 due;

  if (self->n_clients == 0)
    return -1;

  due = self->wheel.due;
  if (deadline != NULL)
    {
      gint64 rest = deadline->time - g_get_real_time ();

      due = MIN (due, g_get_monotonic_time () + CLAMP (rest, 0, LOOK_INTERVAL));
    }
  return due;
}
