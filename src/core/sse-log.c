/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-log.h"

G_DEFINE_INTERFACE (SseLog, sse_log, G_TYPE_OBJECT)

enum
{
  COMMITTED,
  FAILED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

static void
sse_log_default_init (SseLogInterface *iface)
{
  signals[COMMITTED] = g_signal_new ("committed", SSE_TYPE_LOG, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                     NULL, G_TYPE_NONE, 1, G_TYPE_PTR_ARRAY);
  signals[FAILED] = g_signal_new ("failed", SSE_TYPE_LOG, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, 2, G_TYPE_PTR_ARRAY, G_TYPE_ERROR);
}

/**
 * sse_log_get_epoch:
 *
 * Returns: the current epoch: the first part of every event's id
 */
const char *
sse_log_get_epoch (SseLog *self)
{
  return SSE_LOG_GET_IFACE (self)->get_epoch (self);
}

/**
 * sse_log_append:
 * @updates: (element-type SseUpdate) (transfer full): parsed and stamped with their time
 *
 * Asks for @updates to be kept, all in one commit and with positions in a row. They come back by
 * one of the signals, never before this function has returned.
 */
void
sse_log_append (SseLog *self, GPtrArray *updates)
{
  SSE_LOG_GET_IFACE (self)->append (self, updates);
}

/* Tells that @updates are kept, each at its position. */
void
sse_log_emit_committed (SseLog *self, GPtrArray *updates)
{
  g_signal_emit (self, signals[COMMITTED], 0, updates);
}

/* Tells that it is unknown whether @updates were kept. */
void
sse_log_emit_failed (SseLog *self, GPtrArray *updates, const GError *error)
{
  g_signal_emit (self, signals[FAILED], 0, updates, error);
}
