/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-processes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench-error.h"

/* A server that stands still takes less than this part of a processor. */
#define STILL_PART 50
/* How often one that may stand still is looked at. */
#define LOOK_MS 2

struct _BenchProcesses
{
  GArray *roots; /* pid_t */
  GArray *all;   /* pid_t */
};

BenchProcesses *
bench_processes_new (void)
{
  BenchProcesses *self = g_new0 (BenchProcesses, 1);

  self->roots = g_array_new (FALSE, FALSE, sizeof (pid_t));
  self->all = g_array_new (FALSE, FALSE, sizeof (pid_t));
  return self;
}

void
bench_processes_free (BenchProcesses *self)
{
  g_array_unref (self->roots);
  g_array_unref (self->all);
  g_free (self);
}

void
bench_processes_add (BenchProcesses *self, pid_t pid)
{
  g_array_append_val (self->roots, pid);
}

/**
 * bench_processes_any:
 *
 * Returns: whether a process was named at all
 */
gboolean
bench_processes_any (BenchProcesses *self)
{
  return self->roots->len > 0;
}

static void
add_children_of_thread (BenchProcesses *self, pid_t pid, const char *thread)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/task/%s/children", (int) pid, thread);
  g_autofree char *text = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return;
  g_auto (GStrv) words = g_strsplit (g_strstrip (text), " ", -1);
  for (gsize i = 0; words[i] != NULL; i++)
    {
      pid_t child = (pid_t) atoi (words[i]);
      if (child > 0)
        g_array_append_val (self->all, child);
    }
}

/* A server may start processes at any time: the list is made anew whenever it is used. */
static void
refresh (BenchProcesses *self)
{
  g_array_set_size (self->all, 0);
  g_array_append_vals (self->all, self->roots->data, self->roots->len);
  for (guint i = 0; i < self->all->len; i++)
    {
      pid_t pid = g_array_index (self->all, pid_t, i);
      g_autofree char *path = g_strdup_printf ("/proc/%d/task", (int) pid);
      g_autoptr (GDir) threads = g_dir_open (path, 0, NULL);
      const char *thread;
      while (threads != NULL && (thread = g_dir_read_name (threads)) != NULL)
        add_children_of_thread (self, pid, thread);
    }
}

/* The clock of a process counts what the first field of schedstat does of all its threads, in ns,
 * and those that have ended as well. */
static gboolean
cpu_of (pid_t pid, gint64 *ns, GError **error)
{
  clockid_t clock;
  struct timespec time;
  int failed = clock_getcpuclockid (pid, &clock);

  if (failed == 0 && clock_gettime (clock, &time) != 0)
    failed = errno;
  if (failed != 0)
    {
      g_set_error (error, BENCH_ERROR, BENCH_ERROR_SYSTEM, "the time of process %d: %s", (int) pid,
                   failed == ESRCH ? "it has ended" : g_strerror (failed));
      return FALSE;
    }
  *ns += time.tv_sec * BENCH_NS_PER_S + time.tv_nsec;
  return TRUE;
}

static gboolean
cpu_of_all (BenchProcesses *self, gint64 *ns, GError **error)
{
  *ns = 0;
  for (guint i = 0; i < self->all->len; i++)
    if (!cpu_of (g_array_index (self->all, pid_t, i), ns, error))
      return FALSE;
  return TRUE;
}

/**
 * bench_processes_cpu:
 * @ns: (out): time that they have spent on processors
 * @error: (out) (optional): set to #BENCH_ERROR_SYSTEM where one has ended
 */
gboolean
bench_processes_cpu (BenchProcesses *self, gint64 *ns, GError **error)
{
  refresh (self);
  return cpu_of_all (self, ns, error);
}

static gboolean
memory_of (pid_t pid, gint64 *bytes, GError **error)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/smaps_rollup", (int) pid);
  g_autofree char *text = NULL;

  if (!g_file_get_contents (path, &text, NULL, error))
    return FALSE;
  const char *line = strstr (text, "\nPrivate_Dirty:");
  if (line == NULL)
    {
      g_set_error (error, BENCH_ERROR, BENCH_ERROR_SYSTEM, "%s has no Private_Dirty", path);
      return FALSE;
    }
  *bytes += g_ascii_strtoll (line + strlen ("\nPrivate_Dirty:"), NULL, 10) * 1024;
  return TRUE;
}

/**
 * bench_processes_memory:
 * @bytes: (out): memory that each of them has written to and shares with no other process
 * @error: (out) (optional): set where one has ended or may not be looked at
 */
gboolean
bench_processes_memory (BenchProcesses *self, gint64 *bytes, GError **error)
{
  refresh (self);
  *bytes = 0;
  for (guint i = 0; i < self->all->len; i++)
    if (!memory_of (g_array_index (self->all, pid_t, i), bytes, error))
      return FALSE;
  return TRUE;
}

/**
 * bench_processes_wait_still:
 * @ms: how long they must have done next to nothing
 * @bound_ms: how long to wait at most; one that never stands still is no error
 * @error: (out) (optional): set where one has ended, or a signal came
 *
 * Sleeps until the processes stand still.
 */
gboolean
bench_processes_wait_still (BenchProcesses *self, guint ms, guint bound_ms, GError **error)
{
  gint64 start = bench_monotonic_ns ();
  gint64 since = start;
  gint64 then;

  if (!bench_processes_cpu (self, &then, error))
    return FALSE;
  for (gint64 now = start; now - start < (gint64) bound_ms * BENCH_NS_PER_MS;)
    {
      gint64 spent;
      if (!bench_sleep_ms (LOOK_MS, error) || !cpu_of_all (self, &spent, error))
        return FALSE;
      now = bench_monotonic_ns ();
      if ((spent - then) * STILL_PART > (gint64) ms * BENCH_NS_PER_MS)
        {
          then = spent;
          since = now;
        }
      else if (now - since >= (gint64) ms * BENCH_NS_PER_MS)
        return TRUE;
    }
  return TRUE;
}
