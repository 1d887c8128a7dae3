/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-ring.h"

#define MIN_CAPACITY 64

typedef struct
{
  guint64 position;
  guint64 end;    /* bytes of frames up to this one's end, from the first that ever was */
  char *audience; /* NULL: everyone */
  SseFrame *frame;
  SseFrame *prefixed; /* for connections with several streams; NULL until it is wanted there */
} Entry;

struct _SseRing
{
  Entry *entries;
  guint capacity; /* a power of two, or 0 */
  guint first;    /* where the oldest is, modulo the capacity */
  guint length;
  guint64 start;  /* bytes of frames that were dropped */
  guint64 end;    /* bytes of all frames that ever were */
  gsize prefixed; /* bytes of the prefixed frames that are there */
  guint max_events;
  gsize max_bytes;
  guint64 trimmed; /* the highest position that was dropped */
};

/* The @i-th oldest. */
static Entry *
get_entry (const SseRing *self, guint i)
{
  return &self->entries[(self->first + i) & (self->capacity - 1)];
}

static gsize
frame_length (const SseFrame *frame)
{
  gsize length;

  sse_frame_get_bytes (frame, TRUE, &length);
  return length;
}

static void
drop_oldest (SseRing *self)
{
  Entry *oldest = get_entry (self, 0);

  self->trimmed = oldest->position;
  self->start = oldest->end;
  g_free (oldest->audience);
  sse_frame_unref (oldest->frame);
  if (oldest->prefixed != NULL)
    self->prefixed -= frame_length (oldest->prefixed);
  g_clear_pointer (&oldest->prefixed, sse_frame_unref);
  self->first++;
  self->length--;
}

static void
grow (SseRing *self)
{
  guint capacity = MAX (2 * self->capacity, MIN_CAPACITY);
  Entry *entries = g_new (Entry, capacity);

  for (guint i = 0; i < self->length; i++)
    entries[i] = *get_entry (self, i);
  g_free (self->entries);
  self->entries = entries;
  self->capacity = capacity;
  self->first = 0;
}

/* How many of the oldest are not behind @position. */
static guint
count_up_to (const SseRing *self, guint64 position)
{
  guint low = 0, high = self->length;

  while (low < high)
    {
      guint middle = low + (high - low) / 2;

      if (get_entry (self, middle)->position <= position)
        low = middle + 1;
      else
        high = middle;
    }
  return low;
}

/**
 * sse_ring_new:
 * @max_events: how many events it keeps
 * @max_bytes: how many bytes of frames, those with a prefix included
 */
SseRing *
sse_ring_new (guint max_events, gsize max_bytes)
{
  SseRing *self = g_new0 (SseRing, 1);

  self->max_events = max_events;
  self->max_bytes = max_bytes;
  return self;
}

void
sse_ring_free (SseRing *self)
{
  while (self->length > 0)
    drop_oldest (self);
  g_free (self->entries);
  g_free (self);
}

/**
 * sse_ring_begin:
 * @after: the position behind which the events come that are pushed now
 *
 * Says where an empty ring begins.
 */
void
sse_ring_begin (SseRing *self, guint64 after)
{
  self->trimmed = after;
}

/* Whether there is something too many that is to be had elsewhere. */
static gboolean
is_too_full (const SseRing *self, guint64 kept)
{
  return (self->length > self->max_events
          || self->end - self->start + self->prefixed > self->max_bytes)
         && get_entry (self, 0)->position <= kept;
}

/**
 * sse_ring_push:
 * @position: the event's position, greater than all before
 * @audience: (nullable): the user it is for
 * @frame: the event
 * @prefixed: (nullable): the same for connections with several streams, where there is that already
 * @kept: the position up to which events are kept elsewhere
 *
 * Keeps an event, and drops the oldest ones that are too many now, those alone that are kept
 * elsewhere.
 */
void
sse_ring_push (SseRing *self,
               guint64 position,
               const char *audience,
               SseFrame *frame,
               SseFrame *prefixed,
               guint64 kept)
{
  if (self->length == self->capacity)
    grow (self);
  self->end += frame_length (frame);
  self->prefixed += prefixed != NULL ? frame_length (prefixed) : 0;
  *get_entry (self, self->length++) = (Entry){
    .position = position,
    .end = self->end,
    .audience = g_strdup (audience),
    .frame = sse_frame_ref (frame),
    .prefixed = prefixed != NULL ? sse_frame_ref (prefixed) : NULL,
  };

  while (is_too_full (self, kept))
    drop_oldest (self);
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
 * sse_ring_get_bytes_behind:
 *
 * Returns: bytes of the events behind @position, whoever they are for
 */
guint64
sse_ring_get_bytes_behind (const SseRing *self, guint64 position)
{
  guint n = count_up_to (self, position);

  return self->end - (n > 0 ? get_entry (self, n - 1)->end : self->start);
}

/* The event as it is sent where there is @prefix; made once for all who want that. What that makes
 * too many goes with the next event. */
static SseFrame *
get_frame (SseRing *self, Entry *entry, const char *prefix)
{
  if (prefix == NULL)
    return entry->frame;
  if (entry->prefixed == NULL)
    {
      entry->prefixed = sse_frame_new_prefixed (entry->frame, prefix);
      self->prefixed += frame_length (entry->prefixed);
    }
  return entry->prefixed;
}

/**
 * sse_ring_collect:
 * @position: (inout): the last position a client has, before and with what it is given
 * @user: the client's user
 * @max_bytes: of events to look at, one at least; %G_MAXSIZE for all
 * @prefix: (nullable): what comes before the events' types, always the same
 * @slice: is given each event behind @position that @user may see
 *
 * Returns: whether that were all
 */
gboolean
sse_ring_collect (SseRing *self,
                  guint64 *position,
                  const char *user,
                  gsize max_bytes,
                  const char *prefix,
                  SseSlice *slice)
{
  guint i = count_up_to (self, *position);
  guint64 start = i > 0 ? get_entry (self, i - 1)->end : self->start;

  for (guint n = 0; i < self->length; i++, n++)
    {
      Entry *entry = get_entry (self, i);

      if (n > 0 && entry->end - start > max_bytes)
        return FALSE;
      if (entry->audience == NULL || g_str_equal (entry->audience, user))
        sse_slice_add (slice, entry->position, sse_frame_ref (get_frame (self, entry, prefix)));
      *position = entry->position;
    }
  return TRUE;
}
