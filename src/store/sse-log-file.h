/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-database.h"
#include "sse-log.h"

G_BEGIN_DECLS

/**
 * SseLogStream:
 * @id: its number in the file
 * @name: its name
 * @part: the position of its part of the checkpoint
 * @kept: the position of its last event
 * @updates: (element-type guint64): the positions of the updates that are kept, ascending
 * @first: where they begin
 * @n_events: events that are kept
 */
typedef struct
{
  gint64 id;
  char *name;
  guint64 part;
  guint64 kept;
  GArray *updates;
  guint first;
  guint64 n_events;
} SseLogStream;

/**
 * SseLogFile:
 * @database: the connection
 * @streams: (element-type utf8 SseLogStream): all that ever were
 * @identity: the file's, unlike that of every other that was made
 * @position: the last one there is
 *
 * What is in the log's tables, for the thread that writes them. Every change belongs between
 * sse_log_file_begin() and sse_log_file_commit(). After a failure, the file has to be opened anew:
 * what is said here is not undone.
 */
typedef struct
{
  SseDatabase *database;
  GHashTable *streams;
  gint64 identity;
  guint64 position;

  /*< private >*/
  sqlite3_stmt **statements;
  int wal_pages;
} SseLogFile;

SseLogFile   *sse_log_file_open           (const char         *path,
                                           gboolean            check,
                                           GError            **error);
void          sse_log_file_free           (SseLogFile         *self);

gboolean      sse_log_file_begin          (SseLogFile         *self,
                                           GError            **error);
gboolean      sse_log_file_commit         (SseLogFile         *self,
                                           GError            **error);

gboolean      sse_log_file_add_stream     (SseLogFile         *self,
                                           const char         *name,
                                           GError            **error);
gboolean      sse_log_file_add_update     (SseLogFile         *self,
                                           SseUpdate          *update,
                                           GError            **error);
gboolean      sse_log_file_mark_unapplied (SseLogFile         *self,
                                           guint64             position,
                                           GError            **error);
gboolean      sse_log_file_add_event      (SseLogFile         *self,
                                           const SseLogEvent  *event,
                                           GError            **error);
gboolean      sse_log_file_save           (SseLogFile         *self,
                                           guint64             position,
                                           const char         *stream,
                                           GVariant           *state,
                                           gsize              *size,
                                           GError            **error);
gboolean      sse_log_file_fold           (SseLogFile         *self,
                                           gboolean            all,
                                           GError            **error);
guint64       sse_log_file_get_covered    (SseLogFile         *self);
guint64       sse_log_file_get_newest     (SseLogFile         *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SseLogFile, sse_log_file_free)

G_END_DECLS
