/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-catch-up.h"
#include "sse-fanout-private.h"

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
  SseFanoutSlot *slot = &self->slots[worker];
  SseCommand *command = sse_command_new_join (join);

  command->catch_up = catch_up;
  sse_headcount_add (&self->clients);
  slot->n_clients++;
  slot->n_by_channel[join->channel]++;
  sse_fanout_post (slot, command);
}

/**
 * sse_fanout_join:
 * @join: the client. Its descriptor and its ticket are taken; all else is copied, the frames as
 *   references.
 *
 * Takes a client. It gets its first frames, and then all that is sent to it from now on.
 *
 * All clients of a user in a channel are personal in the same parts: where that changes,
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
  sse_fanout_post (&self->slots[catch_up->worker], sse_command_new_feed (catch_up, frames, FALSE));
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
  sse_fanout_post (&self->slots[catch_up->worker], sse_command_new_feed (catch_up, frames, TRUE));
  catch_up->fed = NULL;
  sse_catch_up_unref (catch_up);
}
