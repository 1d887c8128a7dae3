/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-newcomer.h"

G_BEGIN_DECLS

/* Different ones that clients follow at once, at most. */
#define SSE_COMBINATION_MAX 256

/* Of these, those that one user was the first to follow, at most: there is room for others. */
#define SSE_COMBINATION_MAX_OF_USER 32

/* Each stream of one is a part of its channel. */
G_STATIC_ASSERT (SSE_HUB_MAX_COMBINED <= SSE_FANOUT_MAX_PARTS);

/**
 * SseCombinations:
 *
 * All combinations of streams that are followed on one connection. Each is a channel of the fan-out
 * to which all of its streams send, and there as long as somebody follows it or is about to: so a
 * client that follows several is one of one channel, gets what they send in order, and is written to
 * once for all of them. A combination's newcomers join in turns of their own, in
 * which the views of all their streams are rendered at once, as those of the streams come when
 * they do.
 */
SseCombinations *sse_combinations_new        (SseStreamHost       *host,
                                              guint                first_channel);
void             sse_combinations_stop       (SseCombinations     *self);
void             sse_combinations_free       (SseCombinations     *self);

SseCombination  *sse_combinations_take       (SseCombinations     *self,
                                              GPtrArray           *streams,
                                              const char          *user);
SseCombination  *sse_combinations_find       (SseCombinations     *self,
                                              guint                channel);
void             sse_combinations_subscribe  (SseCombinations     *self,
                                              SseCombination      *combination,
                                              GPtrArray           *streams,
                                              const SseSubscriber *subscriber);
void             sse_combinations_send       (SseCombinations     *self,
                                              guint                channel,
                                              const char          *user,
                                              SseFrame            *frame);
void             sse_combinations_flush      (SseCombinations     *self,
                                              const char          *user);
guint            sse_combinations_get_surplus
                                             (SseCombinations     *self);
void             sse_combinations_end_user   (SseCombinations     *self,
                                              const char          *user);
void             sse_combinations_end_channel
                                             (SseCombinations     *self,
                                              guint                channel);
void             sse_combinations_settle     (SseCombinations     *self);
gboolean         sse_combinations_are_settled
                                             (SseCombinations     *self);

GPtrArray       *sse_combination_get_streams (SseCombination      *self);
void             sse_combination_client_left (SseCombination      *self,
                                              const char          *user,
                                              SseCloseReason       reason);

G_END_DECLS
