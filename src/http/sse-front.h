/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-counters.h"
#include "sse-hub.h"
#include "sse-token.h"

G_BEGIN_DECLS

/**
 * SseFront:
 *
 * Where HTTP comes in: it gives streams their clients, and receivers what is posted to them.
 */
typedef struct _SseFront SseFront;

SseFront          *sse_front_new           (SseHub      *hub,
                                            SseToken    *token,
                                            GVariant    *settings,
                                            SseCounters *counters,
                                            GError     **error);
void               sse_front_free          (SseFront    *self);
void               sse_front_configure     (SseFront    *self,
                                            SseToken    *token,
                                            GVariant    *settings);

gboolean           sse_front_start         (SseFront    *self,
                                            GPtrArray   *sockets,
                                            GError     **error);
void               sse_front_stop          (SseFront    *self);
gboolean           sse_front_is_quiet      (SseFront    *self);
const char *const *sse_front_get_addresses (SseFront    *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SseFront, sse_front_free)

G_END_DECLS
