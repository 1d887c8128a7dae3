/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-frame.h"

G_BEGIN_DECLS

/**
 * SseSlice:
 *
 * Some of what a client missed: events of one stream or of several, put together in the order of
 * their positions. It ends where those of any stream that are known do.
 */
typedef struct
{
  /*< private >*/
  GArray *events;
  guint64 end;
} SseSlice;

void    sse_slice_init  (SseSlice  *self);
void    sse_slice_clear (SseSlice  *self);
void    sse_slice_add   (SseSlice  *self,
                         guint64    position,
                         SseFrame  *frame);
void    sse_slice_cut   (SseSlice  *self,
                         guint64    end);
guint64 sse_slice_take  (SseSlice  *self,
                         guint64    end,
                         GPtrArray *frames);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (SseSlice, sse_slice_clear)

G_END_DECLS
