/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libsoup/soup.h>

G_BEGIN_DECLS

/**
 * SseUnanswered:
 *
 * The messages of a SoupServer whose answers are due, until all of each was written or its client
 * is gone.
 */
typedef struct _SseUnanswered SseUnanswered;

SseUnanswered *sse_unanswered_new      (SoupServer        *server);
void           sse_unanswered_free     (SseUnanswered     *self);

void           sse_unanswered_add      (SseUnanswered     *self,
                                        SoupServerMessage *message);
void           sse_unanswered_forget   (SseUnanswered     *self,
                                        SoupServerMessage *message);
gboolean       sse_unanswered_is_empty (SseUnanswered     *self);

G_END_DECLS
