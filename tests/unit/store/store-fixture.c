/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store-fixture.h"

#include <poll.h>
#include <sqlite3.h>
#include <string.h>

#include <glib/gstdio.h>

#include "caught-warnings.h"
#include "sse-error.h"

/* ---- what it tells ---- */

static void
on_committed (SseLog *log, GPtrArray *updates, gpointer user_data)
{
  Store *store = user_data;

  g_array_append_val (store->commits, updates->len);
  for (guint i = 0; i < updates->len; i++)
    g_ptr_array_add (store->committed, sse_update_ref (g_ptr_array_index (updates, i)));
}

static void
on_failed (SseLog *log, GPtrArray *updates, const GError *error, gpointer user_data)
{
  Store *store = user_data;

  g_assert_error (error, SSE_ERROR, SSE_ERROR_STORE_FAILED);
  g_assert_cmpuint (updates->len, >, 0);
  g_ptr_array_add (store->failures, g_strdup (error->message));
}

static void
on_due (SseLog *log, guint64 position, gboolean full, gpointer user_data)
{
  Store *store = user_data;

  store->n_due++;
  store->due_position = position;
  store->due_full = full;
}

static void
on_changed (SseLog *log, gpointer user_data)
{
  ((Store *) user_data)->n_changed++;
}

/* ---- loading ---- */

static void
load_part (const char *stream, guint64 position, GVariant *state, gpointer user_data)
{
  Store *store = user_data;
  g_autofree char *text = state != NULL ? g_variant_print (state, TRUE) : g_strdup ("-");

  g_string_append_printf (store->loaded, "part %s %" G_GUINT64_FORMAT " %s\n", stream, position,
                          text);
}

static void
load_begin (const char *stream, guint64 after, gpointer user_data)
{
  Store *store = user_data;

  g_string_append_printf (store->loaded, "events %s %" G_GUINT64_FORMAT "\n", stream, after);
}

static void
load_event (const SseLogEvent *event, gpointer user_data)
{
  Store *store = user_data;

  g_assert_cmpuint (strlen (event->members), ==, event->length);
  g_string_append_printf (
      store->loaded, "event %s %" G_GUINT64_FORMAT " %" G_GINT64_FORMAT " %s %s %s\n",
      event->stream, event->position, event->accepted - ACCEPTED,
      event->audience != NULL ? event->audience : "-", event->type, event->members);
}

static void
load_update (SseUpdate *update, gboolean applied, gpointer user_data)
{
  Store *store = user_data;
  const char *audience = sse_update_get_audience (update);
  JsonObject *object = sse_update_get_object (update);

  g_string_append_printf (
      store->loaded, "update %s %" G_GUINT64_FORMAT " %" G_GINT64_FORMAT " %s %s%s\n",
      sse_update_get_stream (update), sse_update_get_position (update),
      sse_update_get_accepted (update) - ACCEPTED, audience != NULL ? audience : "-",
      json_object_get_string_member (object, "value"), applied ? "" : " unapplied");
}

/* Opens it, if that was not done yet, and loads it for sources of these streams. */
void
store_open_for (Store *store, const char *const *streams)
{
  const SseLogLoader loader = {
    .streams = streams,
    .max_events = 3,
    .max_bytes = 1000,
    .part = load_part,
    .begin_events = load_begin,
    .event = load_event,
    .update = load_update,
  };
  g_autoptr (GError) error = NULL;

  if (store->log == NULL)
    store->log = sse_store_new (&store->options, &error);
  g_assert_no_error (error);
  g_signal_connect (store->log, "committed", G_CALLBACK (on_committed), store);
  g_signal_connect (store->log, "failed", G_CALLBACK (on_failed), store);
  g_signal_connect (store->log, "due", G_CALLBACK (on_due), store);
  g_signal_connect (store->log, "changed", G_CALLBACK (on_changed), store);
  g_string_truncate (store->loaded, 0);
  g_ptr_array_set_size (store->committed, 0);
  g_array_set_size (store->commits, 0);
  g_assert_true (sse_log_load (store->log, &loader, store, &error));
  g_assert_no_error (error);
}

void
store_open (Store *store)
{
  static const char *const streams[] = { "a", "b", NULL };

  store_open_for (store, streams);
}

void
store_close (Store *store)
{
  g_assert_finalize_object (g_steal_pointer (&store->log));
}

/* ---- what it is given ---- */

/* An update with the text @value, accepted at another time than all before. */
SseUpdate *
store_new_update (Store *store, const char *stream, const char *audience, const char *value)
{
  g_autofree char *text = g_strdup_printf ("{\"type\":\"set\",\"value\":\"%s\"}", value);
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));
  g_autoptr (GError) error = NULL;
  SseUpdate *update = sse_update_new (stream, audience, bytes);

  g_assert_true (sse_update_parse (update, &error));
  g_assert_no_error (error);
  sse_update_set_accepted (update, ACCEPTED + 1000 + ++store->n_pushed);
  return update;
}

/* Appends updates, which it takes, as one. */
void
store_append (Store *store, SseUpdate *first, ...)
{
  GPtrArray *updates = g_ptr_array_new_with_free_func ((GDestroyNotify) sse_update_unref);
  va_list more;

  va_start (more, first);
  for (SseUpdate *update = first; update != NULL; update = va_arg (more, SseUpdate *))
    g_ptr_array_add (updates, update);
  va_end (more);
  sse_log_append (store->log, updates);
}

void
store_push (Store *store, const char *stream, const char *audience, const char *value)
{
  store_append (store, store_new_update (store, stream, audience, value), NULL);
}

/* Waits until so many updates came back. */
void
store_wait (Store *store, guint n_committed)
{
  while (store->committed->len < n_committed)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (store->committed->len, ==, n_committed);
}

/* Appends an update and waits until it comes back. */
void
store_publish (Store *store, const char *stream, const char *audience, const char *value)
{
  store_push (store, stream, audience, value);
  store_wait (store, store->committed->len + 1);
}

/* Keeps an event that came of the update at @position. */
void
store_keep (
    Store *store, const char *stream, guint64 position, const char *audience, const char *members)
{
  const SseLogEvent event = {
    .stream = stream,
    .position = position,
    .accepted = ACCEPTED + 1000 + (gint64) position,
    .audience = audience,
    .type = "said",
    .members = members,
    .length = strlen (members),
  };

  sse_log_keep_event (store->log, &event);
}

/* Keeps a checkpoint of pairs of a stream and a state, which are taken; %NULL: the same as before.
 */
void
store_save (Store *store, guint64 position, const char *stream, GVariant *state, ...)
{
  g_autoptr (GArray) parts = g_array_new (FALSE, FALSE, sizeof (SseLogPart));
  gboolean full = TRUE;
  va_list more;

  g_array_set_clear_func (parts, sse_log_part_clear);
  va_start (more, state);
  while (stream != NULL)
    {
      SseLogPart part = { g_strdup (stream), state != NULL ? g_variant_ref_sink (state) : NULL };

      full &= state != NULL;
      g_array_append_val (parts, part);
      stream = va_arg (more, const char *);
      if (stream != NULL)
        state = va_arg (more, GVariant *);
    }
  va_end (more);
  sse_log_save (store->log, position, parts, full);
}

static void
on_read (GPtrArray *events, guint64 position, gpointer user_data)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; events != NULL && i < events->len; i++)
    {
      const SseLogEvent *event = g_ptr_array_index (events, i);

      g_string_append_printf (text, "%s@%" G_GUINT64_FORMAT " ", event->members, event->position);
    }
  if (events != NULL)
    g_string_append_printf (text, "up to %" G_GUINT64_FORMAT, position);
  else
    g_string_append (text, "none");
  *(char **) user_data = g_string_free (text, FALSE);
}

/* Reads events, as text. */
char *
store_read (Store *store, const char *stream, const char *user, guint64 position, gsize max_bytes)
{
  char *text = NULL;

  g_assert_true (sse_log_read (store->log, stream, user, position, max_bytes, on_read, &text));
  while (text == NULL)
    g_main_context_iteration (NULL, TRUE);
  return text;
}

/* ---- its file ---- */

/* The file's name with a suffix. */
char *
store_get_path (Store *store, const char *suffix)
{
  g_autofree char *name = g_strconcat ("rivulet.db", suffix, NULL);

  return g_build_filename (store->directory, name, NULL);
}

/* The one file that was set aside for that reason, its write-ahead log not counted; or none. */
char *
store_find_aside (Store *store, const char *why)
{
  g_autofree char *start = g_strdup_printf ("rivulet.db.%s-", why);
  g_autoptr (GDir) directory = g_dir_open (store->directory, 0, NULL);
  char *found = NULL;
  const char *name;

  while ((name = g_dir_read_name (directory)) != NULL)
    if (g_str_has_prefix (name, start) && !g_str_has_suffix (name, "-wal"))
      {
        g_assert_null (found);
        found = g_build_filename (store->directory, name, NULL);
      }
  return found;
}

static sqlite3 *
connect_to_file (Store *store)
{
  g_autofree char *path = store_get_path (store, "");
  sqlite3 *db;

  g_assert_cmpint (sqlite3_open_v2 (path, &db, SQLITE_OPEN_READWRITE, NULL), ==, SQLITE_OK);
  sqlite3_busy_timeout (db, 10000);
  return db;
}

/* The number that a query gives, by a connection of its own. */
gint64
store_query (Store *store, const char *sql)
{
  sqlite3 *db = connect_to_file (store);
  sqlite3_stmt *statement;
  gint64 value;

  g_assert_cmpint (sqlite3_prepare_v2 (db, sql, -1, &statement, NULL), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_step (statement), ==, SQLITE_ROW);
  value = sqlite3_column_int64 (statement, 0);
  sqlite3_finalize (statement);
  sqlite3_close (db);
  return value;
}

/* Waits until a query gives a number: nothing tells of what is done when nobody waits. */
void
store_wait_for (Store *store, const char *sql, gint64 expected)
{
  while (store_query (store, sql) != expected)
    poll (NULL, 0, 1);
}

/* Changes the file behind the store's back. */
void
store_exec (Store *store, const char *sql)
{
  sqlite3 *db = connect_to_file (store);
  char *message = NULL;

  sqlite3_exec (db, sql, NULL, NULL, &message);
  g_assert_cmpstr (message, ==, NULL);
  sqlite3_close (db);
}

/* ---- files and directories ---- */

GBytes *
file_read (const char *path)
{
  char *bytes;
  gsize length;

  g_assert_true (g_file_get_contents (path, &bytes, &length, NULL));
  return g_bytes_new_take (bytes, length);
}

/* Writes a file, another one than was there by that name. */
void
file_write (const char *path, GBytes *bytes)
{
  gsize length;
  const char *data = g_bytes_get_data (bytes, &length);

  g_assert_true (g_file_set_contents (path, data, (gssize) length, NULL));
}

void
directory_remove (const char *path)
{
  g_autoptr (GDir) directory = g_dir_open (path, 0, NULL);
  const char *name;

  while (directory != NULL && (name = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *file = g_build_filename (path, name, NULL);

      g_assert_no_errno (g_remove (file));
    }
  g_rmdir (path);
}

/* Copies the store's files: @to is as if the process had been killed now. */
void
directory_copy (const char *from, const char *to)
{
  const char *const names[] = { "rivulet.db", "rivulet.db-wal" };

  g_assert_no_errno (g_mkdir_with_parents (to, 0700));
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *source = g_build_filename (from, names[i], NULL);
      g_autofree char *target = g_build_filename (to, names[i], NULL);
      g_autoptr (GBytes) bytes = NULL;

      if (!g_file_test (source, G_FILE_TEST_EXISTS))
        continue;
      bytes = file_read (source);
      file_write (target, bytes);
    }
}

/* ---- the fixture ---- */

/* Makes one that is to be opened. */
void
store_init (Store *store)
{
  *store = (Store){ .directory = g_dir_make_tmp ("rivulet-store-XXXXXX", NULL) };
  store->options = (SseStoreOptions){
    .directory = store->directory,
    .retain_updates = 10000,
    .retain_hours = FOR_EVER,
  };
  store->committed = g_ptr_array_new_with_free_func ((GDestroyNotify) sse_update_unref);
  store->commits = g_array_new (FALSE, FALSE, sizeof (guint));
  store->failures = g_ptr_array_new_with_free_func (g_free);
  store->loaded = g_string_new (NULL);
}

void
store_clear (Store *store)
{
  if (store->log != NULL)
    store_close (store);
  g_ptr_array_unref (store->committed);
  g_array_unref (store->commits);
  g_ptr_array_unref (store->failures);
  g_string_free (store->loaded, TRUE);
  directory_remove (store->directory);
  g_free (store->directory);
}

void
store_set_up (Store *store, gconstpointer data)
{
  warnings_catch ();
  store_init (store);
}

void
store_tear_down (Store *store, gconstpointer data)
{
  store_clear (store);
  warnings_finish ();
}
