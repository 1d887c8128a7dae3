/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-log.h"
#include "sse-nats-publisher.h"
#include "sse-nats-saver.h"

G_BEGIN_DECLS

/**
 * SseNatsDues:
 *
 * When a checkpoint is due, and whose it is: a node asks for one by a message in the log itself, so
 * that all nodes have their states at the very same place. Who asked writes it. In the main thread.
 */
typedef struct _SseNatsDues SseNatsDues;

SseNatsDues *sse_nats_dues_new             (guint64            span,
                                            guint64            retain,
                                            gint64             retain_us);
void         sse_nats_dues_start           (SseNatsDues       *self,
                                            SseMailbox        *publisher,
                                            SseNatsSaver      *saver);
void         sse_nats_dues_add_stream      (SseNatsDues       *self,
                                            const char        *stream);
gboolean     sse_nats_dues_count           (SseNatsDues       *self,
                                            guint64            sequence,
                                            const char        *stream);
gboolean     sse_nats_dues_meet            (SseNatsDues       *self,
                                            const char        *stream);
void         sse_nats_dues_lack            (SseNatsDues       *self,
                                            const char        *stream);
void         sse_nats_dues_note            (SseNatsDues       *self,
                                            guint64            sequence);
void         sse_nats_dues_ask             (SseNatsDues       *self);
void         sse_nats_dues_want            (SseNatsDues       *self);
void         sse_nats_dues_forget_question (SseNatsDues       *self,
                                            const char        *id);
gboolean     sse_nats_dues_take            (SseNatsDues       *self,
                                            const SseNatsNote *note,
                                            guint64            after);
void         sse_nats_dues_keep_out        (SseNatsDues       *self);
void         sse_nats_dues_save            (SseNatsDues       *self,
                                            guint64            position,
                                            GArray            *parts);
void         sse_nats_dues_free            (SseNatsDues       *self);

G_END_DECLS
