/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

/**
 * SseEventsCount:
 *
 * The source of `events-count`.
 */
#define SSE_TYPE_EVENTS_COUNT (sse_events_count_get_type ())
G_DECLARE_FINAL_TYPE (SseEventsCount, sse_events_count, SSE, EVENTS_COUNT, GObject)

G_END_DECLS
