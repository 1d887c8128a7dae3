/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-database.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gi18n-lib.h>

#include "sse-checksum.h"
#include "sse-schema.h"

/* How long another process that holds it is waited for, in ms. */
#define BUSY_TIMEOUT 1000

/* What of the write-ahead log's file stays when all of it is in the database, in bytes. */
#define WAL_BYTES "16777216"

/* The beginning of SQLite's header, and where it says in which format it is. */
#define MAGIC        "SQLite format 3"
#define WRITE_FORMAT 18
#define READ_FORMAT  19
#define HEADER_BYTES 20

/* SQLite's smallest page. */
#define MIN_BYTES 512

G_DEFINE_QUARK (sse_database_error_quark, sse_database_error)

/* ---- errors ---- */

static SseDatabaseError
classify (int code)
{
  switch (code & 0xff)
    {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    /* As our statements are in order, it is the tables that are not. */
    case SQLITE_ERROR:
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
      return SSE_DATABASE_ERROR_CORRUPT;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return SSE_DATABASE_ERROR_LOCKED;
    default:
      return SSE_DATABASE_ERROR_FAILED;
    }
}

static gboolean
fail (const char *path, sqlite3 *db, int code, GError **error)
{
  int saved = db != NULL ? sqlite3_system_errno (db) : 0;
  SseDatabaseError kind = classify (code);

  if (kind == SSE_DATABASE_ERROR_LOCKED)
    g_set_error (error, SSE_DATABASE_ERROR, (gint) kind, _ ("%s: another process holds it"), path);
  else if (saved != 0 && kind == SSE_DATABASE_ERROR_FAILED)
    g_set_error (error, SSE_DATABASE_ERROR, (gint) kind, _ ("%s: %s (%s)"), path,
                 sqlite3_errstr (code), strerror (saved));
  else
    g_set_error (error, SSE_DATABASE_ERROR, (gint) kind, _ ("%s: %s"), path,
                 db != NULL ? sqlite3_errmsg (db) : sqlite3_errstr (code));
  return FALSE;
}

/**
 * sse_database_fail:
 * @error: (out): what the last call on the connection failed with
 *
 * Returns: %FALSE
 */
gboolean
sse_database_fail (SseDatabase *self, GError **error)
{
  return fail (self->path, self->db, sqlite3_extended_errcode (self->db), error);
}

/**
 * sse_database_corrupt:
 * @format: what is not as it was written
 *
 * Sets %SSE_DATABASE_ERROR_CORRUPT.
 *
 * Returns: %FALSE
 */
gboolean
sse_database_corrupt (SseDatabase *self, GError **error, const char *format, ...)
{
  g_autofree char *what = NULL;
  va_list arguments;

  va_start (arguments, format);
  what = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_set_error (error, SSE_DATABASE_ERROR, SSE_DATABASE_ERROR_CORRUPT, "%s: %s", self->path, what);
  return FALSE;
}

static gboolean
fail_with_errno (const char *path, GError **error)
{
  int saved = errno;

  g_set_error (error, SSE_DATABASE_ERROR, SSE_DATABASE_ERROR_FAILED, _ ("%s: %s"), path,
               strerror (saved));
  return FALSE;
}

/* ---- statements ---- */

/**
 * sse_database_exec:
 * @sql: one statement or several, without results
 */
gboolean
sse_database_exec (SseDatabase *self, const char *sql, GError **error)
{
  return sqlite3_exec (self->db, sql, NULL, NULL, NULL) == SQLITE_OK
         || sse_database_fail (self, error);
}

/**
 * sse_database_prepare:
 * @sql: one statement, used often
 *
 * Returns: (transfer full) (nullable): to be given to sqlite3_finalize()
 */
sqlite3_stmt *
sse_database_prepare (SseDatabase *self, const char *sql, GError **error)
{
  sqlite3_stmt *statement;

  if (sqlite3_prepare_v3 (self->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL)
      == SQLITE_OK)
    return statement;
  sse_database_fail (self, error);
  return NULL;
}

/**
 * sse_database_run:
 * @statement: with its values bound; one without results
 *
 * Runs a statement, and makes it ready for the next time.
 */
gboolean
sse_database_run (SseDatabase *self, sqlite3_stmt *statement, GError **error)
{
  gboolean done = sqlite3_step (statement) == SQLITE_DONE || sse_database_fail (self, error);

  sqlite3_reset (statement);
  return done;
}

/**
 * sse_database_get_int64:
 * @sql: a query
 * @value: (out): the first column of its first row; 0 where there is none
 */
gboolean
sse_database_get_int64 (SseDatabase *self, const char *sql, gint64 *value, GError **error)
{
  sqlite3_stmt *statement = sse_database_prepare (self, sql, error);
  int code;

  if (statement == NULL)
    return FALSE;
  code = sqlite3_step (statement);
  *value = code == SQLITE_ROW ? sqlite3_column_int64 (statement, 0) : 0;
  if (code != SQLITE_ROW && code != SQLITE_DONE)
    sse_database_fail (self, error);
  sqlite3_finalize (statement);
  return code == SQLITE_ROW || code == SQLITE_DONE;
}

/**
 * sse_database_set_wal:
 *
 * Sees to it that there is a write-ahead log: with a journal of another kind, who reads would hold
 * up who writes.
 */
gboolean
sse_database_set_wal (SseDatabase *self, GError **error)
{
  sqlite3_stmt *statement = sse_database_prepare (self, "PRAGMA journal_mode = WAL", error);
  gboolean ok;

  if (statement == NULL)
    return FALSE;
  ok = sqlite3_step (statement) == SQLITE_ROW || sse_database_fail (self, error);
  if (ok && g_strcmp0 ((const char *) sqlite3_column_text (statement, 0), "wal") != 0)
    {
      g_set_error (error, SSE_DATABASE_ERROR, SSE_DATABASE_ERROR_FAILED,
                   _ ("%s: it can have no write-ahead log there; name a directory on a local disk"),
                   self->path);
      ok = FALSE;
    }
  sqlite3_finalize (statement);
  return ok;
}

/* ---- opening ---- */

/* SQL's checksum (…): of integers, texts and NULL. */
static void
sum_values (sqlite3_context *context, int n_values, sqlite3_value **values)
{
  guint64 sum = SSE_CHECKSUM_START;

  for (int i = 0; i < n_values; i++)
    if (sqlite3_value_type (values[i]) == SQLITE_INTEGER)
      sum = sse_checksum_add_number (sum, (guint64) sqlite3_value_int64 (values[i]));
    else
      {
        const char *text = (const char *) sqlite3_value_text (values[i]);

        sum = sse_checksum_add_text (sum, text, (gsize) sqlite3_value_bytes (values[i]));
      }
  sqlite3_result_int64 (context, (gint64) sum);
}

static SseDatabase *
connect_to (const char *path, int flags, GError **error)
{
  g_autoptr (SseDatabase) self = g_new0 (SseDatabase, 1);
  int code;

  self->path = g_strdup (path);
  code = sqlite3_open_v2 (path, &self->db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
                          NULL);
  if (code != SQLITE_OK)
    {
      fail (path, self->db, code, error);
      return NULL;
    }
  sqlite3_busy_timeout (self->db, BUSY_TIMEOUT);
  sqlite3_db_config (self->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
  sqlite3_db_config (self->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
  sqlite3_create_function_v2 (self->db, "checksum", -1,
                              SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY, NULL,
                              sum_values, NULL, NULL, NULL);
  return g_steal_pointer (&self);
}

/**
 * sse_database_create:
 * @path: where there is no file
 *
 * Makes an empty database. All of it is in the file itself, and on the disk.
 */
gboolean
sse_database_create (const char *path, GError **error)
{
  g_autoptr (SseDatabase) self = NULL;
  int fd = open (path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

  if (fd < 0)
    return fail_with_errno (path, error);
  close (fd);
  self = connect_to (path, SQLITE_OPEN_READWRITE, error);
  return self != NULL && sse_database_exec (self, "PRAGMA synchronous = FULL", error)
         && sse_database_set_wal (self, error) && sse_schema_create (self, error)
         && sse_database_exec (self, "PRAGMA wal_checkpoint (TRUNCATE)", error);
}

/* What SQLite writes there, it reads; with other numbers it would take the file for a newer
 * SQLite's, and not write it. */
static gboolean
check_format (const char *path, GError **error)
{
  char header[HEADER_BYTES] = { 0 };
  int fd = open (path, O_RDONLY | O_CLOEXEC);
  gboolean ok = fd >= 0 && pread (fd, header, sizeof header, 0) >= 0;

  if (!ok)
    fail_with_errno (path, error);
  else if (memcmp (header, MAGIC, sizeof MAGIC) == 0
           && (header[WRITE_FORMAT] < 1 || header[WRITE_FORMAT] > 2 || header[READ_FORMAT] < 1
               || header[READ_FORMAT] > 2))
    {
      g_set_error (error, SSE_DATABASE_ERROR, SSE_DATABASE_ERROR_CORRUPT,
                   "%s: its header is damaged", path);
      ok = FALSE;
    }
  if (fd >= 0)
    close (fd);
  return ok;
}

/**
 * sse_database_open:
 * @path: a file that is there
 * @writing: whether it is to be written; one connection alone may
 * @error: in the domain %SSE_DATABASE_ERROR
 *
 * Opens a database; looks at nothing in it but what says whose it is.
 */
SseDatabase *
sse_database_open (const char *path, gboolean writing, GError **error)
{
  g_autoptr (SseDatabase) self = NULL;
  struct stat status;
  gint64 n_tables;

  if (stat (path, &status) < 0)
    {
      fail_with_errno (path, error);
      return NULL;
    }
  /* To SQLite, that would be a database yet to be filled. */
  if (status.st_size < MIN_BYTES)
    {
      g_set_error (error, SSE_DATABASE_ERROR, SSE_DATABASE_ERROR_CORRUPT, "%s: it is too short",
                   path);
      return NULL;
    }
  /* While there is no connection to it in this process, which would lose its locks by that. */
  if (writing && !check_format (path, error))
    return NULL;
  self = connect_to (path, writing ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY, error);
  if (self == NULL)
    return NULL;
  self->file = (SseFileId){ status.st_dev, status.st_ino };
  /* A file that is to be set aside stays as it is. */
  sqlite3_db_config (self->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
  if (!sse_schema_check (self, error))
    return NULL;
  if (writing
      && (!sse_database_set_wal (self, error)
          || !sse_database_exec (self,
                                 "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0;"
                                 "PRAGMA cell_size_check = ON;"
                                 "PRAGMA journal_size_limit = " WAL_BYTES,
                                 error)))
    return NULL;
  /* A read opens its write-ahead log, or makes it. */
  if (!sse_database_get_int64 (self, "SELECT count (*) FROM sqlite_schema", &n_tables, error))
    return NULL;
  return sse_database_is_there (self, error) ? g_steal_pointer (&self) : NULL;
}

void
sse_database_free (SseDatabase *self)
{
  sqlite3_close (self->db);
  g_free (self->path);
  g_free (self);
}

static gboolean
run_check (SseDatabase *self, const char *sql, GError **error)
{
  sqlite3_stmt *statement = sse_database_prepare (self, sql, error);
  const char *found;
  gboolean ok;

  if (statement == NULL)
    return FALSE;
  if (sqlite3_step (statement) != SQLITE_ROW)
    ok = sse_database_fail (self, error);
  else
    {
      found = (const char *) sqlite3_column_text (statement, 0);
      ok = g_strcmp0 (found, "ok") == 0 || sse_database_corrupt (self, error, "%s", found);
    }
  sqlite3_finalize (statement);
  return ok;
}

/**
 * sse_database_check:
 *
 * Reads all of it and looks whether it is in order, as far as SQLite can tell; of the small tables
 * the indexes too.
 */
gboolean
sse_database_check (SseDatabase *self, GError **error)
{
  return run_check (self, "PRAGMA quick_check (1)", error)
         && run_check (self, "PRAGMA integrity_check (streams)", error)
         && run_check (self, "PRAGMA integrity_check (epochs)", error);
}

/* Whether the file of that name is the one that was seen first. */
static gboolean
is_same (const char *path, SseFileId *id, GError **error)
{
  struct stat status;
  gboolean there = stat (path, &status) == 0;

  if (!there && errno != ENOENT)
    return fail_with_errno (path, error);
  if (there && id->inode == 0)
    *id = (SseFileId){ status.st_dev, status.st_ino };
  if (there && id->device == status.st_dev && id->inode == status.st_ino)
    return TRUE;
  g_set_error (error, SSE_DATABASE_ERROR, SSE_DATABASE_ERROR_FAILED,
               _ ("%s: it was removed or replaced while it was open"), path);
  return FALSE;
}

/**
 * sse_database_is_there:
 *
 * To be called when something was written.
 *
 * Returns: whether that is where it will be looked for: the files were not removed or replaced
 *   while they were open
 */
gboolean
sse_database_is_there (SseDatabase *self, GError **error)
{
  g_autofree char *wal = g_strconcat (self->path, "-wal", NULL);

  return is_same (self->path, &self->file, error) && is_same (wal, &self->wal, error);
}
