/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-log-file.h"

G_BEGIN_DECLS

/**
 * SseLogGrowth:
 * @rows: updates behind the checkpoint
 * @bytes: of them
 * @size: of what the last checkpoint wrote, in bytes
 * @since: when the first of them came, in µs since 1970 UTC
 *
 * How much the log has grown since the last checkpoint, and whether it is time for another: a start
 * must not take long, and writing checkpoints must not be most of the work.
 */
typedef struct
{
  guint64 rows;
  guint64 bytes;
  guint64 size;
  gint64 since;
} SseLogGrowth;

gboolean sse_log_growth_begin  (SseLogGrowth   *self,
                                SseLogFile     *file,
                                GError        **error);
void     sse_log_growth_add    (SseLogGrowth   *self,
                                gsize           bytes);
gboolean sse_log_growth_save   (SseLogGrowth   *self,
                                SseLogFile     *file,
                                guint64         position,
                                GArray         *parts,
                                GError        **error);
gboolean sse_log_growth_is_due (const SseLogGrowth *self,
                                guint64             max_rows,
                                gint64              max_age);

G_END_DECLS
