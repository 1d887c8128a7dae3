/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-counters.h"
#include "sse-source.h"

G_BEGIN_DECLS

/**
 * SseStream:
 *
 * One source with what the hub keeps for it: its rendered views, its ring of recent frames and its
 * clients by user. A stream whose source could not be used, or cannot be relied on any more, is
 * disabled: it has a name and a reason, and takes neither updates nor clients.
 *
 * Its signal `changed` tells that something of it may have: its state, its position, its clients.
 * It comes often.
 */
#define SSE_TYPE_STREAM (sse_stream_get_type ())
G_DECLARE_FINAL_TYPE (SseStream, sse_stream, SSE, STREAM, GObject)

const char *sse_stream_get_name     (SseStream *self);
const char *sse_stream_get_path     (SseStream *self);
const char *sse_stream_get_plugin   (SseStream *self);
const char *sse_stream_get_error    (SseStream *self);
gboolean    sse_stream_is_enabled   (SseStream *self);
SseSource  *sse_stream_get_source   (SseStream *self);
guint       sse_stream_get_clients  (SseStream *self);
guint64     sse_stream_get_position (SseStream *self);
guint64     sse_stream_get_queued   (SseStream *self);
const SseStreamCounters *
            sse_stream_get_counters (SseStream *self);

gboolean    sse_stream_configure    (SseStream *self,
                                     GVariant  *settings,
                                     GError   **error);

G_END_DECLS
