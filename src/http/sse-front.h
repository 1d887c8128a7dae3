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

gboolean           sse_front_check         (GVariant    *settings,
                                            const char **key,
                                            GError     **error);

SseFront          *sse_front_new           (SseHub      *hub,
                                            SseToken    *token,
                                            GVariant    *settings,
                                            SseCounters *counters,
                                            GError     **error);
void               sse_front_free          (SseFront    *self);

gboolean           sse_front_start         (SseFront    *self,
                                            GError     **error);
const char *const *sse_front_get_addresses (SseFront    *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SseFront, sse_front_free)

G_END_DECLS
