/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-worker.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <glib/gi18n-lib.h>

#include "sse-command.h"
#include "sse-roster.h"
#include "sse-thread.h"

/* Events of clients in one turn; with more of them the others come in the next. */
#define MAX_EVENTS 256

/* All but @inbox and the channels' counters belongs to the thread. */
struct _SseWorker
{
  guint number;
  SseMailbox inbox;
  SseMailbox *notes;
  pthread_t thread;
  gboolean started;
  gboolean stopped;

  GMainContext *context;
  GSource *source;

  SseRoster roster;
  SseMailList asked; /* SSE_COMMAND_LIST */
};

typedef struct
{
  GSource source;
  SseWorker *worker;
} WorkerSource;

static void
carry_out (SseWorker *self, SseCommand *command)
{
  switch (command->type)
    {
    case SSE_COMMAND_JOIN:
      sse_roster_join (&self->roster, command);
      break;
    case SSE_COMMAND_FEED:
      sse_roster_feed (&self->roster, command);
      break;
    case SSE_COMMAND_SEND:
      sse_roster_send (&self->roster, command);
      break;
    case SSE_COMMAND_SET_PERSONAL:
      sse_roster_set_personal (&self->roster, command);
      break;
    case SSE_COMMAND_END_USER:
      sse_roster_end_user (&self->roster, command);
      break;
    case SSE_COMMAND_END_CHANNEL:
      sse_roster_end_channel (&self->roster, command);
      break;
    case SSE_COMMAND_LIST:
      sse_mail_list_push (&self->asked, &command->mail);
      return;
    case SSE_COMMAND_CONFIGURE:
      sse_roster_configure (&self->roster, command->options);
      break;
    case SSE_COMMAND_END:
      sse_roster_end (&self->roster);
      break;
    case SSE_COMMAND_STOP:
      sse_roster_stop (&self->roster);
      self->stopped = TRUE;
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
  int n = epoll_wait (self->roster.turn.epoll_fd, events, MAX_EVENTS, 0);

  for (int i = 0; i < n; i++)
    {
      SseClient *client = events[i].data.ptr;

      if (client == NULL)
        has_mail = TRUE;
      else if ((events[i].events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0)
        sse_turn_hang_up (&self->roster.turn, client);
      else
        sse_turn_set_ready (&self->roster.turn, client);
    }
  if (has_mail)
    take_commands (self);
}

/* Lists clients. That is done last, so that what waits for them is what their sockets did not take,
 * and none of them has left. A command to stop is carried out in such a turn too, so that whoever
 * asked before that gets an answer. */
static void
answer (SseWorker *self, SseMailList *notes)
{
  SseMail *mail;

  while ((mail = sse_mail_list_pop (&self->asked)) != NULL)
    {
      SseCommand *command = (SseCommand *) mail;
      GPtrArray *clients
          = sse_channel_list (&self->roster.channels[command->channel], command->max);
      SseNote *note = sse_note_new_listed (self->number, command->listing, clients);

      sse_mail_list_push (notes, &note->mail);
      sse_command_free (command);
    }
}

static gboolean
worker_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  SseWorker *self = ((WorkerSource *) source)->worker;
  SseMailList notes = { 0 };

  take_events (self);
  sse_roster_take_time (&self->roster);
  sse_turn_write (&self->roster.turn);
  sse_roster_shed (&self->roster);
  sse_roster_tell (&self->roster, self->number, &notes);
  answer (self, &notes);
  sse_mailbox_post (self->notes, &notes);
  g_source_set_ready_time (source, sse_roster_get_due (&self->roster));
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
fail (GError **error, int code)
{
  g_set_error (error, G_FILE_ERROR, (int) g_file_error_from_errno (code),
               _ ("cannot serve clients: %s"), strerror (code));
  return FALSE;
}

/* GLib ends the process where there is no descriptor for a context, so we look for one before. */
static gboolean
open_context (SseWorker *self, GError **error)
{
  int probe = fcntl (self->roster.turn.epoll_fd, F_DUPFD_CLOEXEC, 0);

  if (probe < 0)
    return fail (error, errno);

  close (probe);
  self->context = g_main_context_new ();
  self->source = g_source_new (&worker_source_funcs, sizeof (WorkerSource));
  ((WorkerSource *) self->source)->worker = self;
  g_source_add_unix_fd (self->source, self->roster.turn.epoll_fd, G_IO_IN);
  g_source_attach (self->source, self->context);
  return TRUE;
}

static gboolean
open_epoll (SseWorker *self, GError **error)
{
  struct epoll_event event = { .events = EPOLLIN };

  self->roster.turn.epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  if (self->roster.turn.epoll_fd < 0
      || epoll_ctl (self->roster.turn.epoll_fd, EPOLL_CTL_ADD, self->inbox.event_fd, &event) < 0)
    return fail (error, errno);
  return TRUE;
}

/**
 * sse_worker_new:
 * @options: the fan-out's
 * @number: the worker's number, which its notes carry
 * @notes: where #SseNote are posted to, for as long as the worker is there
 * @error: set in the domain %G_FILE_ERROR
 *
 * Returns: (transfer full): a running worker, %NULL on failure
 */
SseWorker *
sse_worker_new (const SseFanoutOptions *options, guint number, SseMailbox *notes, GError **error)
{
  SseWorker *self = g_new0 (SseWorker, 1);

  self->number = number;
  self->notes = notes;
  if (!sse_mailbox_init (&self->inbox, error))
    {
      g_free (self);
      return NULL;
    }

  sse_roster_init (&self->roster, options);
  self->started = open_epoll (self, error) && open_context (self, error)
                  && sse_thread_start (&self->thread, worker_run, self, error);
  if (!self->started)
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
  sse_roster_clear (&self->roster);
  if (self->roster.turn.epoll_fd >= 0)
    close (self->roster.turn.epoll_fd);
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
  return atomic_load_explicit (&self->roster.channels[channel].queued, memory_order_relaxed);
}
