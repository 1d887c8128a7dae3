/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-log-file.h"

#include <string.h>

#include "sse-log-file-private.h"
#include "sse-log-row.h"
#include "sse-schema.h"

/* Epochs whose ids clients may still have. */
#define MAX_EPOCHS "1000"

/* Pages in the write-ahead log that are moved into the database: 4 MiB. */
#define FOLD_PAGES 1000

static const char *const sql[SSE_LOG_FILE_N_STATEMENTS] = {
  [SSE_LOG_FILE_BEGIN] = "BEGIN IMMEDIATE",
  [SSE_LOG_FILE_COMMIT] = "COMMIT",
  [SSE_LOG_FILE_ADD_STREAM] = "INSERT INTO streams VALUES (?1, ?2, checksum (?1, ?2))",
  [SSE_LOG_FILE_ADD_PART]
  = "INSERT INTO checkpoint VALUES (?1, ?2, NULL, ?3, checksum (?1, ?2, ?3))",
  [SSE_LOG_FILE_END_EPOCH] = "UPDATE epochs SET last = ?1, checksum = checksum (epoch, ?1)"
                             " WHERE last IS NULL",
  [SSE_LOG_FILE_ADD_EPOCH]
  = "INSERT INTO epochs (epoch, checksum) VALUES (?1, checksum (?1, NULL))"
    " ON CONFLICT (epoch) DO UPDATE SET last = NULL, checksum = excluded.checksum",
  [SSE_LOG_FILE_ADD_ENDED] = "INSERT OR IGNORE INTO epochs (epoch, last, checksum)"
                             " VALUES (?1, ?2, checksum (?1, ?2))",
  [SSE_LOG_FILE_DROP_EPOCHS] = "DELETE FROM epochs"
                               " WHERE number <= (SELECT max (number) FROM epochs) - " MAX_EPOCHS,
  [SSE_LOG_FILE_ADD_UPDATE] = "INSERT INTO updates VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6)",
  /* The checksum was of one that was applied. */
  [SSE_LOG_FILE_MARK_UNAPPLIED] = "UPDATE updates SET applied = 0, checksum = ~checksum"
                                  " WHERE position = ?1 AND applied = 1",
  [SSE_LOG_FILE_ADD_EVENT] = "INSERT OR REPLACE INTO events VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
  [SSE_LOG_FILE_SAVE] = "UPDATE checkpoint SET position = ?2, state = ?3, state_checksum = ?4,"
                        "  checksum = checksum (?1, ?2, ?4) WHERE stream = ?1",
  [SSE_LOG_FILE_SAVE_AGAIN] = "UPDATE checkpoint SET position = ?2,"
                              "  checksum = checksum (?1, ?2, state_checksum) WHERE stream = ?1",
  [SSE_LOG_FILE_GET_ACCEPTED] = "SELECT accepted FROM updates WHERE position = ?1",
  [SSE_LOG_FILE_TRIM_UPDATE] = "DELETE FROM updates WHERE position = ?1",
  [SSE_LOG_FILE_OLDEST_EVENTS] = "SELECT position, accepted FROM events"
                                 " WHERE stream = ?1 AND position <= ?2 ORDER BY position LIMIT ?3",
  [SSE_LOG_FILE_TRIM_EVENTS] = "DELETE FROM events WHERE stream = ?1 AND position <= ?2",
  [SSE_LOG_FILE_TRIM_TO]
  = "INSERT INTO trimmed VALUES (?1, ?2, checksum (?1, ?2)) ON CONFLICT DO UPDATE"
    " SET position = excluded.position, checksum = excluded.checksum"
    " WHERE excluded.position > position",
};

gboolean
sse_log_file_begin (SseLogFile *self, GError **error)
{
  return sse_log_file_run (self, SSE_LOG_FILE_BEGIN, error);
}

/**
 * sse_log_file_commit:
 *
 * Returns: whether all since sse_log_file_begin() is on the disk, where it will be looked for
 */
gboolean
sse_log_file_commit (SseLogFile *self, GError **error)
{
  return sse_log_file_run (self, SSE_LOG_FILE_COMMIT, error)
         && sse_database_is_there (self->database, error);
}

/* ---- writing ---- */

static void
stream_free (gpointer data)
{
  SseLogStream *stream = data;

  g_array_unref (stream->updates);
  g_free (stream->name);
  g_free (stream);
}

static SseLogStream *
remember (SseLogFile *self, gint64 id, const char *name)
{
  SseLogStream *stream = g_new0 (SseLogStream, 1);

  stream->id = id;
  stream->name = g_strdup (name);
  stream->updates = g_array_new (FALSE, FALSE, sizeof (guint64));
  g_hash_table_insert (self->streams, stream->name, stream);
  return stream;
}

/* One that is met for the first time begins here: its source has no state, and nothing was ever
 * pushed to it. */
static SseLogStream *
ensure_stream (SseLogFile *self, const char *name, GError **error)
{
  SseLogStream *stream = g_hash_table_lookup (self->streams, name);
  guint64 id;

  if (stream != NULL)
    return stream;
  id = g_hash_table_size (self->streams) + 1;
  sse_log_file_bind_number (self, SSE_LOG_FILE_ADD_STREAM, 1, id);
  sse_log_file_bind_text (self, SSE_LOG_FILE_ADD_STREAM, 2, name, strlen (name));
  sse_log_file_bind_number (self, SSE_LOG_FILE_ADD_PART, 1, id);
  sse_log_file_bind_number (self, SSE_LOG_FILE_ADD_PART, 2, self->position);
  sse_log_file_bind_number (self, SSE_LOG_FILE_ADD_PART, 3, sse_log_row_sum_state (NULL, 0));
  if (!sse_log_file_run (self, SSE_LOG_FILE_ADD_STREAM, error)
      || !sse_log_file_run (self, SSE_LOG_FILE_ADD_PART, error))
    return NULL;
  stream = remember (self, (gint64) id, name);
  stream->part = self->position;
  return stream;
}

/**
 * sse_log_file_add_stream:
 * @name: a stream's name
 *
 * Sees to it that the log is kept for a stream from here on, if that is not so yet.
 */
gboolean
sse_log_file_add_stream (SseLogFile *self, const char *name, GError **error)
{
  return ensure_stream (self, name, error) != NULL;
}

/**
 * sse_log_file_add_update:
 * @update: gets its position, the next one
 */
gboolean
sse_log_file_add_update (SseLogFile *self, SseUpdate *update, GError **error)
{
  SseLogStream *stream = ensure_stream (self, sse_update_get_stream (update), error);
  const char *audience = sse_update_get_audience (update);
  gsize length;
  const char *json = g_bytes_get_data (sse_update_get_json (update), &length);
  gint64 accepted = sse_update_get_accepted (update);

  if (stream == NULL)
    return FALSE;
  sse_log_file_bind_number (self, SSE_LOG_FILE_ADD_UPDATE, 1, self->position + 1);
  sse_log_file_bind_number (self, SSE_LOG_FILE_ADD_UPDATE, 2, (guint64) stream->id);
  sse_log_file_bind_text (self, SSE_LOG_FILE_ADD_UPDATE, 3, audience,
                          audience != NULL ? strlen (audience) : 0);
  sse_log_file_bind_number (self, SSE_LOG_FILE_ADD_UPDATE, 4, (guint64) accepted);
  sse_log_file_bind_text (self, SSE_LOG_FILE_ADD_UPDATE, 5, json, length);
  sse_log_file_bind_number (
      self, SSE_LOG_FILE_ADD_UPDATE, 6,
      sse_log_row_sum_update (self->position + 1, stream->id, audience, accepted, json, length));
  if (!sse_log_file_run (self, SSE_LOG_FILE_ADD_UPDATE, error))
    return FALSE;
  sse_update_set_position (update, ++self->position);
  g_array_append_val (stream->updates, self->position);
  return TRUE;
}

/**
 * sse_log_file_mark_unapplied:
 * @position: of an update that is there
 */
gboolean
sse_log_file_mark_unapplied (SseLogFile *self, guint64 position, GError **error)
{
  sse_log_file_bind_number (self, SSE_LOG_FILE_MARK_UNAPPLIED, 1, position);
  return sse_log_file_run (self, SSE_LOG_FILE_MARK_UNAPPLIED, error);
}

/**
 * sse_log_file_add_event:
 * @event: one that is there already is left alone
 */
gboolean
sse_log_file_add_event (SseLogFile *self, const SseLogEvent *event, GError **error)
{
  SseLogStream *stream = ensure_stream (self, event->stream, error);

  if (stream == NULL)
    return FALSE;
  if (event->position <= stream->kept)
    return TRUE;
  sse_log_file_bind_number (self, SSE_LOG_FILE_ADD_EVENT, 1, (guint64) stream->id);
  sse_log_file_bind_number (self, SSE_LOG_FILE_ADD_EVENT, 2, event->position);
  sse_log_file_bind_text (self, SSE_LOG_FILE_ADD_EVENT, 3, event->audience,
                          event->audience != NULL ? strlen (event->audience) : 0);
  sse_log_file_bind_number (self, SSE_LOG_FILE_ADD_EVENT, 4, (guint64) event->accepted);
  sse_log_file_bind_text (self, SSE_LOG_FILE_ADD_EVENT, 5, event->type, strlen (event->type));
  sse_log_file_bind_text (self, SSE_LOG_FILE_ADD_EVENT, 6, event->members, event->length);
  sse_log_file_bind_number (self, SSE_LOG_FILE_ADD_EVENT, 7,
                            sse_log_row_sum_event (stream->id, event));
  if (!sse_log_file_run (self, SSE_LOG_FILE_ADD_EVENT, error))
    return FALSE;
  stream->kept = event->position;
  stream->n_events++;
  return TRUE;
}

/**
 * sse_log_file_save:
 * @stream: a stream's name
 * @state: (nullable): its source's state at @position; %NULL: the same as is there
 * @size: (out): of what was written, in bytes
 *
 * Writes a source's part of the checkpoint.
 */
gboolean
sse_log_file_save (SseLogFile *self,
                   guint64 position,
                   const char *stream,
                   GVariant *state,
                   gsize *size,
                   GError **error)
{
  SseLogFileStatement statement = state != NULL ? SSE_LOG_FILE_SAVE : SSE_LOG_FILE_SAVE_AGAIN;
  SseLogStream *known = ensure_stream (self, stream, error);
  g_autoptr (GBytes) bytes = NULL;
  gboolean ok;

  *size = 0;
  if (known == NULL)
    return FALSE;
  sse_log_file_bind_number (self, statement, 1, (guint64) known->id);
  sse_log_file_bind_number (self, statement, 2, position);
  if (state != NULL)
    {
      const char *data;

      bytes = sse_log_row_new_state (state);
      data = g_bytes_get_data (bytes, size);
      sqlite3_bind_blob64 (self->statements[statement], 3, data, *size, SQLITE_STATIC);
      sse_log_file_bind_number (self, statement, 4, sse_log_row_sum_state (data, *size));
    }
  ok = sse_log_file_run (self, statement, error);
  sqlite3_clear_bindings (self->statements[statement]);
  known->part = position;
  return ok;
}

/**
 * sse_log_file_get_covered:
 *
 * Returns: the position of the oldest part of the checkpoint
 */
guint64
sse_log_file_get_covered (SseLogFile *self)
{
  guint64 covered = G_MAXUINT64;
  GHashTableIter iter;
  SseLogStream *stream;

  g_hash_table_iter_init (&iter, self->streams);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &stream))
    covered = MIN (covered, stream->part);
  return covered;
}

/**
 * sse_log_file_get_newest:
 *
 * Returns: the position of the newest part of the checkpoint
 */
guint64
sse_log_file_get_newest (SseLogFile *self)
{
  guint64 newest = 0;
  GHashTableIter iter;
  SseLogStream *stream;

  g_hash_table_iter_init (&iter, self->streams);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &stream))
    newest = MAX (newest, stream->part);
  return newest;
}

/* ---- opening ---- */

/* What is counted by stream is so in the order of the rows: where that is damaged, a stream comes
 * more than once. */
static gboolean
read_stream (SseLogFile *self, sqlite3_stmt *query, GError **error)
{
  const char *name = (const char *) sqlite3_column_text (query, 1);
  SseLogStream *stream;

  if (name == NULL || g_hash_table_contains (self->streams, name))
    return sse_database_corrupt (self->database, error, "events out of order");
  stream = remember (self, sqlite3_column_int64 (query, 0), name);
  stream->part = (guint64) sqlite3_column_int64 (query, 2);
  stream->n_events = (guint64) sqlite3_column_int64 (query, 3);
  stream->kept = (guint64) sqlite3_column_int64 (query, 4);
  return TRUE;
}

static gboolean
read_streams (SseLogFile *self, GError **error)
{
  sqlite3_stmt *query = sse_database_prepare (
      self->database,
      "SELECT id, name, ifnull (c.position, 0), ifnull (e.n, 0),"
      "  max (ifnull (e.last, 0), ifnull (t.position, 0))"
      " FROM streams LEFT JOIN checkpoint c ON c.stream = id"
      " LEFT JOIN trimmed t ON t.stream = id"
      " LEFT JOIN (SELECT stream, count (*) n, max (position) last FROM events GROUP BY stream) e"
      "   ON e.stream = id",
      error);
  gboolean ok = query != NULL;
  int code = SQLITE_DONE;

  while (ok && (code = sqlite3_step (query)) == SQLITE_ROW)
    ok = read_stream (self, query, error);
  if (ok && code != SQLITE_DONE)
    ok = sse_database_fail (self->database, error);
  sqlite3_finalize (query);
  return ok;
}

static gboolean
read_updates (SseLogFile *self, GError **error)
{
  sqlite3_stmt *query = sse_database_prepare (
      self->database, "SELECT position, stream FROM updates ORDER BY position", error);
  g_autofree SseLogStream **by_id = NULL;
  GHashTableIter iter;
  SseLogStream *stream;
  gint64 n_streams = g_hash_table_size (self->streams);
  int code;

  if (query == NULL)
    return FALSE;
  by_id = g_new0 (SseLogStream *, (gsize) n_streams + 1);
  g_hash_table_iter_init (&iter, self->streams);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &stream))
    if (stream->id > 0 && stream->id <= n_streams)
      by_id[stream->id] = stream;
  while ((code = sqlite3_step (query)) == SQLITE_ROW)
    {
      guint64 position = (guint64) sqlite3_column_int64 (query, 0);
      gint64 id = sqlite3_column_int64 (query, 1);

      stream = id > 0 && id <= n_streams ? by_id[id] : NULL;
      if (stream == NULL)
        break;
      g_array_append_val (stream->updates, position);
    }
  if (code == SQLITE_ROW)
    sse_database_corrupt (self->database, error, "there is an update of no stream");
  else if (code != SQLITE_DONE)
    sse_database_fail (self->database, error);
  sqlite3_finalize (query);
  return code == SQLITE_DONE;
}

static gboolean
read_position (SseLogFile *self, GError **error)
{
  gint64 position;

  if (!sse_database_get_int64 (self->database,
                               "SELECT max (ifnull ((SELECT max (position) FROM updates), 0),"
                               "  ifnull ((SELECT max (position) FROM checkpoint), 0),"
                               "  ifnull ((SELECT max (last) FROM epochs), 0))",
                               &position, error))
    return FALSE;
  self->position = (guint64) position;
  return TRUE;
}

static int
on_wal (void *user_data, sqlite3 *db, const char *name, int n_pages)
{
  ((SseLogFile *) user_data)->wal_pages = n_pages;
  return SQLITE_OK;
}

/**
 * sse_log_file_fold:
 * @all: whether to do it however little there is, and to leave nothing behind
 *
 * Moves what is in the write-ahead log into the database, now and then. It may take a while: not
 * for when somebody waits.
 */
gboolean
sse_log_file_fold (SseLogFile *self, gboolean all, GError **error)
{
  int code;

  if (!all && self->wal_pages < FOLD_PAGES)
    return TRUE;
  self->wal_pages = 0;
  code = sqlite3_wal_checkpoint_v2 (self->database->db, NULL,
                                    all ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE,
                                    NULL, NULL);
  /* Another process may be doing it. */
  return code == SQLITE_OK || (!all && (code & 0xff) == SQLITE_BUSY)
         || sse_database_fail (self->database, error);
}

/**
 * sse_log_file_open:
 * @path: a database that is there
 * @check: whether to look first whether all of it is in order, as far as SQLite can tell
 * @error: in the domain %SSE_DATABASE_ERROR
 *
 * Opens the log's file for writing; one that is older is brought to what it is now.
 */
SseLogFile *
sse_log_file_open (const char *path, gboolean check, GError **error)
{
  g_autoptr (SseLogFile) self = g_new0 (SseLogFile, 1);

  self->streams = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, stream_free);
  self->statements = g_new0 (sqlite3_stmt *, SSE_LOG_FILE_N_STATEMENTS);
  self->database = sse_database_open (path, TRUE, error);
  if (self->database == NULL || (check && !sse_database_check (self->database, error))
      || !sse_schema_migrate (self->database, error))
    return NULL;
  for (guint i = 0; i < SSE_LOG_FILE_N_STATEMENTS; i++)
    {
      self->statements[i] = sse_database_prepare (self->database, sql[i], error);
      if (self->statements[i] == NULL)
        return NULL;
    }
  if (!sse_database_get_int64 (self->database, "SELECT id FROM identity", &self->identity, error)
      || !read_streams (self, error) || !read_updates (self, error) || !read_position (self, error))
    return NULL;
  sqlite3_wal_hook (self->database->db, on_wal, self);
  return g_steal_pointer (&self);
}

void
sse_log_file_free (SseLogFile *self)
{
  for (guint i = 0; i < SSE_LOG_FILE_N_STATEMENTS; i++)
    sqlite3_finalize (self->statements[i]);
  g_free (self->statements);
  g_clear_pointer (&self->database, sse_database_free);
  g_hash_table_unref (self->streams);
  g_free (self);
}
