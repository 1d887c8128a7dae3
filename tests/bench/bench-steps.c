/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-steps-private.h"

#include <string.h>

#include "bench-error.h"

/* A server that did next to nothing for so long is taken to be done. */
#define STILL_MS 40
/* A burst to 18,000 clients takes a server on one processor a minute or more. */
#define STILL_BOUND_MS 300000
/* Connections that were made or closed leave little to do; one that sends heartbeats all the time
 * never stands still. */
#define SETTLED_MS       200
#define SETTLED_BOUND_MS 5000
#define MEMORY_LOOKS     50
/* What fills the buffers of clients that do not read: so many events of so many bytes. */
#define FILL_EVENTS 12
#define FILL_BYTES  15000
#define MAX_NUMBER  1000000

/**
 * bench_steps_need:
 * @there: whether it is
 * @what: what the step cannot do without
 * @error: (out) (optional): set to #BENCH_ERROR_USAGE where it is not there
 */
gboolean
bench_steps_need (gboolean there, const char *what, GError **error)
{
  if (!there)
    g_set_error (error, BENCH_ERROR, BENCH_ERROR_USAGE, "this needs %s", what);
  return there;
}

/**
 * bench_steps_cpu:
 * @ns: (out): processor time of the server until now; 0 where no process was named
 * @error: (out) (optional): set where a process has ended
 */
gboolean
bench_steps_cpu (BenchSteps *self, gint64 *ns, GError **error)
{
  *ns = 0;
  return bench_processes_cpu (self->processes, ns, error);
}

/**
 * bench_steps_add_cpu:
 * @ns: processor time; not reported where no process was named
 * @count: what it was spent on
 */
void
bench_steps_add_cpu (BenchSteps *self, const char *name, gint64 ns, double count)
{
  if (bench_processes_any (self->processes))
    bench_report_add (self->report, name, (double) ns / 1000 / count, "µs");
}

/**
 * bench_steps_add_times:
 * @name: what the figures' names begin with
 */
void
bench_steps_add_times (BenchSteps *self, const char *name, const BenchTimes *times)
{
  g_autofree char *median = g_strconcat (name, "-median", NULL);
  g_autofree char *p99 = g_strconcat (name, "-p99", NULL);

  bench_report_add (self->report, median, (double) times->median / 1000, "µs");
  bench_report_add (self->report, p99, (double) times->p99 / 1000, "µs");
  bench_report_add (self->report, name, (double) times->worst / 1000, "µs");
}

static gboolean
wait_done (BenchSteps *self, GError **error)
{
  return bench_processes_wait_still (self->processes, STILL_MS, STILL_BOUND_MS, error);
}

/**
 * bench_steps_wait_settled:
 * @error: (out) (optional): set where a process has ended
 *
 * Waits until the server is done with connections that were made or closed.
 */
gboolean
bench_steps_wait_settled (BenchSteps *self, GError **error)
{
  return bench_processes_wait_still (self->processes, SETTLED_MS, SETTLED_BOUND_MS, error);
}

static gboolean
step_connect (BenchSteps *self, double n_clients, GError **error)
{
  gint64 before;
  gint64 after;
  gint64 start = bench_monotonic_ns ();

  if (!bench_steps_need (self->crowd != NULL, "--url", error)
      || !bench_steps_cpu (self, &before, error)
      || !bench_crowd_connect (self->crowd, (guint) n_clients, self->at_once, error))
    return FALSE;
  gint64 end = bench_monotonic_ns ();
  if (!bench_steps_wait_settled (self, error) || !bench_steps_cpu (self, &after, error))
    return FALSE;
  bench_report_add (self->report, "clients", n_clients, "1");
  bench_report_add (self->report, "connect-seconds", (double) (end - start) / BENCH_NS_PER_S, "s");
  bench_steps_add_cpu (self, "cpu-per-connect", after - before, n_clients);
  return TRUE;
}

/* The clients sleep until the server is done, so that their reading is not what is measured. */
static gboolean
publish (BenchSteps *self, guint n, gsize length, gint64 *spent, gint64 *sent, GError **error)
{
  g_autoptr (GPtrArray) updates
      = g_ptr_array_new_with_free_func ((GDestroyNotify) bench_update_free);
  gint64 before;
  gint64 after;

  for (guint i = 0; i < n; i++)
    {
      BenchUpdate *update = self->publisher->make (++self->number, length);
      g_ptr_array_add (updates, update);
      bench_crowd_expect (self->crowd, update->data, update->tail);
    }
  if (!bench_crowd_set_watched (self->crowd, FALSE, error)
      || !bench_steps_cpu (self, &before, error))
    return FALSE;
  *sent = bench_realtime_ns ();
  if (!self->publisher->send (self->publisher, updates, error)
      || !bench_publisher_wait (self->publisher, 0, BENCH_STEPS_ANSWER_MS, error)
      || !wait_done (self, error) || !bench_crowd_set_watched (self->crowd, TRUE, error)
      || !bench_crowd_read_all (self->crowd, BENCH_STEPS_MISSING_MS, error)
      || !wait_done (self, error) || !bench_steps_cpu (self, &after, error))
    return FALSE;
  *spent = after - before;
  return TRUE;
}

static gboolean
can_publish (BenchSteps *self, GError **error)
{
  return bench_steps_need (self->publisher != NULL, "--publish", error)
         && bench_steps_need (self->crowd != NULL && bench_crowd_get_clients (self->crowd) > 0,
                              "connected clients", error);
}

/* How much a server adds to what is published is seen in what arrives. */
static void
adjust_length (BenchSteps *self, gsize published)
{
  gsize added = bench_crowd_get_event_bytes (self->crowd) - published;

  self->text_bytes = self->event_bytes > added ? self->event_bytes - added : 1;
}

static gboolean
step_deliver (BenchSteps *self, double unused, GError **error)
{
  BenchTimes times;
  gint64 spent;
  gint64 sent;

  if (!can_publish (self, error) || !publish (self, 1, self->text_bytes, &spent, &sent, error))
    return FALSE;
  g_autoptr (BenchUpdate) same = self->publisher->make (self->number, self->text_bytes);
  gsize published = strlen (same->data);
  guint clients = bench_crowd_get_clients (self->crowd) - bench_crowd_get_stalled (self->crowd);
  bench_crowd_get_times (self->crowd, sent, &times);
  bench_report_add (self->report, "clients", clients, "1");
  bench_report_add (self->report, "event-bytes", (double) bench_crowd_get_event_bytes (self->crowd),
                    "B");
  bench_steps_add_cpu (self, "cpu-per-delivery", spent, clients);
  bench_steps_add_times (self, "last-client", &times);
  bench_report_add (self->report, "without-timestamp",
                    (double) bench_crowd_get_unstamped (self->crowd), "1");
  adjust_length (self, published);
  return TRUE;
}

static gboolean
step_burst (BenchSteps *self, double n, GError **error)
{
  gint64 spent;
  gint64 sent;

  if (!can_publish (self, error)
      || !publish (self, (guint) n, self->text_bytes, &spent, &sent, error))
    return FALSE;
  guint clients = bench_crowd_get_clients (self->crowd) - bench_crowd_get_stalled (self->crowd);
  bench_report_add (self->report, "clients", clients, "1");
  bench_report_add (self->report, "events", n, "1");
  bench_steps_add_cpu (self, "burst-cpu-per-delivery", spent, clients * n);
  return TRUE;
}

static gboolean
step_idle (BenchSteps *self, double seconds, GError **error)
{
  gint64 before;
  gint64 after;

  if (!bench_steps_need (self->crowd != NULL && bench_crowd_get_clients (self->crowd) > 0,
                         "connected clients", error)
      || !bench_crowd_read_all (self->crowd, BENCH_STEPS_MISSING_MS, error))
    return FALSE;
  guint64 comments = bench_crowd_get_comments (self->crowd);
  if (!bench_steps_cpu (self, &before, error) || !bench_sleep_ms ((guint) (seconds * 1000), error)
      || !bench_steps_cpu (self, &after, error)
      || !bench_crowd_read_all (self->crowd, BENCH_STEPS_MISSING_MS, error))
    return FALSE;
  double beats = (double) (bench_crowd_get_comments (self->crowd) - comments);
  bench_report_add (self->report, "clients", bench_crowd_get_clients (self->crowd), "1");
  bench_report_add (self->report, "heartbeats", beats, "1");
  bench_steps_add_cpu (self, "idle-cpu", after - before, seconds);
  if (beats > 0)
    bench_steps_add_cpu (self, "cpu-per-heartbeat", after - before, beats);
  return TRUE;
}

static gboolean
step_stall (BenchSteps *self, double percent, GError **error)
{
  gint64 unused;

  if (!can_publish (self, error))
    return FALSE;
  guint n = (guint) (bench_crowd_get_clients (self->crowd) * percent / 100);
  if (!bench_crowd_stall (self->crowd, MAX (n, 1), error))
    return FALSE;
  for (guint i = 0; i < FILL_EVENTS; i++)
    if (!publish (self, 1, FILL_BYTES, &unused, &unused, error))
      return FALSE;
  bench_report_add (self->report, "stalled", bench_crowd_get_stalled (self->crowd), "1");
  return TRUE;
}

static gboolean
step_resume (BenchSteps *self, double unused, GError **error)
{
  return bench_steps_need (self->crowd != NULL, "--url", error)
         && bench_crowd_resume (self->crowd, error)
         && bench_crowd_read_all (self->crowd, BENCH_STEPS_MISSING_MS, error)
         && wait_done (self, error);
}

static gboolean
step_disconnect (BenchSteps *self, double unused, GError **error)
{
  if (!bench_steps_need (self->crowd != NULL, "--url", error)
      || !bench_crowd_read_all (self->crowd, BENCH_STEPS_MISSING_MS, error))
    return FALSE;
  bench_crowd_disconnect (self->crowd);
  return bench_steps_wait_settled (self, error);
}

/* Waits until it stands still as well: some servers give memory back late. */
static gboolean
step_memory (BenchSteps *self, double unused, GError **error)
{
  gint64 before;
  gint64 bytes = -1;

  if (!bench_steps_need (bench_processes_any (self->processes), "--pid", error))
    return FALSE;
  for (guint i = 0; i < MEMORY_LOOKS; i++)
    {
      before = bytes;
      if (!bench_steps_wait_settled (self, error)
          || !bench_processes_memory (self->processes, &bytes, error))
        return FALSE;
      if (bytes == before)
        break;
    }
  bench_report_add (self->report, "memory", (double) bytes, "B");
  return TRUE;
}

/**
 * bench_steps_send_each:
 * @updates: #BenchUpdate
 * @error: (out) (optional): set where one is refused or has no answer
 *
 * Publishes updates in calls of their own, as many at a time as there may be, and waits for all
 * answers.
 */
gboolean
bench_steps_send_each (BenchSteps *self, GPtrArray *updates, GError **error)
{
  g_autoptr (GPtrArray) one = g_ptr_array_new ();

  for (guint i = 0; i < updates->len; i++)
    {
      g_ptr_array_set_size (one, 0);
      g_ptr_array_add (one, g_ptr_array_index (updates, i));
      if (!bench_publisher_wait (self->publisher, self->publisher->bound - 1, BENCH_STEPS_ANSWER_MS,
                                 error)
          || !self->publisher->send (self->publisher, one, error))
        return FALSE;
    }
  return bench_publisher_wait (self->publisher, 0, BENCH_STEPS_ANSWER_MS, error);
}

static gboolean
step_rate (BenchSteps *self, double n, GError **error)
{
  g_autoptr (GPtrArray) updates
      = g_ptr_array_new_with_free_func ((GDestroyNotify) bench_update_free);

  if (!bench_steps_need (self->publisher != NULL, "--publish", error)
      || !bench_steps_need (self->crowd == NULL || bench_crowd_get_clients (self->crowd) == 0,
                            "that no client is connected", error))
    return FALSE;
  for (guint i = 0; i < (guint) n; i++)
    g_ptr_array_add (updates, self->publisher->make (++self->number, self->event_bytes));

  gint64 start = bench_monotonic_ns ();
  if (!bench_steps_send_each (self, updates, error))
    return FALSE;
  gint64 end = bench_monotonic_ns ();
  bench_report_add (self->report, "publishes", n, "1");
  bench_report_add (self->report, "publish-rate",
                    n * (double) BENCH_NS_PER_S / (double) (end - start), "1/s");
  return TRUE;
}

static const struct
{
  const char *name;
  gboolean counted;
  gboolean (*run) (BenchSteps *self, double number, GError **error);
} steps[] = {
  { "connect", TRUE, step_connect },
  { "deliver", FALSE, step_deliver },
  { "burst", TRUE, step_burst },
  { "idle", TRUE, step_idle },
  { "stall", TRUE, step_stall },
  { "resume", FALSE, step_resume },
  { "disconnect", FALSE, step_disconnect },
  { "memory", FALSE, step_memory },
  { "rate", TRUE, step_rate },
  { "leave", FALSE, bench_steps_leave },
  { "miss", TRUE, bench_steps_miss },
  { "return", FALSE, bench_steps_return },
  { "storm", TRUE, bench_steps_storm },
  { "calls", TRUE, bench_steps_calls },
};

/**
 * bench_steps_help:
 *
 * Returns: what steps there are, for people
 */
const char *
bench_steps_help (void)
{
  return "connect N        connects N clients in place of those that are there\n"
         "deliver          publishes one event, and waits until all have it\n"
         "burst N          publishes N events at once\n"
         "idle SECONDS     lets the server send heartbeats alone\n"
         "stall PERCENT    connects so many clients again, which then do not read\n"
         "resume           lets them read what they lack\n"
         "disconnect       closes all clients\n"
         "memory           looks at the server's memory\n"
         "rate N           publishes N updates one by one, without clients\n"
         "leave            closes all clients, which remember where they were\n"
         "miss N           publishes N events that they miss\n"
         "return           lets them come back with their Last-Event-ID\n"
         "storm N          lets them come back at once, while one publishes N events and others\n"
         "calls N          publishes N updates for nobody, each when the one before has its "
         "answer\n";
}

/**
 * bench_steps_run:
 * @line: a step, and its number where it has one
 * @error: (out) (optional): set to #BENCH_ERROR_USAGE where there is no such step, else where it
 *   fails
 *
 * Runs a step and reports it.
 */
gboolean
bench_steps_run (BenchSteps *self, const char *line, GError **error)
{
  g_auto (GStrv) words = g_strsplit (line, " ", -1);
  guint n_words = g_strv_length (words);

  for (gsize i = 0; n_words > 0 && i < G_N_ELEMENTS (steps); i++)
    {
      char *end = NULL;
      g_autoptr (GError) failure = NULL;
      if (!g_str_equal (words[0], steps[i].name))
        continue;
      double number = n_words > 1 ? g_ascii_strtod (words[1], &end) : 1;
      if (n_words != (steps[i].counted ? 2 : 1)
          || (end != NULL && (*end != '\0' || end == words[1]))
          || !(number > 0 && number <= MAX_NUMBER))
        break;
      gboolean done = steps[i].run (self, number, &failure);
      bench_report_end (self->report, words[0], done ? NULL : failure->message);
      if (!done)
        g_propagate_error (error, g_steal_pointer (&failure));
      return done;
    }
  g_set_error (error, BENCH_ERROR, BENCH_ERROR_USAGE, "\"%s\" is no step; there are\n%s", line,
               bench_steps_help ());
  return FALSE;
}
