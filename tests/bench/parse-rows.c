/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What starting costs at the least: parses the updates of a log's database, as every start parses
 * those behind the checkpoint, and does nothing with them. Tells how many, and the time. */

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "sse-update.h"

static const char query[] = "SELECT name, audience, json FROM updates"
                            " JOIN streams ON streams.id = updates.stream ORDER BY position";

static GPtrArray *
read_rows (const char *path)
{
  GPtrArray *rows = g_ptr_array_new_with_free_func ((GDestroyNotify) sse_update_unref);
  sqlite3_stmt *statement;
  sqlite3 *db;
  int code;

  if (sqlite3_open_v2 (path, &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK
      || sqlite3_prepare_v2 (db, query, -1, &statement, NULL) != SQLITE_OK)
    g_error ("%s: %s", path, sqlite3_errmsg (db));
  while ((code = sqlite3_step (statement)) == SQLITE_ROW)
    {
      g_autoptr (GBytes) json = g_bytes_new (sqlite3_column_text (statement, 2),
                                             (gsize) sqlite3_column_bytes (statement, 2));
      g_ptr_array_add (rows,
                       sse_update_new ((const char *) sqlite3_column_text (statement, 0),
                                       (const char *) sqlite3_column_text (statement, 1), json));
    }
  if (code != SQLITE_DONE)
    g_error ("%s: %s", path, sqlite3_errmsg (db));
  sqlite3_finalize (statement);
  sqlite3_close (db);
  return rows;
}

int
main (int argc, char **argv)
{
  if (argc != 2)
    {
      g_printerr ("Usage: parse-rows DATABASE\n");
      return 2;
    }
  g_autoptr (GPtrArray) rows = read_rows (argv[1]);
  guint n = rows->len;

  gint64 start = g_get_monotonic_time ();
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (SseUpdate) update = g_steal_pointer (&g_ptr_array_index (rows, i));
      g_autoptr (GError) error = NULL;
      if (!sse_update_parse (update, &error))
        g_error ("%s", error->message);
    }
  gint64 end = g_get_monotonic_time ();
  /* Nothing is left of them to be freed. */
  g_ptr_array_set_free_func (rows, NULL);
  printf ("parse-rows: %u rows in %" G_GINT64_FORMAT " µs\n", n, end - start);
  return EXIT_SUCCESS;
}
