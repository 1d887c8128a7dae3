/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-hub.h"
#include "sse-listener.h"
#include "sse-receiver.h"

G_BEGIN_DECLS

/**
 * SseReception:
 *
 * Takes what is posted to receivers: the update is made of it in a thread, a few at a time, and
 * published; then it is answered.
 */
typedef struct _SseReception SseReception;

SseReception *sse_reception_new      (SseHub       *hub);
void          sse_reception_free     (SseReception *self);

void          sse_reception_take     (SseReception *self,
                                      SseListener  *listener,
                                      SseReceiver  *receiver,
                                      SseUpload    *upload);
gboolean      sse_reception_is_quiet (SseReception *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SseReception, sse_reception_free)

G_END_DECLS
