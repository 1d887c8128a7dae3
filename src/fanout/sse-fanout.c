/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-fanout.h"

#include "sse-catch-up.h"
#include "sse-command.h"
#include "sse-headcount.h"
#include "sse-mailbox.h"
#include "sse-retry.h"
#include "sse-worker.h"

/* Commands that wait for the end of the main context's iteration, at most. */
#define MAX_OUTBOX 256

/* The longest that telling of clients holds up the main thread at a time, in µs: who is told may
 * have something to do. */
#define TELL_SLICE 5000

typedef struct
{
  SseWorker *worker;
  SseMailList outbox;
  guint n_clients;
  guint *n_by_channel; /* including those whose leaving was not told yet */
} Slot;

struct _SseFanout
{
  SseFanoutOptions options;
  SseFanoutLeft left;
  gpointer user_data;
  GSource *flusher;
  GSource *teller;
  SseMailbox inbox;
  SseMailList notes; /* taken from the inbox, not told yet */
  Slot *slots;
  SseHeadcount clients; /* in all slots */
};

typedef struct
{
  GSource source;
  SseFanout *fanout;
} FanoutSource;

static void
flush (Slot *slot)
{
  sse_worker_post (slot->worker, &slot->outbox);
}

/* Never ready: being asked is what it is for. The context asks before each time that it waits. */
static gboolean
flusher_prepare (GSource *source, int *timeout)
{
  SseFanout *self = ((FanoutSource *) source)->fanout;

  for (guint i = 0; i < self->options.n_workers; i++)
    flush (&self->slots[i]);
  *timeout = -1;
  return FALSE;
}

static GSourceFuncs flusher_funcs = { .prepare = flusher_prepare };

static void
tell_left (SseFanout *self, SseNote *note)
{
  Slot *slot = &self->slots[note->worker];

  sse_headcount_remove (&self->clients);
  slot->n_clients--;
  slot->n_by_channel[note->channel]--;
  if (self->left != NULL)
    self->left (note->channel, note->user, note->reason, self->user_data);
  if (note->ticket != NULL)
    note->ticket->release (note->ticket);
}

/* What else it was told last of a client that leaves is told before. */
static void
tell (SseFanout *self, SseNote *note)
{
  if (note->catch_up != NULL)
    sse_catch_up_tell (note->catch_up, note->left);
  if (note->left)
    tell_left (self, note);
  sse_note_free (note);
}

static gboolean
teller_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  SseFanout *self = ((FanoutSource *) source)->fanout;
  gint64 until = g_get_monotonic_time () + TELL_SLICE;
  SseMail *mail;

  sse_mailbox_take (&self->inbox, &self->notes);
  while ((mail = sse_mail_list_pop (&self->notes)) != NULL)
    {
      tell (self, (SseNote *) mail);
      if (g_get_monotonic_time () >= until)
        break;
    }
  sse_headcount_settle (&self->clients);
  g_source_set_ready_time (source, self->notes.first != NULL ? 0 : -1);
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs teller_funcs = { .dispatch = teller_dispatch };

static GSource *
add_source (SseFanout *self, GSourceFuncs *funcs, const char *name, int priority, int fd)
{
  GSource *source = g_source_new (funcs, sizeof (FanoutSource));
  GMainContext *context = g_main_context_ref_thread_default ();

  ((FanoutSource *) source)->fanout = self;
  g_source_set_static_name (source, name);
  g_source_set_priority (source, priority);
  if (fd >= 0)
    g_source_add_unix_fd (source, fd, G_IO_IN);
  g_source_attach (source, context);
  g_main_context_unref (context);
  return source;
}

static void
remove_source (GSource *source)
{
  g_source_destroy (source);
  g_source_unref (source);
}

/**
 * sse_fanout_new:
 * @options: copied; the bounds of `retry:` in order, at least one worker, and a heartbeat of at
 *   least 1 ms
 * @left: (nullable): told of each client that left, in the calling thread's default main context.
 *   It may call the fan-out's functions, but not sse_fanout_free().
 * @user_data: for @left
 * @error: set in the domain %G_FILE_ERROR where descriptors or threads run out
 *
 * Starts the threads.
 *
 * Returns: (transfer full): the fan-out, %NULL on failure
 */
SseFanout *
sse_fanout_new (const SseFanoutOptions *options,
                SseFanoutLeft left,
                gpointer user_data,
                GError **error)
{
  SseFanout *self;

  g_return_val_if_fail (options->n_workers > 0, NULL);
  g_return_val_if_fail (options->heartbeat_ms > 0, NULL);
  g_return_val_if_fail (options->retry_min_ms <= options->retry_max_ms, NULL);

  self = g_new0 (SseFanout, 1);
  self->left = left;
  self->user_data = user_data;
  if (!sse_mailbox_init (&self->inbox, error))
    {
      g_free (self);
      return NULL;
    }

  self->options = *options;
  self->slots = g_new0 (Slot, options->n_workers);
  self->options.n_workers = 0;
  /* First in each iteration: where another source is ready, those behind it are not asked. */
  self->flusher = add_source (self, &flusher_funcs, "fanout-flusher", G_MININT, -1);
  self->teller
      = add_source (self, &teller_funcs, "fanout-teller", G_PRIORITY_DEFAULT, self->inbox.event_fd);

  for (guint i = 0; i < options->n_workers; i++)
    {
      self->slots[i].worker = sse_worker_new (options, i, &self->inbox, error);
      if (self->slots[i].worker == NULL)
        {
          sse_fanout_free (self);
          return NULL;
        }
      self->slots[i].n_by_channel = g_new0 (guint, options->n_channels);
      self->options.n_workers++;
    }
  return self;
}

/**
 * sse_fanout_free:
 *
 * Closes all clients after a last `retry:`, each its own, as far as their sockets take it, and
 * what waits for them before that. Their leaving, and any not told yet, is told before this
 * returns.
 */
void
sse_fanout_free (SseFanout *self)
{
  SseMail *mail;

  for (guint i = 0; i < self->options.n_workers; i++)
    {
      SseCommand *stop = sse_command_new (SSE_COMMAND_STOP, 0, NULL);

      sse_mail_list_push (&self->slots[i].outbox, &stop->mail);
      flush (&self->slots[i]);
    }
  for (guint i = 0; i < self->options.n_workers; i++)
    sse_worker_free (self->slots[i].worker);

  sse_mailbox_take (&self->inbox, &self->notes);
  while ((mail = sse_mail_list_pop (&self->notes)) != NULL)
    if (((SseNote *) mail)->left)
      tell (self, (SseNote *) mail);
    else
      sse_note_free ((SseNote *) mail); /* nobody is fed any more */

  remove_source (self->flusher);
  remove_source (self->teller);
  for (guint i = 0; i < self->options.n_workers; i++)
    g_free (self->slots[i].n_by_channel);
  g_free (self->slots);
  sse_mailbox_clear (&self->inbox);
  g_free (self);
}

static void
post (Slot *slot, SseCommand *command)
{
  sse_mail_list_push (&slot->outbox, &command->mail);
  if (slot->outbox.length >= MAX_OUTBOX)
    flush (slot);
}

/* The worker that has the fewest gets the next client. */
static guint
choose_worker (SseFanout *self)
{
  guint best = 0;

  for (guint i = 1; i < self->options.n_workers; i++)
    if (self->slots[i].n_clients < self->slots[best].n_clients)
      best = i;
  return best;
}

static void
post_join (SseFanout *self, guint worker, const SseJoin *join, SseCatchUp *catch_up)
{
  Slot *slot = &self->slots[worker];
  SseCommand *command = sse_command_new_join (join);

  command->catch_up = catch_up;
  sse_headcount_add (&self->clients);
  slot->n_clients++;
  slot->n_by_channel[join->channel]++;
  post (slot, command);
}

/**
 * sse_fanout_join:
 * @join: the client. Its descriptor and its ticket are taken; all else is copied, the frames as
 *   references.
 *
 * Takes a client. It gets its first frames, and then all that is sent to it from now on.
 *
 * All clients of a user in a channel are personal or none: where that changes,
 * sse_fanout_set_personal() says so, and a client that joins brings the same. (What it brings is
 * set at once for those of its user's clients that its worker has, so that it never gets
 * everyone's views in place of its own.)
 */
void
sse_fanout_join (SseFanout *self, const SseJoin *join)
{
  g_return_if_fail (join->fd >= 0);
  g_return_if_fail (join->channel < self->options.n_channels);
  g_return_if_fail (join->user != NULL);

  post_join (self, choose_worker (self), join, NULL);
}

/**
 * sse_fanout_join_behind:
 * @join: as for sse_fanout_join(), the frames the first slice
 * @fed: told when the next slice is due, or the client gone
 * @user_data: for @fed
 *
 * Takes a client that is to be given slices until the last of them, and only then what is sent to
 * others.
 *
 * Returns: (transfer none): what it is known by, there until the last slice was given or @fed was
 * told that the client is gone
 */
SseCatchUp *
sse_fanout_join_behind (SseFanout *self, const SseJoin *join, SseFanoutFed fed, gpointer user_data)
{
  guint worker = choose_worker (self);
  SseCatchUp *catch_up;

  g_return_val_if_fail (join->fd >= 0, NULL);
  g_return_val_if_fail (join->channel < self->options.n_channels, NULL);
  g_return_val_if_fail (join->user != NULL, NULL);

  catch_up = sse_catch_up_new (worker, fed, user_data);
  post_join (self, worker, join, sse_catch_up_ref (catch_up));
  return catch_up;
}

/**
 * sse_fanout_feed:
 * @frames: (element-type SseFrame): references are taken
 *
 * Gives a client that is due it the next slice.
 */
void
sse_fanout_feed (SseFanout *self, SseCatchUp *catch_up, GPtrArray *frames)
{
  post (&self->slots[catch_up->worker], sse_command_new_feed (catch_up, frames, FALSE));
}

/**
 * sse_fanout_feed_last:
 * @catch_up: not to be used any more
 * @frames: (element-type SseFrame): references are taken
 *
 * Gives a client the last slice, and then all that is sent to it from now on.
 */
void
sse_fanout_feed_last (SseFanout *self, SseCatchUp *catch_up, GPtrArray *frames)
{
  post (&self->slots[catch_up->worker], sse_command_new_feed (catch_up, frames, TRUE));
  catch_up->fed = NULL;
  sse_catch_up_unref (catch_up);
}

static void
send_frame (SseFanout *self, guint channel, const char *user, guint view, SseFrame *frame)
{
  g_return_if_fail (channel < self->options.n_channels);

  for (guint i = 0; i < self->options.n_workers; i++)
    {
      Slot *slot = &self->slots[i];
      SseCommand *command;

      if (slot->n_by_channel[channel] == 0)
        continue;
      command = sse_command_new (SSE_COMMAND_SEND, channel, user);
      command->view = view;
      command->frame = sse_frame_ref (frame);
      post (slot, command);
    }
}

/**
 * sse_fanout_send:
 * @user: (nullable): whose clients get it; %NULL: all of the channel
 * @frame: what they get, each once and in the order of calls; a reference is taken
 */
void
sse_fanout_send (SseFanout *self, guint channel, const char *user, SseFrame *frame)
{
  send_frame (self, channel, user, SSE_FANOUT_NO_VIEW, frame);
}

/**
 * sse_fanout_send_view:
 * @user: (nullable): whose clients get it; %NULL: those of all users who get no views of their own
 * @view: the view's number in the channel
 * @frame: what they get, behind all that waits for them already; the older frame of the same view
 *   is dropped where nothing of it was written yet. A reference is taken.
 */
void
sse_fanout_send_view (SseFanout *self, guint channel, const char *user, guint view, SseFrame *frame)
{
  g_return_if_fail (view != SSE_FANOUT_NO_VIEW);

  send_frame (self, channel, user, view, frame);
}

/**
 * sse_fanout_set_personal:
 * @personal: whether the user's clients get views of their own, and not everyone's, from now on
 *
 * Is forgotten when the user has no client in the channel any more, as a joining client brings it.
 */
void
sse_fanout_set_personal (SseFanout *self, guint channel, const char *user, gboolean personal)
{
  g_return_if_fail (channel < self->options.n_channels);
  g_return_if_fail (user != NULL);

  for (guint i = 0; i < self->options.n_workers; i++)
    {
      Slot *slot = &self->slots[i];
      SseCommand *command;

      if (slot->n_by_channel[channel] == 0)
        continue;
      command = sse_command_new (SSE_COMMAND_SET_PERSONAL, channel, user);
      command->personal = personal;
      post (slot, command);
    }
}

/**
 * sse_fanout_new_retry_frame:
 *
 * Returns: (transfer full): a `retry:`, at random within the fan-out's bounds
 */
SseFrame *
sse_fanout_new_retry_frame (SseFanout *self)
{
  return sse_retry_frame_new (self->options.retry_min_ms, self->options.retry_max_ms);
}

/**
 * sse_fanout_get_queued_bytes:
 *
 * Returns: the bytes that wait for a channel's clients because their sockets did not take them yet
 */
guint64
sse_fanout_get_queued_bytes (SseFanout *self, guint channel)
{
  guint64 bytes = 0;

  g_return_val_if_fail (channel < self->options.n_channels, 0);

  for (guint i = 0; i < self->options.n_workers; i++)
    bytes += sse_worker_get_queued_bytes (self->slots[i].worker, channel);
  return bytes;
}
