/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-log.h"
#include "sse-nats-options.h"

G_BEGIN_DECLS

#define SSE_TYPE_NATS_LOG (sse_nats_log_get_type ())
G_DECLARE_FINAL_TYPE (SseNatsLog, sse_nats_log, SSE, NATS_LOG, GObject)

SseLog *sse_nats_log_new (const SseNatsOptions *options, GError **error);

G_END_DECLS
