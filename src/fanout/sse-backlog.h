/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdatomic.h>

#include "sse-frame.h"

G_BEGIN_DECLS

/**
 * SseBacklog:
 * @bytes: of all frames that wait in queues, each counted once however many wait for it, and of
 *   their places there
 * @bound: what @bytes shall not stay above
 *
 * The memory that slow clients cost, of all workers together. In any thread.
 */
typedef struct
{
  atomic_size_t bytes;
  gsize bound;
} SseBacklog;

void     sse_backlog_init    (SseBacklog       *self,
                              gsize             bound);
void     sse_backlog_add     (SseBacklog       *self,
                              SseFrame         *frame);
void     sse_backlog_remove  (SseBacklog       *self,
                              SseFrame         *frame);
gboolean sse_backlog_is_over (const SseBacklog *self);

G_END_DECLS
