/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-backlog.h"

/* What a frame's place in a queue takes, beside the frame: a pointer and a view's number. */
#define PLACE_BYTES (2 * sizeof (gpointer))

/**
 * sse_backlog_init:
 * @bound: in bytes
 */
void
sse_backlog_init (SseBacklog *self, gsize bound)
{
  atomic_init (&self->bytes, 0);
  self->bound = bound;
}

/* @frame goes into a queue; a reference is taken. */
void
sse_backlog_add (SseBacklog *self, SseFrame *frame)
{
  atomic_fetch_add_explicit (&self->bytes, PLACE_BYTES + sse_frame_hold (frame),
                             memory_order_relaxed);
}

/* @frame leaves a queue; the reference is dropped. */
void
sse_backlog_remove (SseBacklog *self, SseFrame *frame)
{
  atomic_fetch_sub_explicit (&self->bytes, PLACE_BYTES + sse_frame_let_go (frame),
                             memory_order_relaxed);
}

/**
 * sse_backlog_is_over:
 *
 * Returns: whether more waits than the bound allows
 */
gboolean
sse_backlog_is_over (const SseBacklog *self)
{
  return atomic_load_explicit (&self->bytes, memory_order_relaxed) > self->bound;
}
