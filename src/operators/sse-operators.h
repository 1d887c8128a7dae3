/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-counters.h"
#include "sse-front.h"

G_BEGIN_DECLS

/**
 * SseOperators:
 *
 * Where those who run the daemon see how it is: `/healthz`, `/readyz` and `/metrics`, and a page at
 * `/`, on a listener of their own that no crowd of clients can fill.
 */
typedef struct _SseOperators SseOperators;

SseOperators *sse_operators_new           (SseHub            *hub,
                                           SseFront          *front,
                                           const SseCounters *clients,
                                           GPtrArray         *bound,
                                           GError           **error);
void          sse_operators_free          (SseOperators      *self);
void          sse_operators_configure     (SseOperators      *self,
                                           GVariant          *http,
                                           GVariant          *operators);
void          sse_operators_tell_stopping (SseOperators      *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SseOperators, sse_operators_free)

G_END_DECLS
