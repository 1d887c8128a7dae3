/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-nats-epoch.h"
#include "sse-nats-link.h"
#include "sse-nats-mark.h"
#include "sse-nats-presence.h"
#include "sse-nats-recent.h"

G_BEGIN_DECLS

typedef struct _SseNatsFollower SseNatsFollower;

SseNatsFollower *sse_nats_follower_new  (SseNatsLink         *link,
                                         SseNatsMark         *mark,
                                         SseNatsPresence     *presence,
                                         const SseNatsEpoch  *epoch,
                                         guint64              sequence,
                                         GError             **error);
void             sse_nats_follower_ask  (SseNatsFollower     *self,
                                         gboolean             doubtful);
SseNatsFound     sse_nats_follower_check
                                        (SseNatsFollower     *self,
                                         SseNatsReview       *review,
                                         GError             **error);
void             sse_nats_follower_free (SseNatsFollower     *self);

G_END_DECLS
