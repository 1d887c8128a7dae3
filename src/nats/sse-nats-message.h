/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <nats/nats.h>

#include "sse-nats-note.h"

G_BEGIN_DECLS

void         sse_nats_message_new_id (char             id[SSE_NATS_ID_BYTES]);
natsStatus   sse_nats_message_new    (const char      *subject,
                                      const char      *id,
                                      GPtrArray       *updates,
                                      const char      *reply,
                                      natsMsg        **message);
natsStatus   sse_nats_message_new_due
                                     (const char      *subject,
                                      const char      *id,
                                      guint64          last,
                                      const char      *reply,
                                      natsMsg        **message);
SseNatsNote *sse_nats_message_read   (natsMsg         *message,
                                      const char      *update_subject,
                                      const char      *due_subject,
                                      guint64          sequence,
                                      gint64           stored);

G_END_DECLS
