/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * BenchReport:
 *
 * What a step found, printed to stdout: for people, or one JSON object in a line:
 * `{"step":"connect","figures":{"cpu-per-connect":41.7}}`, with `"error"` where it failed. Times
 * are in µs, memory in bytes.
 */
typedef struct _BenchReport BenchReport;

BenchReport *bench_report_new  (gboolean     json);
void         bench_report_free (BenchReport *self);
void         bench_report_add  (BenchReport *self,
                                const char  *name,
                                double       value,
                                const char  *unit);
void         bench_report_end  (BenchReport *self,
                                const char  *step,
                                const char  *failure);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BenchReport, bench_report_free)

G_END_DECLS
