/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-log-directory.h"
#include "sse-log-file.h"
#include "sse-log-growth.h"

G_BEGIN_DECLS

/* What is done with the log's file before it is trusted: at a start, and after a failure. */

SseLogFile *sse_log_repair_begin     (SseLogDirectory  *directory,
                                      GError          **error);
SseLogFile *sse_log_repair_open      (SseLogDirectory  *directory,
                                      gint64            identity,
                                      const char       *epoch,
                                      gboolean          corrupt,
                                      GError          **error);
gboolean    sse_log_repair_prove     (SseLogFile       *file,
                                      const char       *epoch,
                                      GError          **error);
GPtrArray  *sse_log_repair_read_rest (SseLogFile       *file,
                                      guint64           committed,
                                      GError          **error);
gboolean    sse_log_repair_restore   (SseLogFile       *file,
                                      const char       *epoch,
                                      guint64           position,
                                      GArray           *parts,
                                      guint64           highest,
                                      SseLogGrowth     *growth,
                                      GError          **error);
SseLogFile *sse_log_repair_remake    (SseLogDirectory  *directory,
                                      GHashTable       *epochs,
                                      const char       *epoch,
                                      guint64           position,
                                      GArray           *parts,
                                      guint64           highest,
                                      SseLogGrowth     *growth,
                                      gint64           *identity,
                                      GError          **error);

G_END_DECLS
