/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-log-file.h"

G_BEGIN_DECLS

/**
 * SseLogRetention:
 * @max_updates: updates of each stream that are kept, and events
 * @max_hours: how long
 * @next: when to look for what has become too old, monotonic, in µs
 * @has_more: whether there is more to be trimmed
 *
 * What is taken out of the log's file again, in small steps; nothing that the checkpoint does not
 * cover.
 */
typedef struct
{
  guint64 max_updates;
  guint max_hours;
  gint64 next;
  gboolean has_more;
} SseLogRetention;

gboolean sse_log_retention_trim_along (SseLogRetention        *self,
                                       SseLogFile             *file,
                                       guint64                 n_rows,
                                       GError                **error);
gint64   sse_log_retention_get_due    (const SseLogRetention  *self);
gboolean sse_log_retention_trim       (SseLogRetention        *self,
                                       SseLogFile             *file,
                                       GError                **error);
gboolean sse_log_trim_forget          (SseLogFile             *file,
                                       guint64                 position,
                                       GError                **error);

G_END_DECLS
