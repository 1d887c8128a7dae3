/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "bench-crowd.h"
#include "bench-processes.h"
#include "bench-publisher.h"
#include "bench-report.h"

G_BEGIN_DECLS

/**
 * BenchSteps:
 * @crowd: (nullable): the subscribers
 * @publisher: (nullable): how to publish
 * @processes: the server's
 * @report: where figures go
 * @at_once: connections being made at a time
 * @event_bytes: bytes of a whole event as it is received, id and event type included
 * @text_bytes: bytes of the JSON that is published for one
 * @number: of the next update
 * @bus_address: (nullable): where updates are published, where that is a bus
 * @bus_name: (nullable): whom they are published to; %NULL for Rivulet
 *
 * What is measured of one server, step by step.
 */
typedef struct
{
  BenchCrowd *crowd;
  BenchPublisher *publisher;
  BenchProcesses *processes;
  BenchReport *report;
  guint at_once;
  gsize event_bytes;
  gsize text_bytes;
  guint64 number;
  const char *bus_address;
  const char *bus_name;
} BenchSteps;

const char *bench_steps_help (void);
gboolean    bench_steps_run  (BenchSteps  *self,
                              const char  *line,
                              GError     **error);

G_END_DECLS
