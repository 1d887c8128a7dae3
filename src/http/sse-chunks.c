/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-chunks.h"

#include <string.h>

/* Of a chunk's size: what a #guint32 holds, leading zeros included. */
#define MAX_DIGITS 8

typedef enum
{
  STATE_SIZE,
  STATE_SIZE_END,
  STATE_DATA,
  STATE_DATA_CR,
  STATE_DATA_LF,
  STATE_LAST_CR,
  STATE_LAST_LF,
  STATE_END,
  STATE_REFUSED,
} State;

static void
refuse (SseChunks *self, const char *reason)
{
  self->state = STATE_REFUSED;
  self->reason = reason;
}

static void
judge_size (SseChunks *self, char c)
{
  if (c == '\r' && self->n_digits > 0)
    self->state = STATE_SIZE_END;
  else if (!g_ascii_isxdigit (c))
    refuse (self, "A chunk does not begin with its size alone");
  else if (self->n_digits++ == MAX_DIGITS)
    refuse (self, "A chunk's size is too long");
  else
    self->left = self->left << 4 | (guint32) g_ascii_xdigit_value (c);
}

static void
expect (SseChunks *self, char c, char expected, State next)
{
  if (c == expected)
    self->state = (guint8) next;
  else
    refuse (self, "A chunk or its size does not end with CRLF");
}

/* One byte of what is not data. */
static void
judge (SseChunks *self, char c)
{
  switch (self->state)
    {
    case STATE_SIZE:
      judge_size (self, c);
      break;
    case STATE_SIZE_END:
      self->n_digits = 0;
      expect (self, c, '\n', self->left > 0 ? STATE_DATA : STATE_LAST_CR);
      break;
    case STATE_DATA_CR:
      expect (self, c, '\r', STATE_DATA_LF);
      break;
    case STATE_DATA_LF:
      expect (self, c, '\n', STATE_SIZE);
      break;
    case STATE_LAST_CR:
      if (c == '\r')
        self->state = STATE_LAST_LF;
      else
        refuse (self, "No fields are taken behind the last chunk");
      break;
    case STATE_LAST_LF:
    default:
      expect (self, c, '\n', STATE_END);
      break;
    }
}

/**
 * sse_chunks_init:
 *
 * Makes @self a body of which nothing has come yet.
 */
void
sse_chunks_init (SseChunks *self)
{
  *self = (SseChunks){ 0 };
}

/**
 * sse_chunks_decode:
 * @bytes: what has come next; overwritten with the data in it
 * @length: (inout): how many bytes, then how many of data
 *
 * Takes the next piece of a chunked body apart by RFC 9112, section 7.1, without its leniencies:
 * lines end with CRLF, and there are neither extensions nor trailer fields, which nobody here
 * would read. Neither the data nor the verdict depend on how the bytes came in pieces. What comes
 * behind the body is not looked at.
 *
 * Returns: the verdict; once it is not %SSE_CHUNKS_MORE, it stays
 */
SseChunksVerdict
sse_chunks_decode (SseChunks *self, char *bytes, gsize *length)
{
  gsize n_data = 0;

  for (gsize at = 0; at < *length && self->state < STATE_END;)
    {
      gsize n = MIN (self->left, *length - at);

      if (self->state != STATE_DATA)
        {
          judge (self, bytes[at++]);
          continue;
        }
      memmove (bytes + n_data, bytes + at, n);
      n_data += n;
      at += n;
      self->left -= (guint32) n;
      if (self->left == 0)
        self->state = STATE_DATA_CR;
    }
  *length = n_data;
  if (self->state == STATE_END)
    return SSE_CHUNKS_END;
  return self->state == STATE_REFUSED ? SSE_CHUNKS_REFUSED : SSE_CHUNKS_MORE;
}
