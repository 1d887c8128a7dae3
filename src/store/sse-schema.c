/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-store"

#include "config.h"

#include "sse-schema.h"

#include <inttypes.h>

#include <glib/gi18n-lib.h>

/* "Rivu": says in the file's header whose it is. */
#define APPLICATION_ID 0x52697675

/* Migration N makes version N + 1 of version N. One that was released is never changed: what is to
 * be different is done by the next one.
 *
 * - identity: drawn at random for each file that is made.
 * - updates: the log. Positions are dense from the checkpoint on.
 * - checkpoint: each source's state at a position; NULL: as a source begins. It is there for all
 *   streams that ever were, so that the log is kept for one whose plugin is missing.
 * - epochs: in order; last is the position at which it ended, NULL for the current one.
 * - events: the appended events, for clients that come back late.
 * - trimmed: the highest position of a stream's events that are not there any more.
 *
 * Each row of these has a checksum. That of a state is apart from that of its row, so that the
 * position can go on where the state is the same. */
static const char *const migrations[] = {
  "CREATE TABLE identity (id INTEGER NOT NULL) STRICT;"
  "INSERT INTO identity VALUES (random ());"
  "CREATE TABLE streams ("
  "  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, checksum INTEGER NOT NULL) STRICT;"
  "CREATE TABLE updates ("
  "  position INTEGER PRIMARY KEY, stream INTEGER NOT NULL REFERENCES streams, audience TEXT,"
  "  accepted INTEGER NOT NULL, json TEXT NOT NULL, applied INTEGER NOT NULL,"
  "  checksum INTEGER NOT NULL) STRICT;"
  "CREATE TABLE checkpoint ("
  "  stream INTEGER PRIMARY KEY REFERENCES streams, position INTEGER NOT NULL, state BLOB,"
  "  state_checksum INTEGER NOT NULL, checksum INTEGER NOT NULL) STRICT;"
  "CREATE TABLE epochs ("
  "  number INTEGER PRIMARY KEY, epoch TEXT NOT NULL UNIQUE, last INTEGER,"
  "  checksum INTEGER NOT NULL) STRICT;",

  "CREATE TABLE events ("
  "  stream INTEGER NOT NULL REFERENCES streams, position INTEGER NOT NULL, audience TEXT,"
  "  accepted INTEGER NOT NULL, type TEXT NOT NULL, members TEXT NOT NULL,"
  "  checksum INTEGER NOT NULL, PRIMARY KEY (stream, position)) STRICT, WITHOUT ROWID;"
  "CREATE TABLE trimmed ("
  "  stream INTEGER PRIMARY KEY REFERENCES streams, position INTEGER NOT NULL,"
  "  checksum INTEGER NOT NULL) STRICT;"
  "INSERT INTO trimmed SELECT stream, position, checksum (stream, position) FROM checkpoint;",
};

static gboolean
get_version (SseDatabase *database, gint64 *version, GError **error)
{
  return sse_database_get_int64 (database, "PRAGMA user_version", version, error);
}

/* Each is one transaction, together with the number that says that it was done. */
static gboolean
migrate_from (SseDatabase *database, gsize version, GError **error)
{
  for (; version < G_N_ELEMENTS (migrations); version++)
    {
      g_autofree char *sql = g_strdup_printf (
          "BEGIN IMMEDIATE; %s PRAGMA user_version = %" G_GSIZE_FORMAT "; COMMIT",
          migrations[version], version + 1);

      if (!sse_database_exec (database, sql, error))
        {
          sse_database_exec (database, "ROLLBACK", NULL);
          return FALSE;
        }
    }
  return TRUE;
}

/**
 * sse_schema_create:
 * @database: an empty one
 */
gboolean
sse_schema_create (SseDatabase *database, GError **error)
{
  g_autofree char *sql = g_strdup_printf ("PRAGMA application_id = %d", APPLICATION_ID);

  return sse_database_exec (database, sql, error) && migrate_from (database, 0, error);
}

/**
 * sse_schema_check:
 * @error: %SSE_DATABASE_ERROR_FOREIGN where it is none of ours, or of a newer version;
 *   %SSE_DATABASE_ERROR_CORRUPT where it is ours, and not as we leave it
 */
gboolean
sse_schema_check (SseDatabase *database, GError **error)
{
  gint64 application, version, n_tables;

  if (!sse_database_get_int64 (database, "PRAGMA application_id", &application, error)
      || !get_version (database, &version, error)
      || !sse_database_get_int64 (database, "SELECT count (*) FROM sqlite_schema", &n_tables,
                                  error))
    return FALSE;
  if (application != APPLICATION_ID)
    {
      g_set_error (error, SSE_DATABASE_ERROR, SSE_DATABASE_ERROR_FOREIGN,
                   _ ("%s: it is not Rivulet's; move it away, or name another directory"),
                   database->path);
      return FALSE;
    }
  if (version > (gint64) G_N_ELEMENTS (migrations))
    {
      g_set_error (error, SSE_DATABASE_ERROR, SSE_DATABASE_ERROR_FOREIGN,
                   _ ("%s: it is of version %" PRId64
                      ", written by a newer Rivulet; this one knows versions up to %zu"),
                   database->path, version, G_N_ELEMENTS (migrations));
      return FALSE;
    }
  if (version < 1 || n_tables == 0)
    return sse_database_corrupt (database, error, "it has no tables");
  return TRUE;
}

/**
 * sse_schema_migrate:
 * @database: one that sse_schema_check() found in order
 *
 * Makes what is older new.
 */
gboolean
sse_schema_migrate (SseDatabase *database, GError **error)
{
  gint64 version;

  if (!get_version (database, &version, error))
    return FALSE;
  if (version < (gint64) G_N_ELEMENTS (migrations))
    g_message ("%s: bringing version %" G_GINT64_FORMAT " to %" G_GSIZE_FORMAT, database->path,
               version, G_N_ELEMENTS (migrations));
  return migrate_from (database, (gsize) version, error);
}
