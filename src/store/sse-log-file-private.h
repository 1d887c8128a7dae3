/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-log-file.h"

G_BEGIN_DECLS

/* The statements of the log's file, for those who change it. */

typedef enum
{
  SSE_LOG_FILE_BEGIN,
  SSE_LOG_FILE_COMMIT,
  SSE_LOG_FILE_ADD_STREAM,
  SSE_LOG_FILE_ADD_PART,
  SSE_LOG_FILE_END_EPOCH,
  SSE_LOG_FILE_ADD_EPOCH,
  SSE_LOG_FILE_ADD_ENDED,
  SSE_LOG_FILE_DROP_EPOCHS,
  SSE_LOG_FILE_ADD_UPDATE,
  SSE_LOG_FILE_MARK_UNAPPLIED,
  SSE_LOG_FILE_ADD_EVENT,
  SSE_LOG_FILE_SAVE,
  SSE_LOG_FILE_SAVE_AGAIN,
  SSE_LOG_FILE_GET_ACCEPTED,
  SSE_LOG_FILE_TRIM_UPDATE,
  SSE_LOG_FILE_OLDEST_EVENTS,
  SSE_LOG_FILE_TRIM_EVENTS,
  SSE_LOG_FILE_TRIM_TO,
  SSE_LOG_FILE_N_STATEMENTS,
} SseLogFileStatement;

static inline void
sse_log_file_bind_number (SseLogFile          *self,
                          SseLogFileStatement  statement,
                          int                  index,
                          guint64              value)
{
  sqlite3_bind_int64 (self->statements[statement], index, (gint64) value);
}

/* @text: (nullable): lives until the statement was run */
static inline void
sse_log_file_bind_text (SseLogFile          *self,
                        SseLogFileStatement  statement,
                        int                  index,
                        const char          *text,
                        gsize                length)
{
  if (text != NULL)
    sqlite3_bind_text64 (self->statements[statement], index, text, length, SQLITE_STATIC,
                         SQLITE_UTF8);
  else
    sqlite3_bind_null (self->statements[statement], index);
}

static inline gboolean
sse_log_file_run (SseLogFile           *self,
                  SseLogFileStatement   statement,
                  GError              **error)
{
  return sse_database_run (self->database, self->statements[statement], error);
}

G_END_DECLS
