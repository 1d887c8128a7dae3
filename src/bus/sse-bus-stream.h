/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-bus-generated.h"
#include "sse-stream.h"

G_BEGIN_DECLS

/**
 * SseBusLiveStream:
 *
 * The Stream interface over an #SseStream: its properties are read from the stream when somebody
 * asks, so that nothing is done for them while nobody does.
 */
#define SSE_BUS_TYPE_LIVE_STREAM (sse_bus_live_stream_get_type ())
G_DECLARE_FINAL_TYPE (
    SseBusLiveStream, sse_bus_live_stream, SSE_BUS, LIVE_STREAM, SseBusStreamSkeleton)

SseBusStream *sse_bus_live_stream_new (SseStream *stream);

G_END_DECLS
