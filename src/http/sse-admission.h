/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-answer.h"

G_BEGIN_DECLS

/**
 * SseGate:
 *
 * Counts the connections that were let in, and the bytes of body that they announced, until each
 * of them is gone. All in one thread.
 */
typedef struct _SseGate SseGate;

/**
 * SseAdmission:
 *
 * One connection that was let in. It counts as long as anybody holds it.
 */
typedef struct _SseAdmission SseAdmission;

/* Told when a connection is gone. */
typedef void (*SseGateLeft) (gpointer user_data);

SseGate      *sse_gate_new             (guint64        max_body_bytes,
                                        SseGateLeft    left,
                                        gpointer       user_data);
void          sse_gate_close           (SseGate       *self);
guint         sse_gate_get_connections (const SseGate *self);

SseAnswer    *sse_gate_refuse          (const SseGate *self,
                                        gint64         body_bytes);
SseAdmission *sse_gate_admit           (SseGate       *self,
                                        gint64         body_bytes);
SseAdmission *sse_admission_ref        (SseAdmission  *self);
void          sse_admission_unref      (SseAdmission  *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SseAdmission, sse_admission_unref)

G_END_DECLS
