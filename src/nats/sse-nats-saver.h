/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-nats-checkpoint.h"

G_BEGIN_DECLS

typedef struct _SseNatsSaver SseNatsSaver;

SseNatsSaver *sse_nats_saver_new  (SseNatsLink       *link,
                                   GError           **error);
void          sse_nats_saver_post (SseNatsSaver      *self,
                                   const char        *id,
                                   guint64            sequence,
                                   guint64            kept,
                                   GArray            *parts,
                                   gboolean           ours);
void          sse_nats_saver_free (SseNatsSaver      *self);

G_END_DECLS
