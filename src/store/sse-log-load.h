/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-database.h"
#include "sse-log.h"

G_BEGIN_DECLS

/* Reads what is in the log's file. Each row is checked; %SSE_DATABASE_ERROR_CORRUPT where one is not
 * what was written. */

typedef void (*SseLogEach) (SseUpdate *update, gboolean applied, gpointer user_data);

gboolean sse_log_load_file    (SseDatabase         *database,
                               const SseLogLoader  *loader,
                               gpointer             user_data,
                               GError             **error);
gboolean sse_log_load_check   (SseDatabase         *database,
                               GError             **error);
gboolean sse_log_load_updates (SseDatabase         *database,
                               guint64              after,
                               guint64              dense,
                               SseLogEach           func,
                               gpointer             user_data,
                               GError             **error);
gboolean sse_log_load_events  (SseDatabase         *database,
                               const char          *stream,
                               const char          *user,
                               guint64             *position,
                               gsize                max_bytes,
                               GPtrArray          **events,
                               GError             **error);

G_END_DECLS
