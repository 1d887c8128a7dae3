/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "caught-warnings.h"
#include "sse-database.h"
#include "store-fixture.h"

/* Bytes from one that is damaged to the next. */
#define STRIDE 101

#define FRAME "streams, epochs or positions are damaged"
#define EMPTY "part a 0 -\npart b 0 -\nevents a 0\nevents b 0\n"

/* Fills a store with what is behind the checkpoint and what is not, and closes it. */
static void
fill (Store *store)
{
  store_open (store);
  for (guint i = 0; i < 3; i++)
    store_publish (store, "a", NULL, "covered");
  store_keep (store, "a", 2, NULL, "an event");
  store_save (store, 3, "a", g_variant_new_string ("the state"), "b", g_variant_new_string (""),
              NULL);
  for (guint i = 0; i < 3; i++)
    store_publish (store, "a", "ann", "unmistakable");
  store_close (store);
}

/* Checks that it is told of what was set aside. */
static void
expect_aside (Store *store)
{
  g_autofree char *aside = store_find_aside (store, "corrupt");
  g_autofree char *wal = NULL;

  g_assert_nonnull (aside);
  warnings_expect ("*rivulet.db was set aside as *rivulet.db.corrupt-*");
  wal = g_strconcat (aside, "-wal", NULL);
  if (g_file_test (wal, G_FILE_TEST_EXISTS))
    warnings_expect ("*rivulet.db-wal was set aside as *rivulet.db.corrupt-*-wal*");
}

/* Opens it: the file is set aside as it was, with a word of why, and a new one is begun. */
static void
assert_set_aside (Store *store, const char *why)
{
  g_autofree char *path = store_get_path (store, "");
  g_autoptr (GBytes) before = file_read (path);
  g_autoptr (GBytes) after = NULL;
  g_autofree char *aside = NULL;
  g_autofree char *told = g_strdup_printf ("the log is corrupt, and a new one is begun: *%s*", why);

  store_open (store);
  warnings_expect (told);
  expect_aside (store);
  g_assert_cmpstr (store->loaded->str, ==, EMPTY);
  g_assert_cmpuint (sse_log_get_position (store->log), ==, 0);

  aside = store_find_aside (store, "corrupt");
  after = file_read (aside);
  g_assert_true (g_bytes_equal (after, before));
  store_publish (store, "a", NULL, "anew");
  store_close (store);
  directory_remove (store->directory);
}

/* One bit in a row that will be read at the next start. */
static void
test_flipped_bit (Store *store, gconstpointer data)
{
  static const struct
  {
    const char *where;
    const char *told;
  } rows[] = {
    { "unmistakable", "the update at ? is damaged" },
    { "the state", "the state of a is damaged" },
    { "an event", "the event at 2 is damaged" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *path = store_get_path (store, "");
      g_autofree char *bytes = NULL;
      char *place;
      gsize length;

      fill (store);
      g_assert_true (g_file_get_contents (path, &bytes, &length, NULL));
      place = memmem (bytes, length, rows[i].where, strlen (rows[i].where));
      g_assert_nonnull (place);
      place[3] ^= 1;
      g_assert_true (g_file_set_contents (path, bytes, (gssize) length, NULL));
      assert_set_aside (store, rows[i].told);
    }
}

/* Opens it with a bit that is another; whether that was noticed. */
static gboolean
flip (Store *store, GBytes *bytes, gsize i, const char *expected)
{
  g_autofree char *path = store_get_path (store, "");
  gsize length = g_bytes_get_size (bytes);
  g_autofree char *changed = g_memdup2 (g_bytes_get_data (bytes, NULL), length);
  g_autoptr (GError) error = NULL;
  gboolean same;

  changed[i] ^= (char) (1 << i % 8);
  g_assert_true (g_file_set_contents (path, changed, (gssize) length, NULL));
  store->log = sse_store_new (&store->options, &error);
  if (error != NULL)
    {
      g_test_message ("byte %" G_GSIZE_FORMAT ": %s", i, error->message);
      g_assert_error (error, SSE_DATABASE_ERROR, SSE_DATABASE_ERROR_FOREIGN);
      return TRUE;
    }
  store_open (store);
  same = g_str_equal (store->loaded->str, expected);
  if (!same)
    {
      g_assert_cmpstr (store->loaded->str, ==, EMPTY);
      warnings_expect ("the log is corrupt, and a new one is begun: *");
      expect_aside (store);
    }
  store_close (store);
  return !same;
}

/* Whatever bit it is: it is noticed, or makes no difference. */
static void
test_any_bit (Store *store, gconstpointer data)
{
  g_autofree char *path = store_get_path (store, "");
  g_autofree char *expected = NULL;
  g_autoptr (GBytes) bytes = NULL;
  guint n_noticed = 0;

  fill (store);
  bytes = file_read (path);
  store_open (store);
  expected = g_strdup (store->loaded->str);
  store_close (store);
  for (gsize i = 0; i < g_bytes_get_size (bytes); i += STRIDE)
    {
      directory_remove (store->directory);
      g_assert_no_errno (g_mkdir (store->directory, 0700));
      n_noticed += flip (store, bytes, i, expected) ? 1 : 0;
    }
  g_assert_cmpuint (n_noticed, >, 0);
}

/* Rows that SQLite finds in order, and that are not what was written. */
static void
test_changed_rows (Store *store, gconstpointer data)
{
  static const struct
  {
    const char *sql;
    const char *told;
  } rows[] = {
    { "DELETE FROM updates WHERE position = 5", "the update at 5 is missing" },
    { "DELETE FROM updates WHERE position = 4", "the update at 4 is missing" },
    { "UPDATE updates SET audience = NULL WHERE position = 5", "the update at 5 is damaged" },
    { "UPDATE updates SET audience = '' WHERE position = 5", "the update at 5 is damaged" },
    { "UPDATE updates SET accepted = accepted + 1 WHERE position = 6",
      "the update at 6 is damaged" },
    { "UPDATE updates SET stream = 2 WHERE position = 6", "the update at 6 is damaged" },
    { "UPDATE updates SET position = 7 WHERE position = 6", "the update at 6 is missing" },
    { "UPDATE events SET audience = 'bob'", "the event at 2 is damaged" },
    { "UPDATE events SET position = 1", "the event at 1 is damaged" },
    { "UPDATE events SET type = 'sad'", "the event at 2 is damaged" },
    { "UPDATE checkpoint SET position = 2 WHERE stream = 1", FRAME },
    { "INSERT INTO trimmed VALUES (1, 1, 0)", FRAME },
    { "UPDATE epochs SET last = 9", FRAME },
    { "UPDATE streams SET name = 'c' WHERE name = 'a'", FRAME },
    { "UPDATE checkpoint SET state = NULL WHERE stream = 1", "the state of a is damaged" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_test_message ("%s", rows[i].sql);
      fill (store);
      store_exec (store, rows[i].sql);
      assert_set_aside (store, rows[i].told);
    }
}

static void
test_truncated (Store *store, gconstpointer data)
{
  g_autofree char *path = store_get_path (store, "");

  for (guint eighths = 0; eighths < 8; eighths++)
    {
      g_autoptr (GBytes) bytes = NULL;

      fill (store);
      bytes = file_read (path);
      g_assert_no_errno (truncate (path, (off_t) (g_bytes_get_size (bytes) * eighths / 8)));
      assert_set_aside (store, "");
    }
}

static void
test_not_a_database (Store *store, gconstpointer data)
{
  g_autofree char *path = store_get_path (store, "");
  g_autofree char *text = g_strnfill (10000, 'x');

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  assert_set_aside (store, "not a database");
}

/* A write-ahead log alone would be taken for that of the new file. */
static void
test_rest (Store *store, gconstpointer data)
{
  g_autofree char *path = store_get_path (store, "");
  g_autofree char *wal = store_get_path (store, "-wal");
  g_autofree char *copy = g_dir_make_tmp ("rivulet-copy-XXXXXX", NULL);

  store_open (store);
  store_publish (store, "a", NULL, "x");
  directory_copy (store->directory, copy);
  store_close (store);
  directory_copy (copy, store->directory);
  directory_remove (copy);
  g_assert_true (g_file_test (wal, G_FILE_TEST_EXISTS));
  g_assert_no_errno (g_unlink (path));

  store_open (store);
  warnings_expect ("*rivulet.db-wal was set aside as *rivulet.db.rest-*-wal*");
  g_assert_cmpstr (store->loaded->str, ==, EMPTY);
}

/* ---- what is not its own ---- */

static void
assert_refused (Store *store, SseDatabaseError code, const char *told)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SseLog) log = sse_store_new (&store->options, &error);

  g_assert_null (log);
  g_assert_error (error, SSE_DATABASE_ERROR, (int) code);
  if (!g_pattern_match_simple (told, error->message))
    g_error ("%s", error->message);
}

/* It is left alone, to the byte. */
static void
test_foreign (Store *store, gconstpointer data)
{
  static const struct
  {
    const char *sql;
    const char *told;
  } rows[] = {
    { "PRAGMA user_version = 1000", "*rivulet.db: it is of version 1000, written by a newer*" },
    { "PRAGMA application_id = 7", "*rivulet.db: it is not Rivulet's*" },
  };
  g_autofree char *path = store_get_path (store, "");

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GBytes) before = NULL;
      g_autoptr (GBytes) after = NULL;

      fill (store);
      store_exec (store, rows[i].sql);
      before = file_read (path);
      assert_refused (store, SSE_DATABASE_ERROR_FOREIGN, rows[i].told);
      after = file_read (path);
      g_assert_true (g_bytes_equal (after, before));
      directory_remove (store->directory);
    }
}

static void
test_locked (Store *store, gconstpointer data)
{
  store_open (store);
  assert_refused (store, SSE_DATABASE_ERROR_LOCKED, "*another rivuletd uses it*");
  store_publish (store, "a", NULL, "x");
  store_close (store);
  store_open (store);
  g_assert_cmpstr (store->loaded->str, ==, EMPTY "update a 1 1001 - x\n");
}

static void
test_no_directory (Store *store, gconstpointer data)
{
  g_autofree char *file = store_get_path (store, ".d");
  g_autofree char *below = g_build_filename (file, "below", NULL);
  const char *directory = store->options.directory;

  /* It is made where it is missing… */
  store->options.directory = file;
  store_open (store);
  store_publish (store, "a", NULL, "x");
  store_close (store);
  directory_remove (file);

  /* … unless something else is in its place. */
  g_assert_true (g_file_set_contents (file, "", 0, NULL));
  store->options.directory = below;
  assert_refused (store, SSE_DATABASE_ERROR_FAILED, "*rivulet.db.d*");
  store->options.directory = directory;
}

/* ---- an older one ---- */

/* Before version 2 there were no events: those that the checkpoint covers are not to be had. */
static void
test_migration (Store *store, gconstpointer data)
{
  g_autofree char *trimmed = NULL;
  g_autofree char *covered = NULL;

  fill (store);
  store_exec (store, "DROP TABLE events; DROP TABLE trimmed; PRAGMA user_version = 1");
  store_open (store);
  g_assert_cmpstr (store->loaded->str, ==,
                   "part a 3 'the state'\npart b 3 ''\nevents a 3\nevents b 3\n"
                   "update a 4 1004 ann unmistakable\nupdate a 5 1005 ann unmistakable\n"
                   "update a 6 1006 ann unmistakable\n");
  g_assert_cmpint (store_query (store, "PRAGMA user_version"), ==, 2);
  store_keep (store, "a", 4, "ann", "e");
  store_publish (store, "a", NULL, "x");
  trimmed = store_read (store, "a", "ann", 2, 1000);
  g_assert_cmpstr (trimmed, ==, "none");
  covered = store_read (store, "a", "ann", 3, 1000);
  g_assert_cmpstr (covered, ==, "e@4 up to 4");
}

static void
add (const char *path, void (*test) (Store *, gconstpointer))
{
  g_test_add (path, Store, NULL, store_set_up, test, store_tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  alarm (300); /* for what never comes */
  add ("/core/store-damage/flipped-bit", test_flipped_bit);
  add ("/core/store-damage/any-bit", test_any_bit);
  add ("/core/store-damage/changed-rows", test_changed_rows);
  add ("/core/store-damage/truncated", test_truncated);
  add ("/core/store-damage/not-a-database", test_not_a_database);
  add ("/core/store-damage/rest", test_rest);
  add ("/core/store-damage/foreign", test_foreign);
  add ("/core/store-damage/locked", test_locked);
  add ("/core/store-damage/no-directory", test_no_directory);
  add ("/core/store-damage/migration", test_migration);
  return g_test_run ();
}
