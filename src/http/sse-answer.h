/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * SseAnswer:
 *
 * An HTTP response that ends: status, header fields and a body. After it the connection is closed.
 */
typedef struct _SseAnswer SseAnswer;

typedef struct
{
  char *name;
  char *value;
} SseAnswerField;

#define SSE_ANSWER_JSON "application/json; charset=utf-8"

SseAnswer            *sse_answer_new           (guint            status,
                                                const char      *content_type,
                                                const char      *body);
SseAnswer            *sse_answer_new_message   (guint            status,
                                                const char      *message);
SseAnswer            *sse_answer_new_no_length (void);
SseAnswer            *sse_answer_new_too_large (gsize            max);
SseAnswer            *sse_answer_new_for_error (const GError    *error);
void                  sse_answer_free          (SseAnswer       *self);

void                  sse_answer_add_field     (SseAnswer       *self,
                                                const char      *name,
                                                const char      *value);

guint                 sse_answer_get_status    (const SseAnswer *self);
const char           *sse_answer_get_reason    (const SseAnswer *self);
const SseAnswerField *sse_answer_get_fields    (const SseAnswer *self,
                                                guint           *n_fields);
const char           *sse_answer_get_body      (const SseAnswer *self,
                                                gsize           *length);
GString              *sse_answer_to_string     (const SseAnswer *self,
                                                gboolean         with_body);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SseAnswer, sse_answer_free)

G_END_DECLS
