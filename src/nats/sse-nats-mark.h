/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-nats-note.h"

G_BEGIN_DECLS

typedef struct _SseNatsMark SseNatsMark;

SseNatsMark *sse_nats_mark_new         (const char   *directory,
                                        SseMailbox   *notes,
                                        GError      **error);
const char  *sse_nats_mark_get_epoch   (SseNatsMark  *self);
guint64      sse_nats_mark_get         (SseNatsMark  *self);
const char  *sse_nats_mark_get_id      (SseNatsMark  *self);
gboolean     sse_nats_mark_begin       (SseNatsMark  *self,
                                        const char   *epoch,
                                        guint64       sequence,
                                        GError      **error);
void         sse_nats_mark_pass        (SseNatsMark  *self,
                                        SseNatsNote  *note);
void         sse_nats_mark_set_applied (SseNatsMark  *self,
                                        guint64       position);
void         sse_nats_mark_serve       (SseNatsMark  *self);
void         sse_nats_mark_lose        (SseNatsMark  *self,
                                        guint64       sequence,
                                        const char   *id);
void         sse_nats_mark_close       (SseNatsMark  *self);
void         sse_nats_mark_free        (SseNatsMark  *self);

G_END_DECLS
