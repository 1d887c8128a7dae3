/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-log-epoch.h"

#include <string.h>

#include "sse-log-file-private.h"

/**
 * sse_log_epoch_add:
 * @epoch: one that has ended
 * @last: where
 */
gboolean
sse_log_epoch_add (SseLogFile *self, const char *epoch, guint64 last, GError **error)
{
  sse_log_file_bind_text (self, SSE_LOG_FILE_ADD_ENDED, 1, epoch, strlen (epoch));
  sse_log_file_bind_number (self, SSE_LOG_FILE_ADD_ENDED, 2, last);
  return sse_log_file_run (self, SSE_LOG_FILE_ADD_ENDED, error);
}

/**
 * sse_log_epoch_begin:
 * @epoch: drawn at random
 *
 * Ends the epoch before, at the last position there is, and begins another; or goes on with the
 * one that it is already.
 */
gboolean
sse_log_epoch_begin (SseLogFile *self, const char *epoch, GError **error)
{
  sse_log_file_bind_number (self, SSE_LOG_FILE_END_EPOCH, 1, self->position);
  sse_log_file_bind_text (self, SSE_LOG_FILE_ADD_EPOCH, 1, epoch, strlen (epoch));
  return sse_log_file_run (self, SSE_LOG_FILE_END_EPOCH, error)
         && sse_log_file_run (self, SSE_LOG_FILE_ADD_EPOCH, error)
         && sse_log_file_run (self, SSE_LOG_FILE_DROP_EPOCHS, error);
}

/**
 * sse_log_epoch_is_current:
 * @has: (out): whether @epoch is the current one there
 */
gboolean
sse_log_epoch_is_current (SseLogFile *self, const char *epoch, gboolean *has, GError **error)
{
  g_autofree char *query
      = g_strdup_printf ("SELECT count (*) FROM epochs WHERE last IS NULL AND epoch = '%s'", epoch);
  gint64 n;

  if (!sse_database_get_int64 (self->database, query, &n, error))
    return FALSE;
  *has = n == 1;
  return TRUE;
}

/**
 * sse_log_epoch_load:
 *
 * Returns: (transfer full) (element-type utf8 guint64): the epochs that have ended, and the
 * position at which each did
 */
GHashTable *
sse_log_epoch_load (SseLogFile *self, GError **error)
{
  g_autoptr (GHashTable) epochs = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  sqlite3_stmt *query = sse_database_prepare (
      self->database, "SELECT epoch, last FROM epochs WHERE last IS NOT NULL", error);
  int code;

  if (query == NULL)
    return NULL;
  while ((code = sqlite3_step (query)) == SQLITE_ROW)
    {
      guint64 last = (guint64) sqlite3_column_int64 (query, 1);

      g_hash_table_insert (epochs, g_strdup ((const char *) sqlite3_column_text (query, 0)),
                           g_memdup2 (&last, sizeof last));
    }
  if (code != SQLITE_DONE)
    sse_database_fail (self->database, error);
  sqlite3_finalize (query);
  return code == SQLITE_DONE ? g_steal_pointer (&epochs) : NULL;
}
