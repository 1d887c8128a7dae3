/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-queue.h"

#include <string.h>

#include "sse-fanout.h"

#define MIN_CAPACITY 4

struct _SseQueue
{
  gsize bytes;   /* not yet written */
  gsize exempt;  /* the first of these: not counted in the bound */
  gsize viewed;  /* of views of which nothing is written: not counted either */
  gsize offset;  /* written of the first frame */
  guint64 views; /* bit V: a frame of view V waits of which nothing is written */
  guint head;
  guint tail;
  guint capacity;
  SseEntry entries[];
};

static gsize
frame_length (const SseFrame *frame, gboolean chunked)
{
  gsize length;

  sse_frame_get_bytes (frame, chunked, &length);
  return length;
}

/* Views beyond the bits have none, and are always looked for. */
static guint64
view_bit (guint view)
{
  return view < 64 ? G_GUINT64_CONSTANT (1) << view : 0;
}

static SseQueue *
make_room (SseQueue *self)
{
  guint capacity = MIN_CAPACITY;

  if (self == NULL)
    {
      self = g_malloc (G_STRUCT_OFFSET (SseQueue, entries) + capacity * sizeof (SseEntry));
      memset (self, 0, sizeof *self);
      self->capacity = capacity;
    }
  else if (self->tail == self->capacity && self->head >= self->capacity / 2)
    {
      self->tail -= self->head;
      memmove (self->entries, self->entries + self->head, self->tail * sizeof (SseEntry));
      self->head = 0;
    }
  else if (self->tail == self->capacity)
    {
      capacity = 2 * self->capacity;
      self = g_realloc (self, G_STRUCT_OFFSET (SseQueue, entries) + capacity * sizeof (SseEntry));
      self->capacity = capacity;
    }
  return self;
}

/* Removes the frame of @view that waits, if there is one of which nothing is written. There is at
 * most one, and mostly near the end: what replaced another went there. */
static void
remove_view (SseQueue *self, guint view, gboolean chunked)
{
  guint first = self->head + (self->offset > 0 ? 1 : 0);

  if (view < 64 && (self->views & view_bit (view)) == 0)
    return;

  for (guint i = self->tail; i > first; i--)
    {
      SseEntry *entry = &self->entries[i - 1];

      if (entry->view != view)
        continue;
      self->bytes -= frame_length (entry->frame, chunked);
      self->viewed -= frame_length (entry->frame, chunked);
      sse_frame_unref (entry->frame);
      memmove (entry, entry + 1, (self->tail - i) * sizeof (SseEntry));
      self->tail--;
      return;
    }
}

/* The bytes that the bound is for: neither what is exempt nor the rest of a frame that is partly
 * written, as that finishes whatever comes; nor views, of each of which there is one at most. */
static gsize
count_bounded (const SseQueue *self, gboolean chunked)
{
  gsize bytes = self->bytes - self->exempt - self->viewed;

  if (self->offset > 0 && self->exempt == 0)
    bytes -= frame_length (self->entries[self->head].frame, chunked) - self->offset;
  return bytes;
}

/**
 * sse_queue_push:
 * @self: (inout) (nullable): the queue
 * @frame: goes to the end; a reference is taken
 * @view: what it is a view of, then the older frame of that view leaves the queue unless it is
 *   partly written; or %SSE_FANOUT_NO_VIEW
 * @chunked: whether the client gets chunks, the same for all calls
 * @bound: the bytes that may wait, views not counted; where nothing else waits, one frame may be
 *   larger
 *
 * Returns: %FALSE if the queue overflows; the frame is not in it then
 */
gboolean
sse_queue_push (SseQueue **self, SseFrame *frame, guint view, gboolean chunked, gsize bound)
{
  gsize length = frame_length (frame, chunked);
  SseQueue *queue = *self;

  if (length == 0)
    return TRUE;

  if (queue != NULL)
    {
      gsize waiting;

      if (view != SSE_FANOUT_NO_VIEW)
        remove_view (queue, view, chunked);
      waiting = count_bounded (queue, chunked);
      if (view == SSE_FANOUT_NO_VIEW && waiting > 0
          && (waiting > bound || length > bound - waiting))
        return FALSE;
    }

  *self = queue = make_room (queue);
  queue->entries[queue->tail++] = (SseEntry){ sse_frame_ref (frame), view };
  queue->bytes += length;
  if (view != SSE_FANOUT_NO_VIEW)
    {
      queue->views |= view_bit (view);
      queue->viewed += length;
    }
  return TRUE;
}

/**
 * sse_queue_exempt:
 *
 * From now on what is in the queue does not count in its bound.
 */
void
sse_queue_exempt (SseQueue *self)
{
  if (self != NULL)
    self->exempt = self->bytes;
}

/**
 * sse_queue_peek:
 * @iov: (out caller-allocates): where the bytes are, in order
 * @max: how many of these there may be
 * @total: (out): the sum of their lengths
 *
 * Returns: how many there are
 */
guint
sse_queue_peek (const SseQueue *self, gboolean chunked, struct iovec *iov, guint max, gsize *total)
{
  guint n = 0;
  gsize skip;

  *total = 0;
  if (self == NULL)
    return 0;

  skip = self->offset;
  for (guint i = self->head; i < self->tail && n < max; i++)
    {
      gsize length;
      const char *bytes = sse_frame_get_bytes (self->entries[i].frame, chunked, &length);

      iov[n].iov_base = (char *) bytes + skip;
      iov[n].iov_len = length - skip;
      *total += iov[n].iov_len;
      n++;
      skip = 0;
    }
  return n;
}

/**
 * sse_queue_drop:
 * @self: (inout) (nullable): the queue, %NULL when nothing is left
 * @written: bytes that were written, at most what is there
 */
void
sse_queue_drop (SseQueue **self, gboolean chunked, gsize written)
{
  SseQueue *queue = *self;

  while (written > 0)
    {
      SseEntry *entry = &queue->entries[queue->head];
      gsize rest = frame_length (entry->frame, chunked) - queue->offset;
      gsize step = MIN (written, rest);

      if (queue->offset == 0 && entry->view != SSE_FANOUT_NO_VIEW)
        {
          queue->views &= ~view_bit (entry->view);
          queue->viewed -= rest;
        }
      queue->bytes -= step;
      queue->exempt -= MIN (queue->exempt, step);
      written -= step;
      if (step < rest)
        {
          queue->offset += step;
          continue;
        }
      sse_frame_unref (entry->frame);
      queue->head++;
      queue->offset = 0;
    }

  if (queue != NULL && queue->head == queue->tail)
    sse_queue_clear (self);
}

/* Drops all, written or not. */
void
sse_queue_clear (SseQueue **self)
{
  SseQueue *queue = g_steal_pointer (self);

  if (queue == NULL)
    return;
  for (guint i = queue->head; i < queue->tail; i++)
    sse_frame_unref (queue->entries[i].frame);
  g_free (queue);
}

/**
 * sse_queue_get_bytes:
 *
 * Returns: the bytes that wait, those not counted in the bound included
 */
gsize
sse_queue_get_bytes (const SseQueue *self)
{
  return self != NULL ? self->bytes : 0;
}

/* Counts what waits in @backlog. */
void
sse_queue_count (const SseQueue *self, SseBacklog *backlog)
{
  for (guint i = self->head; i < self->tail; i++)
    sse_backlog_add (backlog, self->entries[i].frame);
}

/* Takes out of @backlog what sse_queue_count() has put there. */
void
sse_queue_discount (const SseQueue *self, SseBacklog *backlog)
{
  for (guint i = self->head; i < self->tail; i++)
    sse_backlog_remove (backlog, self->entries[i].frame);
}

/**
 * sse_queue_get_cost:
 * @backlog: where it and others have been counted
 *
 * Returns: the bytes of memory that it costs, of what others wait for too a share
 */
gsize
sse_queue_get_cost (const SseQueue *self, const SseBacklog *backlog)
{
  gsize bytes = 0;

  for (guint i = self->head; i < self->tail; i++)
    bytes += sse_backlog_get_share (backlog, self->entries[i].frame);
  return bytes;
}
