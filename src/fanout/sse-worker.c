/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-worker.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "sse-channel.h"
#include "sse-client.h"
#include "sse-command.h"
#include "sse-deadlines.h"
#include "sse-retry.h"
#include "sse-turn.h"
#include "sse-wheel.h"

/* Events of clients in one turn; with more of them the others come in the next. */
#define MAX_EVENTS 256

/* How often the clock is looked at for tokens that expire: it may have been set. */
#define LOOK_INTERVAL (G_USEC_PER_SEC / 2)

/* Below this many clients their memory is not worth the trouble. */
#define MIN_PEAK 256

/* All but @inbox and the channels' counters belongs to the thread. */
struct _SseWorker
{
  SseFanoutOptions options;
  guint number;
  SseMailbox inbox;
  SseMailbox *left;
  pthread_t thread;
  gboolean started;
  gboolean stopped;

  GMainContext *context;
  GSource *source;

  SseChannel *channels;
  guint n_clients;
  guint peak; /* of n_clients since memory was last given back */
  SseTurn turn;
  SseWheel wheel;
  SseDeadlines deadlines;
  SseFrame *heartbeat;
};

typedef struct
{
  GSource source;
  SseWorker *worker;
} WorkerSource;

static void
join (SseWorker *self, SseCommand *command)
{
  SseChannel *channel = &self->channels[command->channel];
  SseUser *user = sse_channel_find_user (channel, command->user);
  SseClient *client = sse_client_new (command->fd, command->chunked, command->expires);

  if (user != NULL)
    sse_turn_set_personal (&self->turn, user, command->personal);
  sse_channel_add (channel, client, command->user, command->personal);

  for (guint i = 0; i < command->n_frames; i++)
    sse_client_push (client, command->frames[i], SSE_FANOUT_NO_VIEW, G_MAXSIZE);
  sse_queue_exempt (client->queue);

  if (self->n_clients++ == 0)
    sse_wheel_start (&self->wheel, g_get_monotonic_time ());
  self->peak = MAX (self->peak, self->n_clients);
  sse_wheel_add (&self->wheel, &client->in_slot);
  if (command->expires != G_MAXINT64)
    sse_deadlines_add (&self->deadlines, &client->expires);

  sse_turn_watch (&self->turn, client);
  sse_turn_set_writable (&self->turn, client);
}

static void
send_frame (SseWorker *self, SseCommand *command)
{
  SseChannel *channel = &self->channels[command->channel];
  const char *name = sse_command_get_user (command);
  SseUser *user;

  if (name == NULL)
    {
      sse_turn_send_group (&self->turn, &channel->common, command->view, command->frame);
      if (command->view == SSE_FANOUT_NO_VIEW)
        sse_turn_send_group (&self->turn, &channel->personal, command->view, command->frame);
      return;
    }

  user = sse_channel_find_user (channel, name);
  if (user == NULL)
    return;
  for (SseLink *link = user->clients.next; link != &user->clients; link = link->next)
    sse_turn_send_client (&self->turn, sse_link_get (link, SseClient, of_user), command->view,
                          command->frame);
}

static void
set_personal (SseWorker *self, SseCommand *command)
{
  SseUser *user = sse_channel_find_user (&self->channels[command->channel], command->user);

  if (user != NULL)
    sse_turn_set_personal (&self->turn, user, command->personal);
}

static void
stop_group (SseWorker *self, SseGroup *group)
{
  for (SseLink *link = group->clients.next; link != &group->clients; link = link->next)
    {
      g_autoptr (SseFrame) retry
          = sse_retry_frame_new (self->options.retry_min_ms, self->options.retry_max_ms);

      sse_turn_finish (&self->turn, sse_link_get (link, SseClient, in_group), retry,
                       SSE_CLOSE_STOPPED);
    }
}

static void
stop (SseWorker *self)
{
  for (guint i = 0; i < self->options.n_channels; i++)
    {
      stop_group (self, &self->channels[i].common);
      stop_group (self, &self->channels[i].personal);
    }
  self->stopped = TRUE;
}

static void
carry_out (SseWorker *self, SseCommand *command)
{
  switch (command->type)
    {
    case SSE_COMMAND_JOIN:
      join (self, command);
      break;
    case SSE_COMMAND_SEND:
      send_frame (self, command);
      break;
    case SSE_COMMAND_SET_PERSONAL:
      set_personal (self, command);
      break;
    case SSE_COMMAND_STOP:
      stop (self);
      break;
    default:
      g_assert_not_reached ();
    }
  sse_command_free (command);
}

static void
take_commands (SseWorker *self)
{
  SseMailList commands = { 0 };
  SseMail *mail;

  sse_mailbox_take (&self->inbox, &commands);
  while ((mail = sse_mail_list_pop (&commands)) != NULL)
    carry_out (self, (SseCommand *) mail);
}

static void
take_events (SseWorker *self)
{
  struct epoll_event events[MAX_EVENTS];
  gboolean has_mail = FALSE;
  int n = epoll_wait (self->turn.epoll_fd, events, MAX_EVENTS, 0);

  for (int i = 0; i < n; i++)
    {
      SseClient *client = events[i].data.ptr;

      if (client == NULL)
        has_mail = TRUE;
      else if ((events[i].events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0)
        sse_turn_leave (&self->turn, client, SSE_CLOSE_GONE);
      else
        sse_turn_set_writable (&self->turn, client);
    }
  if (has_mail)
    take_commands (self);
}

static void
take_time (SseWorker *self)
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
      {
        SseClient *client = sse_link_get (link, SseClient, in_slot);

        if (sse_turn_is_idle (&self->turn, client))
          sse_turn_send_client (&self->turn, client, SSE_FANOUT_NO_VIEW, self->heartbeat);
      }
}

/* What many small things left behind stays with the allocator unless it is asked for. Each time
 * that half of the clients are gone is seldom enough for the cost of that. */
static void
give_memory_back (SseWorker *self)
{
  if (self->peak < MIN_PEAK || self->n_clients > self->peak / 2)
    return;

  malloc_trim (0);
  self->peak = self->n_clients;
}

/* Closes those who leave, and tells so. */
static void
let_leave (SseWorker *self)
{
  SseMailList notes = { 0 };

  while (sse_link_is_linked (&self->turn.leaving))
    {
      SseClient *client = sse_link_get (self->turn.leaving.next, SseClient, in_turn);
      SseLeftNote *note = sse_left_note_new (self->number, client->user->channel->number,
                                             client->user->name, (SseCloseReason) client->reason);

      sse_mail_list_push (&notes, &note->mail);
      sse_deadlines_remove (&self->deadlines, &client->expires);
      /* Closing alone leaves it registered as long as another descriptor is the same socket. */
      epoll_ctl (self->turn.epoll_fd, EPOLL_CTL_DEL, client->fd, NULL);
      sse_client_free (client);
      self->n_clients--;
    }
  sse_mailbox_post (self->left, &notes);
  give_memory_back (self);
}

/* When the source has to be dispatched if nothing else happens; monotonic, in µs. */
static gint64
get_ready_time (SseWorker *self)
{
  SseDeadline *deadline = sse_deadlines_get_next (&self->deadlines);
  gint64 ready;

  if (self->n_clients == 0)
    return -1;

  ready = self->wheel.due;
  if (deadline != NULL)
    {
      gint64 rest = deadline->time - g_get_real_time ();

      ready = MIN (ready, g_get_monotonic_time () + CLAMP (rest, 0, LOOK_INTERVAL));
    }
  return ready;
}

static gboolean
worker_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  SseWorker *self = ((WorkerSource *) source)->worker;

  take_events (self);
  take_time (self);
  sse_turn_write (&self->turn);
  let_leave (self);
  g_source_set_ready_time (source, get_ready_time (self));
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs worker_source_funcs = { .dispatch = worker_dispatch };

static gpointer
worker_run (gpointer data)
{
  SseWorker *self = data;
  char name[16];

  g_snprintf (name, sizeof name, "fanout-%u", self->number);
  pthread_setname_np (pthread_self (), name);

  g_main_context_push_thread_default (self->context);
  while (!self->stopped)
    g_main_context_iteration (self->context, TRUE);
  g_main_context_pop_thread_default (self->context);
  return NULL;
}

static gboolean
fail (GError **error, int code, const char *what)
{
  g_set_error (error, G_FILE_ERROR, (int) g_file_error_from_errno (code),
               "Cannot make %s for clients: %s", what, g_strerror (code));
  return FALSE;
}

/* GLib ends the process where there is no descriptor for a context, so we look for one before. */
static gboolean
open_context (SseWorker *self, GError **error)
{
  int probe = fcntl (self->turn.epoll_fd, F_DUPFD_CLOEXEC, 0);

  if (probe < 0)
    return fail (error, errno, "a main context");

  close (probe);
  self->context = g_main_context_new ();
  self->source = g_source_new (&worker_source_funcs, sizeof (WorkerSource));
  ((WorkerSource *) self->source)->worker = self;
  g_source_add_unix_fd (self->source, self->turn.epoll_fd, G_IO_IN);
  g_source_attach (self->source, self->context);
  return TRUE;
}

static gboolean
open_epoll (SseWorker *self, GError **error)
{
  struct epoll_event event = { .events = EPOLLIN };

  self->turn.epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  if (self->turn.epoll_fd < 0
      || epoll_ctl (self->turn.epoll_fd, EPOLL_CTL_ADD, self->inbox.event_fd, &event) < 0)
    return fail (error, errno, "an epoll descriptor");
  return TRUE;
}

static gboolean
start_thread (SseWorker *self, GError **error)
{
  sigset_t all, old;
  int code;

  /* Signals are the main thread's. */
  sigfillset (&all);
  pthread_sigmask (SIG_SETMASK, &all, &old);
  code = pthread_create (&self->thread, NULL, worker_run, self);
  pthread_sigmask (SIG_SETMASK, &old, NULL);
  if (code != 0)
    return fail (error, code, "a thread");
  self->started = TRUE;
  return TRUE;
}

/**
 * sse_worker_new:
 * @options: the fan-out's
 * @number: the worker's number, which its notes carry
 * @left: where #SseLeftNote are posted to, for as long as the worker is there
 * @error: set in the domain %G_FILE_ERROR
 *
 * Returns: (transfer full): a running worker, %NULL on failure
 */
SseWorker *
sse_worker_new (const SseFanoutOptions *options, guint number, SseMailbox *left, GError **error)
{
  SseWorker *self = g_new0 (SseWorker, 1);

  self->options = *options;
  self->number = number;
  self->left = left;
  if (!sse_mailbox_init (&self->inbox, error))
    {
      g_free (self);
      return NULL;
    }

  self->channels = g_new (SseChannel, options->n_channels);
  for (guint i = 0; i < options->n_channels; i++)
    sse_channel_init (&self->channels[i], i);
  sse_turn_init (&self->turn, options->queue_bytes);
  sse_wheel_init (&self->wheel, options->heartbeat_ms);
  self->heartbeat = sse_frame_new_body (":\n\n", 3);
  if (!open_epoll (self, error) || !open_context (self, error) || !start_thread (self, error))
    g_clear_pointer (&self, sse_worker_free);
  return self;
}

/**
 * sse_worker_post:
 * @commands: (element-type SseCommand): moved to the worker, which carries them out in order
 */
void
sse_worker_post (SseWorker *self, SseMailList *commands)
{
  sse_mailbox_post (&self->inbox, commands);
}

/* Waits until the worker has carried out a command to stop, the last it was sent. */
void
sse_worker_free (SseWorker *self)
{
  if (self->started)
    pthread_join (self->thread, NULL);

  if (self->source != NULL)
    g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);
  g_clear_pointer (&self->context, g_main_context_unref);
  sse_turn_clear (&self->turn);
  sse_wheel_clear (&self->wheel);
  sse_deadlines_clear (&self->deadlines);
  sse_frame_unref (self->heartbeat);
  for (guint i = 0; i < self->options.n_channels; i++)
    sse_channel_clear (&self->channels[i]);
  g_free (self->channels);
  if (self->turn.epoll_fd >= 0)
    close (self->turn.epoll_fd);
  sse_mailbox_clear (&self->inbox);
  g_free (self);
}

/**
 * sse_worker_get_queued_bytes:
 *
 * In any thread.
 *
 * Returns: the bytes that wait for a channel's clients
 */
guint64
sse_worker_get_queued_bytes (const SseWorker *self, guint channel)
{
  return atomic_load_explicit (&self->channels[channel].queued, memory_order_relaxed);
}
