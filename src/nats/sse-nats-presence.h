/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-nats-link.h"

G_BEGIN_DECLS

typedef struct _SseNatsPresence SseNatsPresence;

SseNatsPresence *sse_nats_presence_new  (SseNatsLink      *link,
                                         const char       *node,
                                         GError          **error);
void             sse_nats_presence_tell (SseNatsPresence  *self,
                                         guint64           position);
void             sse_nats_presence_free (SseNatsPresence  *self);

G_END_DECLS
