/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-store-writer.h"

G_BEGIN_DECLS

/**
 * SseStoreOutbox:
 *
 * Jobs on their way to the writer: what comes at once goes in one commit, and what nobody waits for
 * goes along with it. It belongs to the main context that it was made in.
 */
typedef struct _SseStoreOutbox SseStoreOutbox;

SseStoreOutbox *sse_store_outbox_new   (void);
void            sse_store_outbox_free  (SseStoreOutbox *self);

void            sse_store_outbox_start (SseStoreOutbox *self,
                                        SseStoreWriter *writer);
void            sse_store_outbox_add   (SseStoreOutbox *self,
                                        SseStoreJob    *job);
void            sse_store_outbox_post  (SseStoreOutbox *self,
                                        SseStoreJob    *job);
void            sse_store_outbox_flush (SseStoreOutbox *self);

G_END_DECLS
