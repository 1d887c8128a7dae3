/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-log-load.h"

#include <string.h>

#include "sse-log-row.h"

/* Rows that are looked at for one answer, whoever they are for. */
#define MAX_ROWS 4096

static guint64
column_position (sqlite3_stmt *query, int column)
{
  return (guint64) sqlite3_column_int64 (query, column);
}

static const char *
column_text (sqlite3_stmt *query, int column)
{
  return (const char *) sqlite3_column_text (query, column);
}

/* Ends a query: @code is what its last step gave. */
static gboolean
finish (SseDatabase *database, sqlite3_stmt *query, int code, gboolean ok, GError **error)
{
  if (ok && code != SQLITE_DONE)
    ok = sse_database_fail (database, error);
  sqlite3_finalize (query);
  return ok;
}

/* ---- updates ---- */

/* @update: (out) (nullable): the update, parsed, where that is asked for */
static gboolean
read_update (SseDatabase *database, sqlite3_stmt *query, SseUpdate **update, GError **error)
{
  guint64 position = column_position (query, 0);
  const char *audience = column_text (query, 3);
  gint64 accepted = sqlite3_column_int64 (query, 4);
  const char *json = column_text (query, 5);
  gsize length = (gsize) sqlite3_column_bytes (query, 5);
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) local = NULL;
  guint64 sum;

  sum = sse_log_row_sum_update (position, sqlite3_column_int64 (query, 1), audience, accepted, json,
                                length);
  if (column_position (query, 7) != (sqlite3_column_int (query, 6) == 1 ? sum : ~sum))
    return sse_database_corrupt (database, error, "the update at %" G_GUINT64_FORMAT " is damaged",
                                 position);
  if (update == NULL)
    return TRUE;
  bytes = g_bytes_new (json, length);
  *update = sse_update_new (column_text (query, 2), audience, bytes);
  if (!sse_update_parse_again (*update, &local))
    return sse_database_corrupt (database, error, "the update at %" G_GUINT64_FORMAT ": %s",
                                 position, local->message);
  sse_update_set_position (*update, position);
  sse_update_set_accepted (*update, accepted);
  return TRUE;
}

/**
 * sse_log_load_updates:
 * @after: those behind this position are wanted
 * @dense: behind this position none is missing
 * @func: (nullable): given each, parsed, ascending; %NULL: they are only checked
 */
gboolean
sse_log_load_updates (SseDatabase *database,
                      guint64 after,
                      guint64 dense,
                      SseLogEach func,
                      gpointer user_data,
                      GError **error)
{
  sqlite3_stmt *query = sse_database_prepare (
      database,
      "SELECT position, stream, name, audience, accepted, json, applied, updates.checksum"
      " FROM updates JOIN streams ON id = stream WHERE position > ?1 ORDER BY position",
      error);
  gboolean ok = TRUE;
  int code = SQLITE_DONE;

  if (query == NULL)
    return FALSE;
  sqlite3_bind_int64 (query, 1, (gint64) after);
  while (ok && (code = sqlite3_step (query)) == SQLITE_ROW)
    {
      g_autoptr (SseUpdate) update = NULL;
      guint64 position = column_position (query, 0);

      if (position > dense && position != MAX (after, dense) + 1)
        ok = sse_database_corrupt (database, error,
                                   "the update at %" G_GUINT64_FORMAT " is missing",
                                   MAX (after, dense) + 1);
      else
        ok = read_update (database, query, func != NULL ? &update : NULL, error);
      if (update != NULL && ok)
        func (update, sqlite3_column_int (query, 6) != 0, user_data);
      after = position;
    }
  return finish (database, query, code, ok, error);
}

/* ---- events ---- */

/* The row's columns begin with: stream's number, position, audience, accepted, type, members,
 * checksum. What is in @event lives as long as the row. */
static gboolean
read_event (SseDatabase *database,
            sqlite3_stmt *query,
            const char *stream,
            SseLogEvent *event,
            GError **error)
{
  *event = (SseLogEvent){
    .stream = stream,
    .position = column_position (query, 1),
    .audience = column_text (query, 2),
    .accepted = sqlite3_column_int64 (query, 3),
    .type = column_text (query, 4),
    .members = column_text (query, 5),
    .length = (gsize) sqlite3_column_bytes (query, 5),
  };
  return column_position (query, 6)
             == sse_log_row_sum_event (sqlite3_column_int64 (query, 0), event)
         || sse_database_corrupt (database, error, "the event at %" G_GUINT64_FORMAT " is damaged",
                                  event->position);
}

/* Looks for where the newest @max_events of @max_bytes up to @last begin. */
static gboolean
find_newest (SseDatabase *database,
             gint64 stream,
             guint64 last,
             guint max_events,
             gsize max_bytes,
             guint64 *after,
             GError **error)
{
  sqlite3_stmt *query
      = sse_database_prepare (database,
                              "SELECT position, length (CAST (members AS BLOB)) FROM events"
                              " WHERE stream = ?1 AND position <= ?2 ORDER BY position DESC",
                              error);
  gsize bytes = 0;
  int code = SQLITE_DONE;

  if (query == NULL)
    return FALSE;
  sqlite3_bind_int64 (query, 1, stream);
  sqlite3_bind_int64 (query, 2, (gint64) last);
  for (guint n = 0; (code = sqlite3_step (query)) == SQLITE_ROW; n++)
    {
      bytes += (gsize) sqlite3_column_int64 (query, 1);
      if (n >= max_events || bytes > max_bytes)
        {
          *after = MAX (*after, column_position (query, 0));
          code = SQLITE_DONE;
          break;
        }
    }
  return finish (database, query, code, TRUE, error);
}

static gboolean
load_newest (SseDatabase *database,
             const char *name,
             gint64 stream,
             guint64 last,
             guint64 after,
             const SseLogLoader *loader,
             gpointer user_data,
             GError **error)
{
  sqlite3_stmt *query;
  gboolean ok = TRUE;
  int code = SQLITE_DONE;

  if (!find_newest (database, stream, last, loader->max_events, loader->max_bytes, &after, error))
    return FALSE;
  query = sse_database_prepare (database,
                                "SELECT * FROM events WHERE stream = ?1 AND position > ?2"
                                " AND position <= ?3 ORDER BY position",
                                error);
  if (query == NULL)
    return FALSE;
  loader->begin_events (name, after, user_data);
  sqlite3_bind_int64 (query, 1, stream);
  sqlite3_bind_int64 (query, 2, (gint64) after);
  sqlite3_bind_int64 (query, 3, (gint64) last);
  while (ok && (code = sqlite3_step (query)) == SQLITE_ROW)
    {
      SseLogEvent event;

      ok = read_event (database, query, name, &event, error);
      if (ok)
        loader->event (&event, user_data);
    }
  return finish (database, query, code, ok, error);
}

/**
 * sse_log_load_events:
 * @stream: a stream's name
 * @user: what others alone may see is left out
 * @position: (inout): those behind it are wanted; up to where @events are all
 * @max_bytes: of events, one at least
 * @events: (out) (element-type SseLogEvent): ascending; %NULL where those next to @position are not
 *   there any more
 */
gboolean
sse_log_load_events (SseDatabase *database,
                     const char *stream,
                     const char *user,
                     guint64 *position,
                     gsize max_bytes,
                     GPtrArray **events,
                     GError **error)
{
  g_autoptr (GPtrArray) found = g_ptr_array_new_with_free_func (g_free);
  /* One statement is one snapshot: what is trimmed meanwhile is there to the end. */
  sqlite3_stmt *query = sse_database_prepare (
      database,
      "SELECT e.*, t.position FROM streams s LEFT JOIN trimmed t ON t.stream = s.id"
      " LEFT JOIN events e ON e.stream = s.id AND e.position > ?2"
      " WHERE s.name = ?1 ORDER BY e.position",
      error);
  guint64 from = *position;
  gsize bytes = 0;
  guint n_rows = 0;
  gboolean ok = TRUE;
  int code = SQLITE_DONE;

  if (query == NULL)
    return FALSE;
  sqlite3_bind_text (query, 1, stream, -1, SQLITE_STATIC);
  sqlite3_bind_int64 (query, 2, (gint64) from);
  *events = NULL;
  while (ok && (code = sqlite3_step (query)) == SQLITE_ROW)
    {
      SseLogEvent event;

      if (column_position (query, 7) > from)
        {
          g_clear_pointer (&found, g_ptr_array_unref);
          code = SQLITE_DONE;
          break;
        }
      if (sqlite3_column_type (query, 1) == SQLITE_NULL)
        continue;
      ok = read_event (database, query, stream, &event, error);
      if (!ok)
        break;
      bytes += event.length;
      if (n_rows > 0 && (bytes > max_bytes || n_rows == MAX_ROWS))
        {
          code = SQLITE_DONE;
          break;
        }
      if (event.audience == NULL || g_str_equal (event.audience, user))
        g_ptr_array_add (found, sse_log_event_copy (&event));
      *position = event.position;
      n_rows++;
    }
  if (!finish (database, query, code, ok, error))
    return FALSE;
  *events = g_steal_pointer (&found);
  return TRUE;
}

/* ---- all of it ---- */

/* Tells of the parts of the checkpoint. @first, @last: (out): the oldest and the newest position */
static gboolean
load_parts (SseDatabase *database,
            const SseLogLoader *loader,
            gpointer user_data,
            guint64 *first,
            guint64 *last,
            GError **error)
{
  sqlite3_stmt *query
      = sse_database_prepare (database,
                              "SELECT name, position, state, state_checksum"
                              " FROM checkpoint JOIN streams ON id = stream ORDER BY name",
                              error);
  gboolean ok = TRUE;
  int code = SQLITE_DONE;

  if (query == NULL)
    return FALSE;
  *first = G_MAXINT64;
  *last = 0;
  while (ok && (code = sqlite3_step (query)) == SQLITE_ROW)
    {
      const char *name = column_text (query, 0);
      guint64 position = column_position (query, 1);
      const void *data = sqlite3_column_blob (query, 2);
      gsize size = (gsize) sqlite3_column_bytes (query, 2);
      g_autoptr (GVariant) state = data != NULL ? sse_log_row_read_state (data, size) : NULL;

      if (column_position (query, 3) != sse_log_row_sum_state (data, size)
          || (data != NULL && state == NULL))
        ok = sse_database_corrupt (database, error, "the state of %s is damaged", name);
      else
        loader->part (name, position, state, user_data);
      *first = MIN (*first, position);
      *last = MAX (*last, position);
    }
  return finish (database, query, code, ok, error);
}

static gboolean
load_all_newest (SseDatabase *database,
                 const SseLogLoader *loader,
                 gpointer user_data,
                 GError **error)
{
  sqlite3_stmt *query = sse_database_prepare (
      database,
      "SELECT id, name, c.position, ifnull (t.position, 0) FROM streams"
      " JOIN checkpoint c ON c.stream = id LEFT JOIN trimmed t ON t.stream = id ORDER BY name",
      error);
  gboolean ok = TRUE;
  int code = SQLITE_DONE;

  if (query == NULL)
    return FALSE;
  while (ok && (code = sqlite3_step (query)) == SQLITE_ROW)
    ok = load_newest (database, column_text (query, 1), sqlite3_column_int64 (query, 0),
                      column_position (query, 2), column_position (query, 3), loader, user_data,
                      error);
  return finish (database, query, code, ok, error);
}

/**
 * sse_log_load_file:
 *
 * See sse_log_load().
 */
gboolean
sse_log_load_file (SseDatabase *database,
                   const SseLogLoader *loader,
                   gpointer user_data,
                   GError **error)
{
  guint64 first, last;

  return load_parts (database, loader, user_data, &first, &last, error)
         && load_all_newest (database, loader, user_data, error)
         && sse_log_load_updates (database, first, last, loader->update, user_data, error);
}

static void
ignore_part (const char *stream, guint64 position, GVariant *state, gpointer user_data)
{
}

static void
ignore_start (const char *stream, guint64 after, gpointer user_data)
{
}

static void
ignore_event (const SseLogEvent *event, gpointer user_data)
{
}

/* The rows that say what the others mean. */
static gboolean
check_frame (SseDatabase *database, GError **error)
{
  gint64 n_damaged;

  if (!sse_database_get_int64 (
          database,
          "SELECT (SELECT count (*) FROM streams WHERE checksum IS NOT checksum (id, name))"
          " + (SELECT count (*) FROM epochs WHERE checksum IS NOT checksum (epoch, last))"
          " + (SELECT count (*) FROM trimmed WHERE checksum IS NOT checksum (stream, position))"
          " + (SELECT count (*) FROM checkpoint"
          "    WHERE checksum IS NOT checksum (stream, position, state_checksum))",
          &n_damaged, error))
    return FALSE;
  return n_damaged == 0
         || sse_database_corrupt (database, error, "streams, epochs or positions are damaged");
}

/**
 * sse_log_load_check:
 *
 * Looks whether all that sse_log_load_file() would give is as it was written, and all events.
 */
gboolean
sse_log_load_check (SseDatabase *database, GError **error)
{
  const SseLogLoader nobody = {
    .max_events = G_MAXUINT,
    .max_bytes = G_MAXSIZE,
    .part = ignore_part,
    .begin_events = ignore_start,
    .event = ignore_event,
  };

  return check_frame (database, error) && sse_log_load_file (database, &nobody, NULL, error);
}
