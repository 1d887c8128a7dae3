/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-fanout-private.h"

/* Of one call, in the main thread alone: to the workers it is but what they answer to. */
struct _SseListing
{
  guint max;
  guint n_awaited;
  GPtrArray *clients; /* what was answered so far */
  SseFanoutListed listed;
  gpointer user_data;
};

static guint64
get_bytes (const GPtrArray *clients, guint i)
{
  return i < clients->len ? ((const SseListed *) clients->pdata[i])->queued_bytes : 0;
}

/* Puts two listings together that are in order each, up to @max; takes both. It takes no longer
 * than they are long. */
static GPtrArray *
merge (GPtrArray *one, GPtrArray *other, guint max)
{
  GPtrArray *all = g_ptr_array_new_full (MIN (one->len + other->len, max), g_free);
  guint i = 0, j = 0;

  while (i < one->len || j < other->len)
    {
      gboolean first
          = j == other->len || (i < one->len && get_bytes (one, i) >= get_bytes (other, j));
      gpointer *next = first ? &one->pdata[i++] : &other->pdata[j++];

      if (all->len < max)
        g_ptr_array_add (all, g_steal_pointer (next));
    }
  g_ptr_array_unref (one);
  g_ptr_array_unref (other);
  return all;
}

/**
 * sse_listing_take:
 * @clients: (transfer full) (element-type SseListed): one worker's answer
 *
 * In the main thread. With the last of them, who asked is told.
 */
void
sse_listing_take (SseListing *self, GPtrArray *clients)
{
  self->clients = merge (self->clients, clients, self->max);
  if (--self->n_awaited > 0)
    return;
  self->listed (self->clients, self->user_data);
  g_ptr_array_unref (self->clients);
  g_free (self);
}

/* Asks each worker that has clients in the channel. */
static void
ask (SseFanout *self, guint channel, SseListing *listing)
{
  for (guint i = 0; i < self->options.n_workers; i++)
    {
      SseFanoutSlot *slot = &self->slots[i];
      SseCommand *command;

      if (slot->worker == NULL || slot->n_by_channel[channel] == 0)
        continue;
      command = sse_command_new (SSE_COMMAND_LIST, channel, NULL);
      command->listing = listing;
      command->max = listing->max;
      listing->n_awaited++;
      sse_fanout_post (slot, command);
    }
}

/* Where nobody is to be asked: whoever asks is told later all the same. */
static void
answer_empty (SseFanout *self, SseListing *listing)
{
  SseNote *note = sse_note_new_listed (0, listing, g_ptr_array_new ());

  listing->n_awaited = 1;
  sse_mail_list_push (&self->notes, &note->mail);
  g_source_set_ready_time (self->teller, 0);
}

/**
 * sse_fanout_list:
 * @channels: (array length=n_channels): whose clients
 * @max: how many clients at most, of all channels and workers together. Each worker lists as many
 * of each channel, and holds up its clients meanwhile
 * @listed: told once, later, in the main context: when all workers have answered, at the latest by
 *   sse_fanout_free()
 * @user_data: for @listed
 *
 * Lists the clients of some channels that have joined, also those that are behind or ending, as
 * they are after all that was asked for before.
 */
void
sse_fanout_list (SseFanout *self,
                 const guint *channels,
                 guint n_channels,
                 guint max,
                 SseFanoutListed listed,
                 gpointer user_data)
{
  SseListing *listing = g_new0 (SseListing, 1);

  listing->max = max;
  listing->clients = g_ptr_array_new_with_free_func (g_free);
  listing->listed = listed;
  listing->user_data = user_data;
  for (guint i = 0; i < n_channels; i++)
    ask (self, channels[i], listing);
  if (listing->n_awaited == 0)
    answer_empty (self, listing);
}
