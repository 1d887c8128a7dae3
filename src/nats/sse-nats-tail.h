/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * SseNatsTail:
 *
 * Knows in which messages the newest updates of the log are: those stay there behind a checkpoint.
 * In the main thread.
 */
typedef struct _SseNatsTail SseNatsTail;

SseNatsTail *sse_nats_tail_new       (guint64            n_updates,
                                      gint64             age,
                                      gint64             now);
void         sse_nats_tail_add       (SseNatsTail       *self,
                                      guint64            sequence,
                                      gint64             now);
guint64      sse_nats_tail_get_first (const SseNatsTail *self,
                                      gint64             now);
void         sse_nats_tail_free      (SseNatsTail       *self);

G_END_DECLS
