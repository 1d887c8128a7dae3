/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * SseLine:
 * @text: (nullable): the line without its end, and with a NUL after it; %NULL where it is too long.
 *   Good until the next call
 * @length: its bytes
 * @number: which it is, from 1
 */
typedef struct
{
  const char *text;
  gsize length;
  guint64 number;
} SseLine;

/**
 * SseLines:
 *
 * Cuts what comes in pieces into lines, and keeps no more of it than one piece and one line of the
 * greatest length.
 */
typedef struct _SseLines SseLines;

SseLines *sse_lines_new  (gsize       max_length);
void      sse_lines_free (SseLines   *self);
void      sse_lines_push (SseLines   *self,
                          const char *piece,
                          gsize       length);
void      sse_lines_end  (SseLines   *self);
gboolean  sse_lines_next (SseLines   *self,
                          SseLine    *line);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SseLines, sse_lines_free)

G_END_DECLS
