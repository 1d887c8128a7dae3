/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-lines.h"

#include <string.h>

struct _SseLines
{
  gsize max_length;
  GString *buffer;
  gsize taken;       /* of the buffer, by lines that were handed out */
  gsize searched;    /* of the buffer: no line end lies before */
  gboolean too_long; /* the line at the buffer's start was, and its beginning is dropped */
  gboolean ended;
  guint64 number;
};

/**
 * sse_lines_new:
 * @max_length: of a line, in bytes
 */
SseLines *
sse_lines_new (gsize max_length)
{
  SseLines *self = g_new0 (SseLines, 1);

  self->max_length = max_length;
  self->buffer = g_string_new (NULL);
  return self;
}

void
sse_lines_free (SseLines *self)
{
  g_string_free (self->buffer, TRUE);
  g_free (self);
}

/**
 * sse_lines_push:
 * @piece: @length bytes; any
 *
 * Takes what comes next. To be called when sse_lines_next() has nothing more.
 */
void
sse_lines_push (SseLines *self, const char *piece, gsize length)
{
  g_string_erase (self->buffer, 0, (gssize) self->taken);
  self->searched -= self->taken;
  self->taken = 0;
  g_string_append_len (self->buffer, piece, (gssize) length);
}

/* Says that nothing more comes: what is there is the last line, if it is not empty. */
void
sse_lines_end (SseLines *self)
{
  self->ended = TRUE;
}

static void
take_line (SseLines *self, gsize end, SseLine *line)
{
  gboolean too_long = self->too_long || end - self->taken > self->max_length;

  line->text = too_long ? NULL : self->buffer->str + self->taken;
  line->length = end - self->taken;
  line->number = ++self->number;
  self->buffer->str[end] = '\0';
  self->taken = self->searched = MIN (end + 1, self->buffer->len);
  self->too_long = FALSE;
}

/**
 * sse_lines_next:
 * @line: (out): the next line
 *
 * Returns: whether there is a whole one
 */
gboolean
sse_lines_next (SseLines *self, SseLine *line)
{
  const char *end
      = memchr (self->buffer->str + self->searched, '\n', self->buffer->len - self->searched);

  if (end != NULL)
    {
      take_line (self, (gsize) (end - self->buffer->str), line);
      return TRUE;
    }
  if (self->ended && (self->taken < self->buffer->len || self->too_long))
    {
      take_line (self, self->buffer->len, line);
      return TRUE;
    }

  self->searched = self->buffer->len;
  if (self->buffer->len - self->taken > self->max_length)
    {
      self->too_long = TRUE;
      g_string_truncate (self->buffer, self->taken);
      self->searched = self->taken;
    }
  return FALSE;
}
