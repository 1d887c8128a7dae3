/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-ring.h"

typedef struct
{
  guint64 position;
  char *audience; /* NULL: everyone */
  SseFrame *frame;
} Entry;

struct _SseRing
{
  GQueue entries; /* oldest first */
  gsize bytes;
  guint max_events;
  gsize max_bytes;
  guint64 trimmed; /* the highest position that was dropped */
};

static gsize
entry_bytes (const Entry *entry)
{
  gsize length;

  sse_frame_get_bytes (entry->frame, TRUE, &length);
  return length;
}

static void
entry_free (Entry *entry)
{
  g_free (entry->audience);
  sse_frame_unref (entry->frame);
  g_free (entry);
}

/**
 * sse_ring_new:
 * @max_events: how many events it keeps
 * @max_bytes: how many bytes of frames
 */
SseRing *
sse_ring_new (guint max_events, gsize max_bytes)
{
  SseRing *self = g_new0 (SseRing, 1);

  g_queue_init (&self->entries);
  self->max_events = max_events;
  self->max_bytes = max_bytes;
  return self;
}

void
sse_ring_free (SseRing *self)
{
  g_queue_clear_full (&self->entries, (GDestroyNotify) entry_free);
  g_free (self);
}

/**
 * sse_ring_push:
 * @position: the event's position, greater than all before
 * @audience: (nullable): the user it is for
 * @frame: the event
 *
 * Keeps an event, and drops the oldest ones that are too many now.
 */
void
sse_ring_push (SseRing *self, guint64 position, const char *audience, SseFrame *frame)
{
  Entry *entry = g_new0 (Entry, 1);

  entry->position = position;
  entry->audience = g_strdup (audience);
  entry->frame = sse_frame_ref (frame);
  g_queue_push_tail (&self->entries, entry);
  self->bytes += entry_bytes (entry);

  while (self->entries.length > self->max_events || self->bytes > self->max_bytes)
    {
      Entry *oldest = g_queue_pop_head (&self->entries);

      self->trimmed = oldest->position;
      self->bytes -= entry_bytes (oldest);
      entry_free (oldest);
    }
}

/**
 * sse_ring_covers:
 *
 * Returns: whether every event behind @position is still here
 */
gboolean
sse_ring_covers (const SseRing *self, guint64 position)
{
  return position >= self->trimmed;
}

/**
 * sse_ring_collect:
 * @position: the last position a client has
 * @user: the client's user
 * @frames: (element-type SseFrame): takes a reference to each event behind @position that @user
 *   may see, oldest first
 */
void
sse_ring_collect (SseRing *self, guint64 position, const char *user, GPtrArray *frames)
{
  GList *link = self->entries.tail;

  /* From the newest back: what a client missed is mostly little. */
  while (link != NULL && ((Entry *) link->data)->position > position)
    link = link->prev;

  for (link = link != NULL ? link->next : self->entries.head; link != NULL; link = link->next)
    {
      Entry *entry = link->data;

      if (entry->audience == NULL || g_str_equal (entry->audience, user))
        g_ptr_array_add (frames, sse_frame_ref (entry->frame));
    }
}
