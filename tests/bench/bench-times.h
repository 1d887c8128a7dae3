/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * BenchTimes:
 * @median: of all
 * @p99: the 99th percentile
 * @worst: the greatest
 *
 * What many times in ns come to; all 0 where there were none.
 */
typedef struct
{
  gint64 median;
  gint64 p99;
  gint64 worst;
} BenchTimes;

void bench_times_of (gint64     *ns,
                     guint       n,
                     BenchTimes *times);

G_END_DECLS
