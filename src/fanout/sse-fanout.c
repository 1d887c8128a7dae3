/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-fanout.h"

#include "sse-catch-up.h"
#include "sse-fanout-private.h"
#include "sse-retry.h"

/* Commands that wait for the end of the main context's iteration, at most. */
#define MAX_OUTBOX 256

/* The longest that telling of clients holds up the main thread at a time, in µs: who is told may
 * have something to do. */
#define TELL_SLICE 2000

typedef struct
{
  GSource source;
  SseFanout *fanout;
} FanoutSource;

static void
flush (SseFanoutSlot *slot)
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

/**
 * sse_close_reason_get_name:
 *
 * Returns: its name in one word, for programs
 */
const char *
sse_close_reason_get_name (SseCloseReason reason)
{
  static const char *const names[] = {
    [SSE_CLOSE_GONE] = "gone",         [SSE_CLOSE_EXPIRED] = "expired",
    [SSE_CLOSE_OVERFLOW] = "overflow", [SSE_CLOSE_STOPPED] = "stopped",
    [SSE_CLOSE_REVOKED] = "revoked",   [SSE_CLOSE_DISABLED] = "disabled",
  };

  G_STATIC_ASSERT (G_N_ELEMENTS (names) == SSE_N_CLOSE_REASONS);
  return names[reason];
}

static void
tell_left (SseFanout *self, SseNote *note)
{
  SseFanoutSlot *slot = &self->slots[note->worker];

  sse_headcount_remove (&self->clients);
  slot->n_clients--;
  slot->n_by_channel[note->channel]--;
  if (self->left != NULL)
    self->left (note->channel, note->user, note->last_event_id != NULL ? note->last_event_id : "",
                note->reason, self->user_data);
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
  if (note->listing != NULL)
    sse_listing_take (note->listing, g_steal_pointer (&note->clients));
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
  /* Each worker may have one that never leaves, to see whether it is alive. */
  sse_headcount_settle (&self->clients, self->options.n_workers);
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
  self->slots = g_new0 (SseFanoutSlot, options->n_workers);
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
 * Closes all clients, after a last `retry:`, each its own, and what waits for them before that, as
 * far as their sockets take it at once; see sse_fanout_end(). Their leaving, and any not told yet,
 * is told before this returns, and so is each listing.
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
    g_clear_pointer (&self->slots[i].worker, sse_worker_free);

  sse_mailbox_take (&self->inbox, &self->notes);
  while ((mail = sse_mail_list_pop (&self->notes)) != NULL)
    if (((SseNote *) mail)->left || ((SseNote *) mail)->listing != NULL)
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

/**
 * sse_fanout_post:
 * @command: (transfer full): is carried out behind those that were posted before
 */
void
sse_fanout_post (SseFanoutSlot *slot, SseCommand *command)
{
  sse_mail_list_push (&slot->outbox, &command->mail);
  if (slot->outbox.length >= MAX_OUTBOX)
    flush (slot);
}

/**
 * sse_fanout_configure:
 * @options: as for sse_fanout_new(); the numbers of workers and channels are ignored
 *
 * Changes the options. The peers' timeout counts for clients that come from now on, all else for
 * those that are there too.
 */
void
sse_fanout_configure (SseFanout *self, const SseFanoutOptions *options)
{
  SseFanoutOptions copy = *options;

  g_return_if_fail (options->heartbeat_ms > 0);
  g_return_if_fail (options->retry_min_ms <= options->retry_max_ms);

  copy.n_workers = self->options.n_workers;
  copy.n_channels = self->options.n_channels;
  self->options = copy;
  for (guint i = 0; i < self->options.n_workers; i++)
    sse_fanout_post (&self->slots[i], sse_command_new_configure (&copy));
}

/**
 * sse_fanout_end:
 *
 * Lets all clients leave, and all that come from now on: each when its socket has taken what waits
 * for it (where it is behind, the slice that it was given), a last `retry:`, its own, and the end
 * of the response. Nothing is sent to them any more.
 */
void
sse_fanout_end (SseFanout *self)
{
  for (guint i = 0; i < self->options.n_workers; i++)
    sse_fanout_post (&self->slots[i], sse_command_new (SSE_COMMAND_END, 0, NULL));
}

static void
send_frame (SseFanout *self, guint channel, const char *user, guint view, SseFrame *frame)
{
  g_return_if_fail (channel < self->options.n_channels);

  for (guint i = 0; i < self->options.n_workers; i++)
    {
      SseFanoutSlot *slot = &self->slots[i];
      SseCommand *command;

      if (slot->n_by_channel[channel] == 0)
        continue;
      command = sse_command_new (SSE_COMMAND_SEND, channel, user);
      command->view = view;
      command->frame = sse_frame_ref (frame);
      sse_fanout_post (slot, command);
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
 *   in the view's part
 * @view: the view's number in the channel, see SSE_FANOUT_VIEW()
 * @frame: what they get, behind all that waits for them already; the older frame of the same view
 *   is dropped where nothing of it was written yet. A reference is taken.
 */
void
sse_fanout_send_view (SseFanout *self, guint channel, const char *user, guint view, SseFrame *frame)
{
  g_return_if_fail (view != SSE_FANOUT_NO_VIEW);

  send_frame (self, channel, user, view, frame);
}

/* To every worker that has clients in the channel. */
static void
command_user (SseFanout *self,
              SseCommandType type,
              guint channel,
              const char *user,
              guint32 parts,
              gboolean personal)
{
  g_return_if_fail (channel < self->options.n_channels);
  g_return_if_fail (user != NULL);

  for (guint i = 0; i < self->options.n_workers; i++)
    {
      SseFanoutSlot *slot = &self->slots[i];
      SseCommand *command;

      if (slot->n_by_channel[channel] == 0)
        continue;
      command = sse_command_new (type, channel, user);
      command->parts = parts;
      command->personal = personal ? parts : 0;
      sse_fanout_post (slot, command);
    }
}

/**
 * sse_fanout_set_personal:
 * @part: a part of the channel
 * @personal: whether the user's clients get views of their own of it, and not everyone's, from now
 * on
 *
 * Is forgotten when the user has no client in the channel any more, as a joining client brings it.
 */
void
sse_fanout_set_personal (
    SseFanout *self, guint channel, const char *user, guint part, gboolean personal)
{
  g_return_if_fail (part < SSE_FANOUT_MAX_PARTS);

  command_user (self, SSE_COMMAND_SET_PERSONAL, channel, user, 1U << part, personal);
}

/**
 * sse_fanout_end_user:
 *
 * Lets the clients that a user has in the channel leave, at once: of what waits for each of them it
 * gets what its socket takes, and then the end of its response.
 */
void
sse_fanout_end_user (SseFanout *self, guint channel, const char *user)
{
  command_user (self, SSE_COMMAND_END_USER, channel, user, 0, FALSE);
}

/**
 * sse_fanout_end_channel:
 *
 * Lets all clients of the channel leave, as sse_fanout_end_user() those of a user.
 */
void
sse_fanout_end_channel (SseFanout *self, guint channel)
{
  g_return_if_fail (channel < self->options.n_channels);

  for (guint i = 0; i < self->options.n_workers; i++)
    if (self->slots[i].n_by_channel[channel] > 0)
      sse_fanout_post (&self->slots[i], sse_command_new (SSE_COMMAND_END_CHANNEL, channel, NULL));
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
