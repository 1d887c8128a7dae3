/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * BenchError:
 * @BENCH_ERROR_USAGE: what was asked for cannot be
 * @BENCH_ERROR_SERVER: the server sent what it must not, or not what it must
 * @BENCH_ERROR_SYSTEM: a call of the system failed, a connection or descriptors say
 * @BENCH_ERROR_INTERRUPTED: SIGINT or SIGTERM came
 */
typedef enum
{
  BENCH_ERROR_USAGE,
  BENCH_ERROR_SERVER,
  BENCH_ERROR_SYSTEM,
  BENCH_ERROR_INTERRUPTED,
} BenchError;

#define BENCH_ERROR (bench_error_quark ())

#define BENCH_NS_PER_MS G_GINT64_CONSTANT (1000000)
#define BENCH_NS_PER_S  G_GINT64_CONSTANT (1000000000)

GQuark   bench_error_quark          (void);
void     bench_error_set_errno      (GError     **error,
                                     const char  *format,
                                     ...) G_GNUC_PRINTF (2, 3);

void     bench_interrupt_catch      (void);
gboolean bench_interrupt_check      (GError     **error);

gint64   bench_monotonic_ns         (void);
gint64   bench_realtime_ns          (void);
gboolean bench_sleep_ms             (guint        ms,
                                     GError     **error);

G_END_DECLS
