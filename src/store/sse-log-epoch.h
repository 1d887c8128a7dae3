/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-log-file.h"

G_BEGIN_DECLS

/* The epochs that the log's file knows: the current one, and those that have ended. */

gboolean    sse_log_epoch_add        (SseLogFile  *self,
                                      const char  *epoch,
                                      guint64      last,
                                      GError     **error);
gboolean    sse_log_epoch_begin      (SseLogFile  *self,
                                      const char  *epoch,
                                      GError     **error);
gboolean    sse_log_epoch_is_current (SseLogFile  *self,
                                      const char  *epoch,
                                      gboolean    *is,
                                      GError     **error);
GHashTable *sse_log_epoch_load       (SseLogFile  *self,
                                      GError     **error);

G_END_DECLS
