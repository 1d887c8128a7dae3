/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-hub.h"
#include "sse-answer.h"
#include "sse-receiver.h"
#include "sse-upload.h"

G_BEGIN_DECLS

/**
 * SseReception:
 *
 * Publishes what is posted, and then answers it. What is posted to receivers is made an update of in
 * a thread before, a few at a time.
 */
typedef struct _SseReception SseReception;

/* Takes both @upload and the @answer to it. */
typedef void (*SseReceptionAnswer) (SseUpload *upload, SseAnswer *answer, gpointer user_data);

SseReception *sse_reception_new      (SseHub             *hub,
                                      SseReceptionAnswer  answer,
                                      gpointer            user_data);
void          sse_reception_free     (SseReception       *self);

void          sse_reception_take     (SseReception       *self,
                                      SseReceiver        *receiver,
                                      SseUpload          *upload);
void          sse_reception_publish  (SseReception       *self,
                                      SseUpdate          *update,
                                      const char         *user,
                                      SseUpload          *upload);
gboolean      sse_reception_is_quiet (SseReception       *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SseReception, sse_reception_free)

G_END_DECLS
