/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-slice.h"

G_BEGIN_DECLS

/**
 * SseRing:
 *
 * The most recent appended events of one stream, as frames, for clients that resume; bounded in
 * number and bytes.
 */
typedef struct _SseRing SseRing;

SseRing *sse_ring_new              (guint          max_events,
                                    gsize          max_bytes);
void     sse_ring_free             (SseRing       *self);
void     sse_ring_begin            (SseRing       *self,
                                    guint64        after);
void     sse_ring_push             (SseRing       *self,
                                    guint64        position,
                                    const char    *audience,
                                    SseFrame      *frame,
                                    SseFrame      *prefixed,
                                    guint64        kept);
gboolean sse_ring_covers           (const SseRing *self,
                                    guint64        position);
guint64  sse_ring_get_bytes_behind (const SseRing *self,
                                    guint64        position);
gboolean sse_ring_collect          (SseRing       *self,
                                    guint64       *position,
                                    const char    *user,
                                    gsize          max_bytes,
                                    const char    *prefix,
                                    SseSlice      *slice);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SseRing, sse_ring_free)

G_END_DECLS
