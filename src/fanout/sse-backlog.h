/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-frame.h"

G_BEGIN_DECLS

/**
 * SseBacklog:
 * @held: (element-type SseFrame guint): how often each frame waits
 * @bytes: of all frames that wait, each counted once, and of their places in queues
 *
 * Counts the memory that queues cost, and who costs what of it.
 */
typedef struct
{
  GHashTable *held;
  gsize bytes;
} SseBacklog;

void  sse_backlog_init      (SseBacklog       *self);
void  sse_backlog_clear     (SseBacklog       *self);

void  sse_backlog_add       (SseBacklog       *self,
                             SseFrame         *frame);
void  sse_backlog_remove    (SseBacklog       *self,
                             SseFrame         *frame);
gsize sse_backlog_get_share (const SseBacklog *self,
                             SseFrame         *frame);

G_END_DECLS
