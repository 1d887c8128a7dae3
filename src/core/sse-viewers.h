/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-newcomer.h"

G_BEGIN_DECLS

/**
 * SseViewers:
 *
 * The clients of one stream and what they are shown: its views, rendered in turns that are some
 * time apart, once for all who see the same; and the newcomers, who join when what they must get
 * first is rendered.
 */
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
void        sse_viewers_send      (SseViewers          *self,
                                   const char          *user,
                                   SseFrame            *frame,
                                   SseFrame            *prefixed);
void        sse_viewers_subscribe (SseViewers          *self,
                                   const SseSubscriber *subscriber);
void        sse_viewers_end_user  (SseViewers          *self,
                                   const char          *user);
void        sse_viewers_end_all   (SseViewers          *self);
void        sse_viewers_leave     (SseViewers          *self,
                                   guint                channel,
                                   const char          *user);
guint       sse_viewers_get_count (SseViewers          *self);
const GArray *
            sse_viewers_get_places
                                  (SseViewers          *self);

/* For those who follow several streams: they come in by another entrance than the stream's own. */
void        sse_viewers_enter     (SseViewers          *self,
                                   guint                channel,
                                   guint                number,
                                   const char          *user,
                                   SsePart             *part);
gboolean    sse_viewers_can_join  (SseViewers          *self,
                                   SseAudience         *audience);
gboolean    sse_viewers_refresh   (SseViewers          *self,
                                   guint32              number);
SseAudience *sse_viewers_see      (SseViewers          *self,
                                   SseAudience         *audience);
void        sse_viewers_look_away (SseViewers          *self,
                                   SseAudience         *seen);

G_END_DECLS
