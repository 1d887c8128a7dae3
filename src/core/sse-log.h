/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>

#include "sse-update.h"

G_BEGIN_DECLS

#define SSE_TYPE_LOG (sse_log_get_type ())
G_DECLARE_INTERFACE (SseLog, sse_log, SSE, LOG, GObject)

/**
 * SseLogInterface:
 * @get_epoch: the current epoch, a text without hyphen
 * @append: takes updates that shall have positions in a row in one commit, or not be committed
 *   at all; returns at once
 *
 * Where accepted updates are kept, in order. What was appended comes back in the order in which it
 * was appended, later, in the main context, by one of two signals:
 *
 * - `committed (GPtrArray *updates)`: #SseUpdate with their positions, ascending over all emissions
 * - `failed (GPtrArray *updates, GError *error)`: #SseUpdate as one append gave them, of which it
 *   is unknown whether they were kept; %SSE_ERROR_STORE_FAILED
 */
struct _SseLogInterface
{
  GTypeInterface parent_iface;

  const char *(*get_epoch) (SseLog *self);
  void (*append) (SseLog *self, GPtrArray *updates);
};

const char *sse_log_get_epoch      (SseLog       *self);
void        sse_log_append         (SseLog       *self,
                                    GPtrArray    *updates);

/* For implementations. */
void        sse_log_emit_committed (SseLog       *self,
                                    GPtrArray    *updates);
void        sse_log_emit_failed    (SseLog       *self,
                                    GPtrArray    *updates,
                                    const GError *error);

G_END_DECLS
