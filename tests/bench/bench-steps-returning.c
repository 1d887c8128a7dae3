/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-steps-private.h"

#include "bench-caller.h"
#include "bench-error.h"

static gboolean
needs_left (BenchSteps *self, GError **error)
{
  return bench_steps_need (self->crowd != NULL && bench_crowd_has_left (self->crowd),
                           "clients that left", error);
}

static gboolean
needs_missed (BenchSteps *self, GError **error)
{
  return needs_left (self, error)
         && bench_steps_need (bench_crowd_get_behind (self->crowd) > 0, "that they missed events",
                              error);
}

/**
 * bench_steps_leave:
 *
 * Closes all clients, which remember what they have got.
 */
gboolean
bench_steps_leave (BenchSteps *self, double unused, GError **error)
{
  return bench_steps_need (self->crowd != NULL, "--url", error)
         && bench_crowd_read_all (self->crowd, BENCH_STEPS_MISSING_MS, error)
         && bench_crowd_leave (self->crowd, error) && bench_steps_wait_settled (self, error);
}

/**
 * bench_steps_miss:
 * @n: how many
 *
 * Publishes events while nobody is there.
 */
gboolean
bench_steps_miss (BenchSteps *self, double n, GError **error)
{
  g_autoptr (GPtrArray) updates
      = g_ptr_array_new_with_free_func ((GDestroyNotify) bench_update_free);

  if (!needs_left (self, error) || !bench_steps_need (self->publisher != NULL, "--publish", error))
    return FALSE;
  for (guint i = 0; i < (guint) n; i++)
    {
      BenchUpdate *update = self->publisher->make (++self->number, self->text_bytes);
      g_ptr_array_add (updates, update);
      bench_crowd_expect (self->crowd, update->data, update->tail);
    }
  return bench_steps_send_each (self, updates, error) && bench_steps_wait_settled (self, error);
}

/**
 * bench_steps_return:
 *
 * Lets all clients that left resume, and reports what that costs.
 */
gboolean
bench_steps_return (BenchSteps *self, double unused, GError **error)
{
  BenchTimes times;
  gint64 before;
  gint64 after;

  if (!needs_missed (self, error) || !bench_steps_cpu (self, &before, error)
      || !bench_crowd_return (self->crowd, self->at_once, error)
      || !bench_crowd_wait_ready (self->crowd, 0, error)
      || !bench_crowd_read_all (self->crowd, BENCH_STEPS_MISSING_MS, error)
      || !bench_steps_wait_settled (self, error) || !bench_steps_cpu (self, &after, error))
    return FALSE;
  guint clients = bench_crowd_get_clients (self->crowd);
  bench_crowd_get_return_times (self->crowd, &times);
  bench_report_add (self->report, "clients", clients, "1");
  bench_steps_add_cpu (self, "cpu-per-return", after - before, clients);
  bench_steps_add_times (self, "return", &times);
  return TRUE;
}

/* Someone who joins while something is published is where events are most easily lost: so a few
 * are published meanwhile, each when so many more of the clients are done. */
static gboolean
return_amid_events (BenchSteps *self, guint n, GError **error)
{
  guint clients = bench_crowd_get_clients (self->crowd);

  if (!bench_crowd_return (self->crowd, clients, error))
    return FALSE;
  for (guint i = 0; i < n; i++)
    {
      guint waiting = (guint) ((guint64) clients * (n - i) / (n + 1));
      g_autoptr (BenchUpdate) update = self->publisher->make (++self->number, self->text_bytes);
      g_autoptr (GPtrArray) one = g_ptr_array_new ();
      if (!bench_crowd_wait_ready (self->crowd, waiting, error))
        return FALSE;
      g_ptr_array_add (one, update);
      bench_crowd_expect (self->crowd, update->data, update->tail);
      if (!self->publisher->send (self->publisher, one, error))
        return FALSE;
    }
  return bench_crowd_wait_ready (self->crowd, 0, error)
         && bench_publisher_wait (self->publisher, 0, BENCH_STEPS_ANSWER_MS, error)
         && bench_crowd_read_all (self->crowd, BENCH_STEPS_MISSING_MS, error);
}

/**
 * bench_steps_storm:
 * @n: how many events are published meanwhile
 *
 * Lets all clients that left resume at once, while someone publishes one call after the other, and
 * reports how long that took and what became of the calls.
 */
gboolean
bench_steps_storm (BenchSteps *self, double n, GError **error)
{
  BenchTimes times;
  guint calls = 0;

  if (!needs_missed (self, error)
      || !bench_steps_need (self->bus_address != NULL, "--publish bus:ADDRESS", error))
    return FALSE;
  gint64 start = bench_monotonic_ns ();
  g_autoptr (BenchCaller) caller = bench_caller_start (self->bus_address, self->bus_name, 0, error);
  if (caller == NULL || !return_amid_events (self, (guint) n, error))
    return FALSE;
  gint64 end = bench_monotonic_ns ();
  if (!bench_caller_finish (caller, &times, &calls, error))
    return FALSE;
  bench_report_add (self->report, "clients", bench_crowd_get_clients (self->crowd), "1");
  bench_report_add (self->report, "storm", (double) (end - start) / 1000, "µs");
  bench_report_add (self->report, "calls", calls, "1");
  bench_steps_add_times (self, "call", &times);
  return TRUE;
}

/**
 * bench_steps_calls:
 * @n: how many
 *
 * Publishes one call after the other, as bench_steps_storm() does, with nothing else going on.
 */
gboolean
bench_steps_calls (BenchSteps *self, double n, GError **error)
{
  BenchTimes times;
  guint calls = 0;

  if (!bench_steps_need (self->bus_address != NULL, "--publish bus:ADDRESS", error))
    return FALSE;
  g_autoptr (BenchCaller) caller
      = bench_caller_start (self->bus_address, self->bus_name, (guint) n, error);
  if (caller == NULL || !bench_caller_finish (caller, &times, &calls, error))
    return FALSE;
  bench_report_add (self->report, "calls", calls, "1");
  bench_steps_add_times (self, "call", &times);
  return TRUE;
}
