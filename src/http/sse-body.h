/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-answer.h"
#include "sse-chunks.h"
#include "sse-gate.h"

G_BEGIN_DECLS

/**
 * SseBody:
 *
 * A request's body while it comes in.
 */
typedef struct
{
  /*< private >*/
  SseAdmission *admission;
  GByteArray *bytes;
  gsize max;
  gsize left; /* bytes of one whose length was announced that are still due */
  gboolean chunked;
  gboolean complete;
  SseChunks chunks;
} SseBody;

SseBody   *sse_body_new           (SseAdmission  *admission,
                                   gint64         announced,
                                   gsize          max);
void       sse_body_free          (SseBody       *self);

gsize      sse_body_count_wanted  (const SseBody *self,
                                   gsize          max);
SseAnswer *sse_body_add           (SseBody       *self,
                                   char          *bytes,
                                   gsize          length);
gboolean   sse_body_is_complete   (const SseBody *self);
GBytes    *sse_body_free_to_bytes (SseBody       *self);

G_END_DECLS
