/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-body.h"

/**
 * sse_body_new:
 * @admission: (transfer none): its connection's, which outlives it: what has come counts among all
 *   bodies
 * @announced: bytes of it, not more than @max; negative where it comes in chunks
 * @max: bytes of it that are taken
 */
SseBody *
sse_body_new (SseAdmission *admission, gint64 announced, gsize max)
{
  SseBody *self = g_new0 (SseBody, 1);

  self->admission = admission;
  self->bytes = g_byte_array_new ();
  self->max = max;
  self->chunked = announced < 0;
  self->left = (gsize) MAX (announced, 0);
  self->complete = announced == 0;
  sse_chunks_init (&self->chunks);
  return self;
}

/* What it held of the room for bodies is free again. */
void
sse_body_free (SseBody *self)
{
  sse_admission_release_body (self->admission);
  g_byte_array_unref (self->bytes);
  g_free (self);
}

/**
 * sse_body_count_wanted:
 * @max: more than 0
 *
 * Returns: how many bytes of those that come next may be its own, at most @max; 0 once it is
 *   complete
 */
gsize
sse_body_count_wanted (const SseBody *self, gsize max)
{
  if (self->complete)
    return 0;
  return self->chunked ? max : MIN (self->left, max);
}

/**
 * sse_body_add:
 * @bytes: the next ones, as many as are wanted or fewer; overwritten
 *
 * Takes what has come. Once it is refused, nothing more is to be added.
 *
 * Returns: (transfer full) (nullable): the answer where it is not taken
 */
SseAnswer *
sse_body_add (SseBody *self, char *bytes, gsize length)
{
  SseAnswer *refusal;

  if (self->chunked)
    {
      SseChunksVerdict verdict = sse_chunks_decode (&self->chunks, bytes, &length);

      if (verdict == SSE_CHUNKS_REFUSED)
        return sse_answer_new_message (400, self->chunks.reason);
      self->complete = verdict == SSE_CHUNKS_END;
    }
  else
    {
      self->left -= length;
      self->complete = self->left == 0;
    }

  if (length > self->max - self->bytes->len)
    return sse_answer_new_too_large (self->max);
  refusal = sse_admission_hold_body (self->admission, length);
  if (refusal == NULL)
    g_byte_array_append (self->bytes, (const guint8 *) bytes, (guint) length);
  return refusal;
}

gboolean
sse_body_is_complete (const SseBody *self)
{
  return self->complete;
}

/**
 * sse_body_free_to_bytes:
 *
 * Returns: (transfer full): what has come; it holds its room among all bodies until
 *   sse_admission_release_body() or the end of the admission
 */
GBytes *
sse_body_free_to_bytes (SseBody *self)
{
  GBytes *bytes = g_byte_array_free_to_bytes (self->bytes);

  g_free (self);
  return bytes;
}
