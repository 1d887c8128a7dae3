/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-slice.h"

#include "sse-set-back.h"

typedef struct
{
  guint64 position;
  guint number; /* in the order of adding */
  SseFrame *frame;
} Event;

static void
clear_event (gpointer event)
{
  g_clear_pointer (&((Event *) event)->frame, sse_frame_unref);
}

void
sse_slice_init (SseSlice *self)
{
  self->events = g_array_new (FALSE, FALSE, sizeof (Event));
  g_array_set_clear_func (self->events, clear_event);
  self->end = G_MAXUINT64;
}

void
sse_slice_clear (SseSlice *self)
{
  g_clear_pointer (&self->events, g_array_unref);
}

/**
 * sse_slice_add:
 * @position: the event's position, behind those of its stream that were added before
 * @frame: (transfer full): the event
 */
void
sse_slice_add (SseSlice *self, guint64 position, SseFrame *frame)
{
  Event event = { position, self->events->len, frame };

  g_array_append_val (self->events, event);
}

/**
 * sse_slice_cut:
 * @end: up to where the events of one stream are all there
 */
void
sse_slice_cut (SseSlice *self, guint64 end)
{
  self->end = MIN (self->end, end);
}

/* What comes of one update stays in the order of the streams. */
static int
compare_events (gconstpointer a, gconstpointer b)
{
  const Event *one = a, *other = b;

  if (one->position != other->position)
    return one->position < other->position ? -1 : 1;
  return (one->number > other->number) - (one->number < other->number);
}

/**
 * sse_slice_take:
 * @end: where it ends if nothing was cut
 * @frames: (element-type SseFrame): takes its events, in order; where several are of one position,
 *   all but the last are set back, see sse_set_back()
 *
 * Returns: up to where @frames has all events now; the slice is empty
 */
guint64
sse_slice_take (SseSlice *self, guint64 end, GPtrArray *frames)
{
  end = MIN (end, self->end);
  g_array_sort (self->events, compare_events);
  for (guint i = 0; i < self->events->len; i++)
    {
      Event *event = &g_array_index (self->events, Event, i);

      if (event->position > end)
        break;
      if (i + 1 < self->events->len && event[1].position == event->position)
        g_ptr_array_add (frames, sse_set_back (event->frame));
      else
        g_ptr_array_add (frames, g_steal_pointer (&event->frame));
    }
  g_array_set_size (self->events, 0);
  self->end = G_MAXUINT64;
  return end;
}
