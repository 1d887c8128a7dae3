/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-process.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* In /proc/self/stat, counted from behind the name: proc_pid_stat(5), field 22. */
#define START_FIELD 19

static double
get_clock (clockid_t clock)
{
  struct timespec now = { 0 };

  clock_gettime (clock, &now);
  return (double) now.tv_sec + (double) now.tv_nsec / 1e9;
}

/**
 * sse_process_read_start:
 *
 * To be read once: the clock may be set later, and the process began when it began.
 *
 * Returns: when, in seconds since 1970 UTC, to the kernel's tick; now where /proc does not say it
 */
double
sse_process_read_start (void)
{
  double now = get_clock (CLOCK_REALTIME);
  g_autofree char *text = NULL;
  g_auto (GStrv) fields = NULL;
  const char *behind_name;
  guint64 ticks;

  if (!g_file_get_contents ("/proc/self/stat", &text, NULL, NULL))
    return now;
  behind_name = strrchr (text, ')');
  if (behind_name == NULL || !g_str_has_prefix (behind_name, ") "))
    return now;
  fields = g_strsplit (behind_name + 2, " ", -1);
  if (g_strv_length (fields) <= START_FIELD
      || !g_ascii_string_to_unsigned (fields[START_FIELD], 10, 0, G_MAXUINT64, &ticks, NULL))
    return now;
  /* Without /proc/stat, which the service does not see, that is how the boot's time is known. */
  return now - get_clock (CLOCK_BOOTTIME) + (double) ticks / (double) sysconf (_SC_CLK_TCK);
}

static void
expose_one (
    SseExposition *out, const char *name, SseMetricType type, const char *help, double value)
{
  sse_exposition_begin (out, name, type, help);
  sse_exposition_add (out, value, NULL);
}

static void
expose_memory (SseExposition *out)
{
  g_autofree char *text = NULL;
  unsigned long size, resident;
  double page = (double) sysconf (_SC_PAGESIZE);

  if (!g_file_get_contents ("/proc/self/statm", &text, NULL, NULL)
      || sscanf (text, "%lu %lu", &size, &resident) != 2)
    return;
  expose_one (out, "process_virtual_memory_bytes", SSE_METRIC_GAUGE,
              "Virtual memory size in bytes.", (double) size * page);
  expose_one (out, "process_resident_memory_bytes", SSE_METRIC_GAUGE,
              "Resident memory size in bytes.", (double) resident * page);
}

/* Listing them would be a loop over all clients. Linux 6.2 and later say how many there are;
 * before, that is left out. */
static void
expose_descriptors (SseExposition *out)
{
  struct rlimit limit;
  struct stat folder;

  if (stat ("/proc/self/fd", &folder) == 0 && folder.st_size > 0)
    expose_one (out, "process_open_fds", SSE_METRIC_GAUGE, "Number of open file descriptors.",
                (double) folder.st_size);
  if (getrlimit (RLIMIT_NOFILE, &limit) == 0)
    expose_one (out, "process_max_fds", SSE_METRIC_GAUGE,
                "Maximum number of open file descriptors.", (double) limit.rlim_cur);
}

/**
 * sse_process_expose:
 * @start: what sse_process_read_start() gave
 *
 * Adds the metrics; those that can't be read are left out.
 */
void
sse_process_expose (SseExposition *out, double start)
{
  expose_one (out, "process_cpu_seconds_total", SSE_METRIC_COUNTER,
              "Total user and system CPU time spent in seconds.",
              get_clock (CLOCK_PROCESS_CPUTIME_ID));
  expose_memory (out);
  expose_descriptors (out);
  expose_one (out, "process_start_time_seconds", SSE_METRIC_GAUGE,
              "Start time of the process since unix epoch in seconds.", start);
}
