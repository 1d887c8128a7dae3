/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-log.h"

G_BEGIN_DECLS

/**
 * SseVolatileLog:
 *
 * A log that keeps nothing: it gives positions and hands updates back. What was acknowledged lives
 * as long as the process.
 */
#define SSE_TYPE_VOLATILE_LOG (sse_volatile_log_get_type ())
G_DECLARE_FINAL_TYPE (SseVolatileLog, sse_volatile_log, SSE, VOLATILE_LOG, GObject)

SseLog *sse_volatile_log_new (void);

G_END_DECLS
