/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-log.h"

G_BEGIN_DECLS

/* What a row of the log's file is checked with when it is read, and how a source's state stands in
 * one. */

guint64   sse_log_row_sum_update (guint64            position,
                                  gint64             stream,
                                  const char        *audience,
                                  gint64             accepted,
                                  const char        *json,
                                  gsize              length);
guint64   sse_log_row_sum_event  (gint64             stream,
                                  const SseLogEvent *event);
guint64   sse_log_row_sum_state  (const void        *state,
                                  gsize              size);
GBytes   *sse_log_row_new_state  (GVariant          *state);
GVariant *sse_log_row_read_state (const void        *data,
                                  gsize              size);

G_END_DECLS
