/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * SseChunksVerdict:
 * @SSE_CHUNKS_MORE: in order as far as it has come
 * @SSE_CHUNKS_END: all of it is there and in order
 * @SSE_CHUNKS_REFUSED: whatever comes, it is not taken
 */
typedef enum
{
  SSE_CHUNKS_MORE,
  SSE_CHUNKS_END,
  SSE_CHUNKS_REFUSED,
} SseChunksVerdict;

/**
 * SseChunks:
 * @reason: of a refused one: why, for people; nothing of the body is in it
 *
 * A chunked body while it comes in. It is judged strictly, so that nothing remains in it that two
 * programs could read differently. It is plain data, and needs no freeing.
 */
typedef struct
{
  const char *reason;

  /*< private >*/
  guint32 left; /* bytes of the current chunk that are still due */
  guint8 n_digits;
  guint8 state;
} SseChunks;

void             sse_chunks_init   (SseChunks *self);
SseChunksVerdict sse_chunks_decode (SseChunks *self,
                                    char      *bytes,
                                    gsize     *length);

G_END_DECLS
