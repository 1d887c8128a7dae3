/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-fanout.h"
#include "sse-mailbox.h"

G_BEGIN_DECLS

/**
 * SseWorker:
 *
 * A thread that owns clients' sockets and carries out commands about them, in order.
 */
typedef struct _SseWorker SseWorker;

SseWorker *sse_worker_new              (const SseFanoutOptions *options,
                                        guint                   number,
                                        SseMailbox             *notes,
                                        GError                **error);
void       sse_worker_post             (SseWorker              *self,
                                        SseMailList            *commands);
void       sse_worker_free             (SseWorker              *self);
guint64    sse_worker_get_queued_bytes (const SseWorker        *self,
                                        guint                   channel);

G_END_DECLS
