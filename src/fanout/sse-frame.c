/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-frame.h"

#include <stdatomic.h>
#include <string.h>

struct _SseFrame
{
  atomic_uint ref_count;
  guint head; /* bytes of chunk header before the body */
  guint tail; /* bytes behind it */
  gsize length;
  char bytes[]; /* head, body, tail */
};

/* A frame for a body of @length bytes: @end is set to where the body has to be written. */
static SseFrame *
frame_new (gsize length, char **end)
{
  char head[2 * sizeof (gsize) + 3] = "";
  SseFrame *self;

  /* A chunk without bytes would be the last one: nothing stays nothing. */
  if (length > 0)
    g_snprintf (head, sizeof head, "%" G_GSIZE_MODIFIER "x\r\n", length);

  guint head_length = (guint) strlen (head);
  guint tail_length = length > 0 ? 2 : 0;

  self = g_malloc (G_STRUCT_OFFSET (SseFrame, bytes) + head_length + length + tail_length);
  atomic_init (&self->ref_count, 1);
  self->head = head_length;
  self->tail = tail_length;
  self->length = head_length + length + tail_length;
  memcpy (self->bytes, head, head_length);
  memcpy (self->bytes + head_length + length, "\r\n", tail_length);
  *end = self->bytes + head_length;
  return self;
}

static char *
append (char *end, const char *bytes, gsize length)
{
  if (length > 0)
    memcpy (end, bytes, length);
  return end + length;
}

/**
 * sse_frame_new_body:
 * @body: bytes of an event stream
 * @length: how many; 0 makes a frame of which nothing is sent either way
 *
 * Returns: (transfer full): a frame that is one chunk, or its body alone
 */
SseFrame *
sse_frame_new_body (const char *body, gsize length)
{
  SseFrame *self;
  char *end;

  self = frame_new (length, &end);
  append (end, body, length);
  return self;
}

/**
 * sse_frame_new_event:
 * @id: (nullable): the event's id; %NULL: it has none
 * @event_type: its type, which must need no escapes in JSON
 * @members: members of its JSON object behind `type`, without braces and line ends
 * @length: bytes of @members; may be 0
 *
 * Makes an event as the WHATWG's "Server-sent events" section describes it: fields `id`, `event`
 * and one line of `data`, a JSON object whose `type` is the event's type.
 *
 * Returns: (transfer full): the frame
 */
SseFrame *
sse_frame_new_event (const char *id, const char *event_type, const char *members, gsize length)
{
  static const char event_field[] = "event: ", data_field[] = "\ndata: {\"type\":\"",
                    end_of_event[] = "}\n\n";
  gsize id_length = id != NULL ? strlen (id) : 0;
  gsize type_length = strlen (event_type);
  gsize body = (id != NULL ? strlen ("id: \n") + id_length : 0) + strlen (event_field)
               + 2 * type_length + strlen (data_field) + strlen ("\"")
               + (length > 0 ? 1 + length : 0) + strlen (end_of_event);
  SseFrame *self;
  char *end;

  self = frame_new (body, &end);
  if (id != NULL)
    {
      end = append (end, "id: ", 4);
      end = append (end, id, id_length);
      end = append (end, "\n", 1);
    }
  end = append (end, event_field, strlen (event_field));
  end = append (end, event_type, type_length);
  end = append (end, data_field, strlen (data_field));
  end = append (end, event_type, type_length);
  end = append (end, "\"", 1);
  if (length > 0)
    {
      end = append (end, ",", 1);
      end = append (end, members, length);
    }
  append (end, end_of_event, strlen (end_of_event));
  return self;
}

/**
 * sse_frame_new_prefixed:
 * @event: an event, as sse_frame_new_event() makes it
 * @prefix: what comes before its type, and a slash; without line ends
 *
 * Makes the event for a connection on which there are those of several streams: its `event` field
 * alone is another, and its data the same bytes.
 *
 * Returns: (transfer full): the frame
 */
SseFrame *
sse_frame_new_prefixed (const SseFrame *event, const char *prefix)
{
  gsize length, prefix_length = strlen (prefix), before = strlen ("event: ");
  const char *body = sse_frame_get_bytes (event, FALSE, &length);
  SseFrame *self;
  char *end;

  if (body[0] == 'i') /* its id is in a line before */
    before += (gsize) ((const char *) memchr (body, '\n', length) + 1 - body);
  self = frame_new (length + prefix_length + 1, &end);
  end = append (end, body, before);
  end = append (end, prefix, prefix_length);
  end = append (end, "/", 1);
  append (end, body + before, length - before);
  return self;
}

/**
 * sse_frame_new_raw:
 * @bytes: what is sent as it stands, chunked or not, such as the head of a response
 * @length: how many
 *
 * Returns: (transfer full): the frame
 */
SseFrame *
sse_frame_new_raw (const char *bytes, gsize length)
{
  SseFrame *self = g_malloc (G_STRUCT_OFFSET (SseFrame, bytes) + length);

  atomic_init (&self->ref_count, 1);
  self->head = 0;
  self->tail = 0;
  self->length = length;
  append (self->bytes, bytes, length);
  return self;
}

/* In any thread. */
SseFrame *
sse_frame_ref (SseFrame *self)
{
  atomic_fetch_add_explicit (&self->ref_count, 1, memory_order_relaxed);
  return self;
}

/* In any thread. */
void
sse_frame_unref (SseFrame *self)
{
  if (atomic_fetch_sub_explicit (&self->ref_count, 1, memory_order_acq_rel) == 1)
    g_free (self);
}

/**
 * sse_frame_get_bytes:
 * @chunked: whether the client gets chunks (HTTP/1.1)
 * @length: (out): bytes
 *
 * Returns: (transfer none): what is sent to such a client; not terminated by a zero
 */
const char *
sse_frame_get_bytes (const SseFrame *self, gboolean chunked, gsize *length)
{
  if (chunked)
    {
      *length = self->length;
      return self->bytes;
    }
  *length = self->length - self->head - self->tail;
  return self->bytes + self->head;
}
