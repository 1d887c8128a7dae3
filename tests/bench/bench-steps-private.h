/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bench-steps.h"

G_BEGIN_DECLS

/* How long no answer and no event may come. */
#define BENCH_STEPS_ANSWER_MS  120000
#define BENCH_STEPS_MISSING_MS 5000

gboolean bench_steps_need         (gboolean     there,
                                   const char  *what,
                                   GError     **error);
gboolean bench_steps_cpu          (BenchSteps  *self,
                                   gint64      *ns,
                                   GError     **error);
void     bench_steps_add_cpu      (BenchSteps  *self,
                                   const char  *name,
                                   gint64       ns,
                                   double       count);
void     bench_steps_add_times    (BenchSteps       *self,
                                   const char       *name,
                                   const BenchTimes *times);
gboolean bench_steps_wait_settled (BenchSteps  *self,
                                   GError     **error);
gboolean bench_steps_send_each    (BenchSteps  *self,
                                   GPtrArray   *updates,
                                   GError     **error);

/* Steps of clients that leave and come back. */
gboolean bench_steps_leave        (BenchSteps  *self,
                                   double       unused,
                                   GError     **error);
gboolean bench_steps_miss         (BenchSteps  *self,
                                   double       n,
                                   GError     **error);
gboolean bench_steps_return       (BenchSteps  *self,
                                   double       unused,
                                   GError     **error);
gboolean bench_steps_storm        (BenchSteps  *self,
                                   double       n,
                                   GError     **error);
gboolean bench_steps_calls        (BenchSteps  *self,
                                   double       n,
                                   GError     **error);

G_END_DECLS
