/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-hub.h"

G_BEGIN_DECLS

/**
 * SseForerunners:
 *
 * Clients that have more than was applied here: of another node, where several share a log. They
 * wait until this one has it too, so that none is served what is older than what it has.
 */
typedef struct _SseForerunners SseForerunners;

/**
 * SseForerunnersLet:
 * @stream: (nullable) (transfer none): what it follows, where that is one
 * @combination: (nullable) (transfer full): what lets it follow @streams, where it is not
 * @subscriber: as it came; its socket and its ticket are taken
 *
 * Lets one of them in.
 */
typedef void (*SseForerunnersLet) (SseStream           *stream,
                                   SseCombination      *combination,
                                   GPtrArray           *streams,
                                   const SseSubscriber *subscriber,
                                   gpointer             user_data);

SseForerunners *sse_forerunners_new        (SseForerunnersLet     let,
                                            gpointer              user_data);
void            sse_forerunners_hold       (SseForerunners       *self,
                                            guint64               position,
                                            SseStream            *stream,
                                            SseCombination       *combination,
                                            GPtrArray            *streams,
                                            const SseSubscriber  *subscriber);
void            sse_forerunners_let        (SseForerunners       *self,
                                            guint64               position);
void            sse_forerunners_take_end   (SseForerunners       *self,
                                            guint64               position,
                                            gint64                now);
void            sse_forerunners_end_user   (SseForerunners       *self,
                                            const char           *user);
void            sse_forerunners_close      (SseForerunners       *self);
guint           sse_forerunners_get_length (const SseForerunners *self);
void            sse_forerunners_free       (SseForerunners       *self);

G_END_DECLS
