/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "sse-histogram.h"

G_BEGIN_DECLS

#define SSE_EXPOSITION_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

typedef enum
{
  SSE_METRIC_COUNTER,
  SSE_METRIC_GAUGE,
  SSE_METRIC_HISTOGRAM,
} SseMetricType;

/**
 * SseExposition:
 * @text: what was written
 * @name: (not owned): of the metric that values are added to
 *
 * Metrics in Prometheus' text format, version 0.0.4.
 */
typedef struct
{
  GString *text;
  const char *name;
} SseExposition;

void sse_exposition_begin         (SseExposition      *self,
                                   const char         *name,
                                   SseMetricType       type,
                                   const char         *help);
void sse_exposition_add           (SseExposition      *self,
                                   double              value,
                                   ...) G_GNUC_NULL_TERMINATED;
void sse_exposition_add_histogram (SseExposition      *self,
                                   const SseHistogram *histogram);

G_END_DECLS
