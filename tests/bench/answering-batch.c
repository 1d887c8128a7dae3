/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "answering-batch.h"

#include <sqlite3.h>

/* What SQLite cannot do here ends the program: there is nothing to be compared with, then. */
#define SCHEMA                                                                                     \
  "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"                                          \
  "CREATE TABLE updates (position INTEGER PRIMARY KEY, stream TEXT, accepted INTEGER, json TEXT)"

struct _AnsweringBatch
{
  sqlite3 *db;
  sqlite3_stmt *begin;
  sqlite3_stmt *insert;
  sqlite3_stmt *commit;
  GPtrArray *waiting; /* GDBusMethodInvocation, not yet answered */
};

static sqlite3_stmt *
prepare (AnsweringBatch *self, const char *sql)
{
  sqlite3_stmt *statement;

  if (sqlite3_prepare_v2 (self->db, sql, -1, &statement, NULL) != SQLITE_OK)
    g_error ("%s: %s", sql, sqlite3_errmsg (self->db));
  return statement;
}

static void
run (AnsweringBatch *self, sqlite3_stmt *statement)
{
  if (sqlite3_step (statement) != SQLITE_DONE)
    g_error ("%s", sqlite3_errmsg (self->db));
  sqlite3_reset (statement);
}

static void
insert (AnsweringBatch *self, GDBusMethodInvocation *invocation)
{
  const char *stream;
  const char *json;

  g_variant_get_child (g_dbus_method_invocation_get_parameters (invocation), 0, "&s", &stream);
  g_variant_get_child (g_dbus_method_invocation_get_parameters (invocation), 1, "&s", &json);
  sqlite3_bind_text (self->insert, 1, stream, -1, SQLITE_STATIC);
  sqlite3_bind_int64 (self->insert, 2, g_get_real_time ());
  sqlite3_bind_text (self->insert, 3, json, -1, SQLITE_STATIC);
  run (self, self->insert);
}

static gboolean
commit (gpointer user_data)
{
  AnsweringBatch *self = user_data;
  sqlite3_int64 position;

  run (self, self->begin);
  for (guint i = 0; i < self->waiting->len; i++)
    insert (self, g_ptr_array_index (self->waiting, i));
  run (self, self->commit);

  position = sqlite3_last_insert_rowid (self->db) - self->waiting->len;
  for (guint i = 0; i < self->waiting->len; i++)
    {
      g_autofree char *id
          = g_strdup_printf ("00000000000000ba-%" G_GINT64_FORMAT, (gint64) (position + 1 + i));
      g_dbus_method_invocation_return_value (g_ptr_array_index (self->waiting, i),
                                             g_variant_new ("(s)", id));
    }
  g_ptr_array_set_size (self->waiting, 0);
  return G_SOURCE_REMOVE;
}

/**
 * answering_batch_new:
 * @path: a database, which is not there yet
 */
AnsweringBatch *
answering_batch_new (const char *path)
{
  AnsweringBatch *self = g_new0 (AnsweringBatch, 1);

  self->waiting = g_ptr_array_new ();
  if (sqlite3_open (path, &self->db) != SQLITE_OK
      || sqlite3_exec (self->db, SCHEMA, NULL, NULL, NULL) != SQLITE_OK)
    g_error ("%s: %s", path, sqlite3_errmsg (self->db));
  self->begin = prepare (self, "BEGIN IMMEDIATE");
  self->insert = prepare (self, "INSERT INTO updates (stream, accepted, json) VALUES (?1, ?2, ?3)");
  self->commit = prepare (self, "COMMIT");
  return self;
}

/**
 * answering_batch_add:
 * @invocation: (transfer full): a `Publish`, answered when it is on the disk
 */
void
answering_batch_add (AnsweringBatch *self, GDBusMethodInvocation *invocation)
{
  g_ptr_array_add (self->waiting, invocation);
  /* Calls that have arrived are dispatched before anything that is idle. */
  if (self->waiting->len == 1)
    g_idle_add (commit, self);
}
