/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-counters.h"
#include "sse-hub.h"

G_BEGIN_DECLS

char *sse_metrics_render (SseHub            *hub,
                          const SseCounters *clients,
                          double             start);

G_END_DECLS
