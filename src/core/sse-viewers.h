/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-ring.h"
#include "sse-stream-private.h"

G_BEGIN_DECLS

/**
 * SseViewers:
 *
 * The clients of one stream and what they are shown: its views, rendered in turns that are some
 * time apart, once for all who see the same; and the newcomers, who join when what they must get
 * first is rendered.
 */
typedef struct _SseViewers SseViewers;

SseViewers *sse_viewers_new       (SseSource           *source,
                                   SseRing             *ring,
                                   guint                channel,
                                   SseStreamHost       *host);
void        sse_viewers_free      (SseViewers          *self);

void        sse_viewers_touch     (SseViewers          *self,
                                   const char          *user,
                                   guint                view,
                                   SseTouch             touch);
void        sse_viewers_settle    (SseViewers          *self);
gboolean    sse_viewers_are_settled
                                  (SseViewers          *self);
void        sse_viewers_subscribe (SseViewers          *self,
                                   const SseSubscriber *subscriber);
void        sse_viewers_end_user  (SseViewers          *self,
                                   const char          *user);
void        sse_viewers_leave     (SseViewers          *self,
                                   const char          *user);
guint       sse_viewers_get_count (SseViewers          *self);

G_END_DECLS
