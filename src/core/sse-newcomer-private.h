/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-newcomer.h"

G_BEGIN_DECLS

/* What giving it what it missed and letting it join have in common. */

gboolean   sse_newcomer_starts_afresh (SseNewcomer   *self);
guint64    sse_newcomer_get_start     (SseNewcomer   *self,
                                       const SsePart *part);
void       sse_newcomer_collect       (SseNewcomer   *self,
                                       gsize          max_bytes);
GPtrArray *sse_newcomer_begin_slice   (SseNewcomer   *self);
void       sse_newcomer_feed          (SseNewcomer   *self,
                                       GPtrArray     *frames);

G_END_DECLS
