/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-bus-generated.h"
#include "sse-counters.h"
#include "sse-log.h"

G_BEGIN_DECLS

/**
 * SseBusLiveServer:
 *
 * The Server interface over what is counted of clients, and over the log: its properties are read when somebody asks.
 */
#define SSE_BUS_TYPE_LIVE_SERVER (sse_bus_live_server_get_type ())
G_DECLARE_FINAL_TYPE (
    SseBusLiveServer, sse_bus_live_server, SSE_BUS, LIVE_SERVER, SseBusServerSkeleton)

SseBusServer *sse_bus_live_server_new (const SseCounters *counters,
                                       SseLog            *log);

G_END_DECLS
