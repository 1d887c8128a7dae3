/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-log-trim.h"

#include "sse-log-file-private.h"

/* Rows of a stream that are trimmed in a transaction of its own, and how often it is looked for
 * what has become too old, in µs. */
#define TRIM_ROWS 256
#define TRIM_SPAN (30 * G_TIME_SPAN_SECOND)

/* How many of @n are to go at most, of those that @oldest allows if it is set. */
static guint64
count_excess (guint64 n, guint64 max, gint64 oldest, guint max_rows)
{
  guint64 excess = oldest > 0 ? n : n - MIN (n, max);

  return MIN (excess, max_rows);
}

/* Whether an update is older than @oldest, if that is asked for. */
static gboolean
is_too_old (SseLogFile *self, guint64 position, gint64 oldest, gboolean *is, GError **error)
{
  sqlite3_stmt *query = self->statements[SSE_LOG_FILE_GET_ACCEPTED];
  int code;

  *is = oldest == 0;
  if (*is)
    return TRUE;
  sse_log_file_bind_number (self, SSE_LOG_FILE_GET_ACCEPTED, 1, position);
  code = sqlite3_step (query);
  *is = code == SQLITE_ROW && sqlite3_column_int64 (query, 0) < oldest;
  if (code != SQLITE_ROW && code != SQLITE_DONE)
    sse_database_fail (self->database, error);
  sqlite3_reset (query);
  return code == SQLITE_ROW || code == SQLITE_DONE;
}

/* Forgets the first @n positions; the array moves up now and then. */
static void
drop_first (SseLogStream *stream, guint n)
{
  stream->first += n;
  if (stream->first > stream->updates->len / 2)
    {
      g_array_remove_range (stream->updates, 0, stream->first);
      stream->first = 0;
    }
}

static gboolean
trim_updates (SseLogFile *self,
              SseLogStream *stream,
              guint64 max,
              gint64 oldest,
              guint max_rows,
              guint *n_rows,
              GError **error)
{
  guint64 covered = sse_log_file_get_covered (self);
  guint64 excess = count_excess (stream->updates->len - stream->first, max, oldest, max_rows);
  guint n = 0;

  for (; n < excess; n++)
    {
      guint64 position = g_array_index (stream->updates, guint64, stream->first + n);
      gboolean old;

      if (position > covered)
        break;
      if (!is_too_old (self, position, oldest, &old, error))
        return FALSE;
      if (!old)
        break;
      sse_log_file_bind_number (self, SSE_LOG_FILE_TRIM_UPDATE, 1, position);
      if (!sse_log_file_run (self, SSE_LOG_FILE_TRIM_UPDATE, error))
        return FALSE;
    }
  if (n > 0)
    drop_first (stream, n);
  *n_rows = n;
  return TRUE;
}

/* Finds where up to @n of a stream's oldest events end. @oldest: 0 for any age */
static gboolean
find_last_event (SseLogFile *self,
                 const SseLogStream *stream,
                 gint64 oldest,
                 guint64 n,
                 guint64 *last,
                 guint *n_found,
                 GError **error)
{
  sqlite3_stmt *query = self->statements[SSE_LOG_FILE_OLDEST_EVENTS];
  gboolean ok = TRUE;
  int code;

  *n_found = 0;
  sse_log_file_bind_number (self, SSE_LOG_FILE_OLDEST_EVENTS, 1, (guint64) stream->id);
  sse_log_file_bind_number (self, SSE_LOG_FILE_OLDEST_EVENTS, 2, stream->part);
  sse_log_file_bind_number (self, SSE_LOG_FILE_OLDEST_EVENTS, 3, n);
  while ((code = sqlite3_step (query)) == SQLITE_ROW)
    {
      if (oldest > 0 && sqlite3_column_int64 (query, 1) >= oldest)
        break;
      *last = (guint64) sqlite3_column_int64 (query, 0);
      ++*n_found;
    }
  if (code != SQLITE_ROW && code != SQLITE_DONE)
    ok = sse_database_fail (self->database, error);
  sqlite3_reset (query);
  return ok;
}

static gboolean
set_trimmed (SseLogFile *self, const SseLogStream *stream, guint64 position, GError **error)
{
  sse_log_file_bind_number (self, SSE_LOG_FILE_TRIM_TO, 1, (guint64) stream->id);
  sse_log_file_bind_number (self, SSE_LOG_FILE_TRIM_TO, 2, position);
  return sse_log_file_run (self, SSE_LOG_FILE_TRIM_TO, error);
}

static gboolean
trim_events (SseLogFile *self,
             SseLogStream *stream,
             guint64 max,
             gint64 oldest,
             guint max_rows,
             guint *n_rows,
             GError **error)
{
  guint64 excess = count_excess (stream->n_events, max, oldest, max_rows);
  guint64 last = 0;

  *n_rows = 0;
  if (excess == 0)
    return TRUE;
  if (!find_last_event (self, stream, oldest, excess, &last, n_rows, error))
    return FALSE;
  stream->n_events -= *n_rows;
  if (*n_rows == 0)
    return TRUE;
  sse_log_file_bind_number (self, SSE_LOG_FILE_TRIM_EVENTS, 1, (guint64) stream->id);
  sse_log_file_bind_number (self, SSE_LOG_FILE_TRIM_EVENTS, 2, last);
  return sse_log_file_run (self, SSE_LOG_FILE_TRIM_EVENTS, error)
         && set_trimmed (self, stream, last, error);
}

/* Deletes of each stream the oldest updates and events that are too many, and those accepted before
 * @oldest if it is set; none that the checkpoint does not cover. @n_rows: (out): the most that were
 * deleted of one stream: where it is @max_rows, there is more */
static gboolean
trim (SseLogFile *self,
      guint64 max_updates,
      gint64 oldest,
      guint max_rows,
      guint *n_rows,
      GError **error)
{
  GHashTableIter iter;
  SseLogStream *stream;

  *n_rows = 0;
  g_hash_table_iter_init (&iter, self->streams);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &stream))
    {
      guint n_updates, n_events;

      if (!trim_updates (self, stream, max_updates, oldest, max_rows, &n_updates, error)
          || !trim_events (self, stream, max_updates, oldest, max_rows, &n_events, error))
        return FALSE;
      *n_rows = MAX (*n_rows, MAX (n_updates, n_events));
    }
  return TRUE;
}

/**
 * sse_log_retention_trim_along:
 * @n_rows: that were added in this transaction
 *
 * Deletes what is too many, twice as fast as it comes.
 */
gboolean
sse_log_retention_trim_along (SseLogRetention *self,
                              SseLogFile *file,
                              guint64 n_rows,
                              GError **error)
{
  guint max_rows = (guint) (2 * n_rows);
  guint n_trimmed;

  if (max_rows == 0)
    return TRUE;
  if (!trim (file, self->max_updates, 0, max_rows, &n_trimmed, error))
    return FALSE;
  self->has_more |= n_trimmed == max_rows;
  return TRUE;
}

/**
 * sse_log_retention_get_due:
 *
 * Returns: when sse_log_retention_trim() has something to do, monotonic, in µs
 */
gint64
sse_log_retention_get_due (const SseLogRetention *self)
{
  return self->has_more ? 0 : self->next;
}

/**
 * sse_log_retention_trim:
 *
 * Deletes some of what is too many, and now and then of what is too old, in a transaction of its
 * own.
 */
gboolean
sse_log_retention_trim (SseLogRetention *self, SseLogFile *file, GError **error)
{
  gint64 now = g_get_monotonic_time ();
  gint64 oldest = 0;
  guint n_trimmed;

  if (now >= self->next)
    oldest = MAX (g_get_real_time () - self->max_hours * G_TIME_SPAN_HOUR, 1);
  if (!sse_log_file_begin (file, error)
      || !trim (file, self->max_updates, oldest, TRIM_ROWS, &n_trimmed, error)
      || !sse_log_file_commit (file, error))
    return FALSE;
  if (oldest > 0 && n_trimmed < TRIM_ROWS)
    self->next = now + TRIM_SPAN;
  else if (oldest == 0)
    self->has_more = n_trimmed == TRIM_ROWS;
  return TRUE;
}

/**
 * sse_log_trim_forget:
 * @position: from where on a checkpoint begins anew
 *
 * Says that no event up to @position is to be had.
 */
gboolean
sse_log_trim_forget (SseLogFile *self, guint64 position, GError **error)
{
  GHashTableIter iter;
  SseLogStream *stream;

  g_hash_table_iter_init (&iter, self->streams);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &stream))
    {
      if (!set_trimmed (self, stream, position, error))
        return FALSE;
      stream->kept = MAX (stream->kept, position);
    }
  return TRUE;
}
