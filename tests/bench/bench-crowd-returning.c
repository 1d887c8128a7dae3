/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-crowd-private.h"

#include "bench-error.h"

/**
 * bench_crowd_leave:
 * @error: (out) (optional): set to #BENCH_ERROR_USAGE where there are no ids to come back with
 *
 * Closes all connections; each client remembers what it has got, for bench_crowd_return().
 */
gboolean
bench_crowd_leave (BenchCrowd *self, GError **error)
{
  if (self->rules.epoch == NULL)
    {
      g_set_error_literal (error, BENCH_ERROR, BENCH_ERROR_USAGE,
                           "this needs connected clients, and events with ids as Rivulet's");
      return FALSE;
    }
  for (guint i = 0; i < self->n_clients; i++)
    bench_client_close (&self->clients[i]);
  bench_rules_leave (&self->rules);
  return TRUE;
}

/**
 * bench_crowd_has_left:
 *
 * Returns: whether there are clients, and all have left
 */
gboolean
bench_crowd_has_left (BenchCrowd *self)
{
  return self->n_clients > 0 && self->clients[0].state == BENCH_CLIENT_CLOSED;
}

/**
 * bench_crowd_return:
 * @n_at_once: how many may be under way at a time
 * @error: (out) (optional): set where one cannot connect or gets what it must not
 *
 * Lets all clients, which have left, connect again and resume. When it returns, fewer than
 * @n_at_once of them do not have all that they missed; bench_crowd_wait_ready() waits for those.
 */
gboolean
bench_crowd_return (BenchCrowd *self, guint n_at_once, GError **error)
{
  for (guint i = 0; i < self->n_clients; i++)
    if (!bench_client_return (&self->clients[i], error)
        || !bench_crowd_watch (self, &self->clients[i], error)
        || !bench_crowd_wait_ready (self, n_at_once - 1, error))
      return FALSE;
  return TRUE;
}

/**
 * bench_crowd_get_return_times:
 * @times: (out): how long after they began to connect the clients had the newest event
 */
void
bench_crowd_get_return_times (BenchCrowd *self, BenchTimes *times)
{
  g_autofree gint64 *all = g_new (gint64, self->n_clients + 1);

  for (guint i = 0; i < self->n_clients; i++)
    all[i] = self->clients[i].arrived - self->clients[i].began;
  bench_times_of (all, self->n_clients, times);
}
