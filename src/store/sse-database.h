/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <sqlite3.h>
#include <sys/types.h>

G_BEGIN_DECLS

/**
 * SseDatabaseError:
 * @SSE_DATABASE_ERROR_FAILED: the disk is full, cannot be read or written, or is not there
 * @SSE_DATABASE_ERROR_LOCKED: another process holds it
 * @SSE_DATABASE_ERROR_CORRUPT: what is there is not what was written
 * @SSE_DATABASE_ERROR_FOREIGN: it is another program's, or a newer version's
 *
 * Messages name the file.
 */
typedef enum
{
  SSE_DATABASE_ERROR_FAILED,
  SSE_DATABASE_ERROR_LOCKED,
  SSE_DATABASE_ERROR_CORRUPT,
  SSE_DATABASE_ERROR_FOREIGN,
} SseDatabaseError;

#define SSE_DATABASE_ERROR (sse_database_error_quark ())
GQuark sse_database_error_quark (void);

/* Which file it is, whatever its name. */
typedef struct
{
  dev_t device;
  ino_t inode; /* 0: not known yet */
} SseFileId;

/**
 * SseDatabase:
 * @db: the connection
 * @path: the file
 * @file: which it is
 * @wal: and its write-ahead log
 *
 * A connection to the log's file, for one thread at a time.
 */
typedef struct
{
  sqlite3 *db;
  char *path;
  SseFileId file;
  SseFileId wal;
} SseDatabase;

gboolean      sse_database_create    (const char    *path,
                                      GError       **error);
SseDatabase  *sse_database_open      (const char    *path,
                                      gboolean       writing,
                                      GError       **error);
void          sse_database_free      (SseDatabase   *self);

gboolean      sse_database_check     (SseDatabase   *self,
                                      GError       **error);
gboolean      sse_database_exec      (SseDatabase   *self,
                                      const char    *sql,
                                      GError       **error);
sqlite3_stmt *sse_database_prepare   (SseDatabase   *self,
                                      const char    *sql,
                                      GError       **error);
gboolean      sse_database_run       (SseDatabase   *self,
                                      sqlite3_stmt  *statement,
                                      GError       **error);
gboolean      sse_database_set_wal   (SseDatabase   *self,
                                      GError       **error);
gboolean      sse_database_get_int64 (SseDatabase   *self,
                                      const char    *sql,
                                      gint64        *value,
                                      GError       **error);
gboolean      sse_database_is_there  (SseDatabase   *self,
                                      GError       **error);
gboolean      sse_database_fail      (SseDatabase   *self,
                                      GError       **error);
gboolean      sse_database_corrupt   (SseDatabase   *self,
                                      GError       **error,
                                      const char    *format,
                                      ...) G_GNUC_PRINTF (3, 4);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SseDatabase, sse_database_free)

G_END_DECLS
