/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <sys/uio.h>

#include "sse-backlog.h"

G_BEGIN_DECLS

/**
 * SseEntry:
 * @frame: (nullable): the frame; %NULL where a newer one has taken its place further back
 * @view: what it is a view of; %SSE_FANOUT_NO_VIEW for what no other frame replaces
 */
typedef struct
{
  SseFrame *frame;
  guint view;
} SseEntry;

/**
 * SseQueue:
 *
 * The frames that wait for one client, of which the first may be partly written. %NULL is the empty
 * queue: a client for which nothing waits needs no memory for it.
 */
typedef struct _SseQueue SseQueue;

gboolean sse_queue_push      (SseQueue        **self,
                              SseFrame         *frame,
                              guint             view,
                              gboolean          chunked,
                              gsize             bound);
void     sse_queue_exempt    (SseQueue         *self);
guint    sse_queue_peek      (const SseQueue   *self,
                              gboolean          chunked,
                              struct iovec     *iov,
                              guint             max,
                              gsize            *total);
void     sse_queue_drop      (SseQueue        **self,
                              gboolean          chunked,
                              gsize             written);
void     sse_queue_clear     (SseQueue        **self);
gsize    sse_queue_get_bytes (const SseQueue   *self);

void     sse_queue_count     (const SseQueue   *self,
                              SseBacklog       *backlog);
void     sse_queue_discount  (const SseQueue   *self,
                              SseBacklog       *backlog);
gsize    sse_queue_get_cost  (const SseQueue   *self,
                              const SseBacklog *backlog);

G_END_DECLS
