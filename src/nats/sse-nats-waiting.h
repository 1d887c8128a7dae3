/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-nats-publisher.h"

G_BEGIN_DECLS

/**
 * SseNatsWaiting:
 *
 * This node's updates that were sent and have not been read back. In the main thread.
 */
typedef struct _SseNatsWaiting SseNatsWaiting;

SseNatsWaiting *sse_nats_waiting_new             (SseMailbox           *publisher,
                                                  guint                 deadline_ms,
                                                  gsize                 max_bytes);
void            sse_nats_waiting_send            (SseNatsWaiting       *self,
                                                  GPtrArray            *updates,
                                                  guint64               sequence);
void            sse_nats_waiting_post            (SseNatsWaiting       *self,
                                                  guint64               sequence);
void            sse_nats_waiting_limit           (SseNatsWaiting       *self,
                                                  gsize                 max_bytes);
GPtrArray      *sse_nats_waiting_take            (SseNatsWaiting       *self,
                                                  const char           *id,
                                                  guint                 n_updates);
gboolean        sse_nats_waiting_mark_unsent     (SseNatsWaiting       *self,
                                                  const char           *id);
void            sse_nats_waiting_mark_all_unsent (SseNatsWaiting       *self);
GPtrArray      *sse_nats_waiting_look            (SseNatsWaiting       *self,
                                                  guint64               sequence);
gboolean        sse_nats_waiting_is_empty        (const SseNatsWaiting *self);
void            sse_nats_waiting_free            (SseNatsWaiting       *self);

G_END_DECLS
