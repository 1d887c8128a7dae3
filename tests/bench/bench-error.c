/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-error.h"

#include <errno.h>
#include <signal.h>
#include <time.h>

static volatile sig_atomic_t interrupted;

GQuark
bench_error_quark (void)
{
  return g_quark_from_static_string ("bench-error-quark");
}

/**
 * bench_error_set_errno:
 * @error: (out) (optional): set to #BENCH_ERROR_SYSTEM
 * @format: what failed; the reason follows, from errno
 */
void
bench_error_set_errno (GError **error, const char *format, ...)
{
  int code = errno;
  va_list arguments;

  va_start (arguments, format);
  g_autofree char *what = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_set_error (error, BENCH_ERROR, BENCH_ERROR_SYSTEM, "%s: %s", what, g_strerror (code));
}

static void
on_signal (int number)
{
  interrupted = 1;
}

/**
 * bench_interrupt_catch:
 *
 * From now on SIGINT and SIGTERM interrupt the call that waits, instead of ending the process.
 */
void
bench_interrupt_catch (void)
{
  struct sigaction action = { .sa_handler = on_signal };

  sigaction (SIGINT, &action, NULL);
  sigaction (SIGTERM, &action, NULL);
  signal (SIGPIPE, SIG_IGN);
}

/**
 * bench_interrupt_check:
 * @error: (out) (optional): set to #BENCH_ERROR_INTERRUPTED where a signal came
 *
 * Returns: %TRUE where none came
 */
gboolean
bench_interrupt_check (GError **error)
{
  if (!interrupted)
    return TRUE;
  g_set_error_literal (error, BENCH_ERROR, BENCH_ERROR_INTERRUPTED, "interrupted");
  return FALSE;
}

static gint64
clock_ns (clockid_t id)
{
  struct timespec now;

  clock_gettime (id, &now);
  return now.tv_sec * BENCH_NS_PER_S + now.tv_nsec;
}

/**
 * bench_monotonic_ns:
 *
 * Returns: ns on a clock that only goes forward
 */
gint64
bench_monotonic_ns (void)
{
  return clock_ns (CLOCK_MONOTONIC);
}

/**
 * bench_realtime_ns:
 *
 * Returns: ns since 1970 UTC, the clock that the kernel stamps arriving packets with
 */
gint64
bench_realtime_ns (void)
{
  return clock_ns (CLOCK_REALTIME);
}

/**
 * bench_sleep_ms:
 * @ms: how long
 * @error: (out) (optional): set to #BENCH_ERROR_INTERRUPTED where a signal ended it
 *
 * Returns: %TRUE where the time passed
 */
gboolean
bench_sleep_ms (guint ms, GError **error)
{
  struct timespec time = { .tv_sec = ms / 1000, .tv_nsec = (ms % 1000) * BENCH_NS_PER_MS };

  if (!bench_interrupt_check (error))
    return FALSE;
  nanosleep (&time, NULL);
  return bench_interrupt_check (error);
}
