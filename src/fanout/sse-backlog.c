/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-backlog.h"

/* What a frame's place in a queue takes, beside the frame: a pointer and a view's number. */
#define PLACE_BYTES (2 * sizeof (gpointer))

static gsize
frame_bytes (const SseFrame *frame)
{
  gsize length;

  sse_frame_get_bytes (frame, TRUE, &length);
  return length;
}

void
sse_backlog_init (SseBacklog *self)
{
  self->held = g_hash_table_new (NULL, NULL);
  self->bytes = 0;
}

void
sse_backlog_clear (SseBacklog *self)
{
  g_hash_table_unref (self->held);
}

/* @frame waits in one more queue. No reference is taken. */
void
sse_backlog_add (SseBacklog *self, SseFrame *frame)
{
  guint n = GPOINTER_TO_UINT (g_hash_table_lookup (self->held, frame));

  g_hash_table_insert (self->held, frame, GUINT_TO_POINTER (n + 1));
  self->bytes += PLACE_BYTES + (n == 0 ? frame_bytes (frame) : 0);
}

/* @frame waits in one queue less. */
void
sse_backlog_remove (SseBacklog *self, SseFrame *frame)
{
  guint n = GPOINTER_TO_UINT (g_hash_table_lookup (self->held, frame));

  g_hash_table_insert (self->held, frame, GUINT_TO_POINTER (n - 1));
  self->bytes -= PLACE_BYTES + (n == 1 ? frame_bytes (frame) : 0);
}

/**
 * sse_backlog_get_share:
 * @frame: a frame that waits
 *
 * Returns: the bytes that one of those who it waits for costs
 */
gsize
sse_backlog_get_share (const SseBacklog *self, SseFrame *frame)
{
  guint n = GPOINTER_TO_UINT (g_hash_table_lookup (self->held, frame));

  return PLACE_BYTES + (n > 0 ? frame_bytes (frame) / n : 0);
}
