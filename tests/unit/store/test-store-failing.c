/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <sqlite3.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "caught-warnings.h"
#include "store-fixture.h"

#define EMPTY "part a 0 -\npart b 0 -\nevents a 0\nevents b 0\n"

/* Appends one that fails, and waits until that is told. */
static void
fail_once (Store *store)
{
  guint n = store->failures->len;

  store_push (store, "a", NULL, "failing");
  while (store->failures->len == n || sse_log_get_error (store->log) == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (store->failures->len, ==, n + 1);
  g_assert_true (g_str_has_prefix (g_ptr_array_index (store->failures, n),
                                   "whether it was taken is unknown, push it again: "));
}

static void
wait_until_due (Store *store)
{
  guint n = store->n_due;

  while (store->n_due == n)
    g_main_context_iteration (NULL, TRUE);
}

static void
wait_until_well (Store *store)
{
  while (sse_log_get_error (store->log) != NULL)
    g_main_context_iteration (NULL, TRUE);
}

static void
save (Store *store, const char *state)
{
  store_save (store, sse_log_get_position (store->log), "a", g_variant_new_string (state), "b",
              g_variant_new_string (""), NULL);
}

static void
move (const char *from, const char *to)
{
  g_assert_no_errno (g_rename (from, to));
}

/* Publishes two updates that a checkpoint must save when the file is gone. */
static void
begin (Store *store)
{
  store_open (store);
  store_publish (store, "a", NULL, "one");
  store_keep (store, "a", 1, NULL, "e");
  store_publish (store, "a", NULL, "two");
}

/* It asks for a checkpoint, and is well again with it: a start finds the state, and what comes
 * then. The events are given up, and it is known that they are. No position is used twice. */
static void
recover (Store *store)
{
  g_autofree char *epoch = g_strdup (sse_log_get_epoch (store->log));
  g_autofree char *trimmed = NULL;
  g_autofree char *covered = NULL;
  g_autofree char *parts = NULL;
  g_autofree char *event = NULL;
  guint n_committed = store->committed->len;
  guint64 position;

  wait_until_due (store);
  g_assert_cmpuint (store->due_position, ==, 2);
  g_assert_true (store->due_full);
  g_assert_nonnull (sse_log_get_error (store->log));
  fail_once (store); /* at once, as long as it has none */
  save (store, "one, two");
  wait_until_well (store);
  g_assert_cmpuint (store->n_changed, ==, 2);
  warnings_expect ("the store failed: *; updates are refused until it is well again");
  position = sse_log_get_position (store->log);
  g_assert_cmpuint (position, >=, 2);

  store_publish (store, "a", NULL, "three");
  g_assert_cmpuint (sse_log_get_position (store->log), ==, position + 1);
  store_keep (store, "a", position + 1, NULL, "e");
  store_publish (store, "a", NULL, "four");
  trimmed = store_read (store, "a", "bob", 0, 1000);
  g_assert_cmpstr (trimmed, ==, "none");
  covered = store_read (store, "a", "bob", position, 1000);
  event = g_strdup_printf ("e@%" G_GUINT64_FORMAT " up to %" G_GUINT64_FORMAT, position + 1,
                           position + 1);
  g_assert_cmpstr (covered, ==, event);
  g_assert_cmpuint (store->committed->len, ==, n_committed + 2);

  store_close (store);
  store_open (store);
  parts = g_strdup_printf ("part a %" G_GUINT64_FORMAT " 'one, two'\npart b %" G_GUINT64_FORMAT
                           " ''\n",
                           position, position);
  g_assert_true (g_str_has_prefix (store->loaded->str, parts));
  g_assert_nonnull (strstr (store->loaded->str, " - three\nupdate a "));
  g_assert_true (g_str_has_suffix (store->loaded->str, " - four\n"));
  g_assert_cmpuint (sse_log_get_position (store->log), ==, position + 2);
  g_assert_true (sse_log_covers (store->log, epoch, position + 2));
  g_assert_false (sse_log_covers (store->log, epoch, position + 3));
}

static void
test_directory_gone (Store *store, gconstpointer data)
{
  g_autofree char *away = g_strconcat (store->directory, ".away", NULL);

  begin (store);
  move (store->directory, away);
  fail_once (store);
  g_assert_cmpuint (store->n_changed, ==, 1);
  recover (store);
  directory_remove (away);
}

static void
test_file_removed (Store *store, gconstpointer data)
{
  g_autofree char *path = store_get_path (store, "");

  begin (store);
  g_assert_no_errno (g_unlink (path));
  fail_once (store);
  recover (store);
  warnings_expect ("*rivulet.db-wal was set aside as *rivulet.db.rest-*");
}

/* Epochs that ended before are known to the new file too. */
static void
test_earlier_epochs (Store *store, gconstpointer data)
{
  g_autofree char *path = store_get_path (store, "");
  g_autofree char *epoch = NULL;

  begin (store);
  epoch = g_strdup (sse_log_get_epoch (store->log));
  store_close (store);
  store_open (store);
  g_assert_no_errno (g_unlink (path));
  fail_once (store);
  recover (store);
  warnings_expect ("*rivulet.db-wal was set aside as *");
  g_assert_true (sse_log_covers (store->log, epoch, 2));
  g_assert_false (sse_log_covers (store->log, epoch, 3));
}

/* Another's log in its place is not touched. */
static void
test_file_of_another (Store *store, gconstpointer data)
{
  Store other;
  g_autofree char *path = store_get_path (store, "");
  g_autofree char *other_path = NULL;
  g_autofree char *aside = NULL;
  g_autoptr (GBytes) before = NULL;
  g_autoptr (GBytes) after = NULL;

  begin (store);
  store_init (&other);
  store_open (&other);
  for (guint i = 0; i < 5; i++)
    store_publish (&other, "a", NULL, "other");
  store_close (&other);
  other_path = store_get_path (&other, "");
  before = file_read (other_path);

  move (other_path, path);
  fail_once (store);
  recover (store);
  warnings_expect ("*rivulet.db was set aside as *rivulet.db.replaced-*");
  warnings_expect ("*rivulet.db-wal was set aside as *rivulet.db.replaced-*-wal*");
  aside = store_find_aside (store, "replaced");
  g_assert_nonnull (aside);
  after = file_read (aside);
  g_assert_true (g_bytes_equal (after, before));
  store_clear (&other);
}

static void
test_file_corrupt (Store *store, gconstpointer data)
{
  g_autofree char *path = store_get_path (store, "");
  g_autofree char *aside = NULL;

  begin (store);
  g_assert_true (g_file_set_contents (path, "not a database", -1, NULL));
  fail_once (store);
  recover (store);
  warnings_expect ("*rivulet.db was set aside as *rivulet.db.corrupt-*");
  warnings_expect ("*rivulet.db-wal was set aside as *rivulet.db.corrupt-*-wal*");
  aside = store_find_aside (store, "corrupt");
  g_assert_nonnull (aside);
}

/* Written all the same: it comes back when the store is well again, once, and in its place. */
static void
test_reached_the_disk (Store *store, gconstpointer data)
{
  g_autofree char *path = store_get_path (store, "");
  g_autoptr (GBytes) bytes = NULL;
  SseUpdate *update;

  begin (store);
  bytes = file_read (path);
  file_write (path, bytes);
  fail_once (store);
  g_assert_cmpuint (store->committed->len, ==, 2);
  wait_until_well (store);
  warnings_expect ("the store failed: *it was removed or replaced while it was open; *");
  g_assert_cmpuint (store->n_due, ==, 0);
  g_assert_cmpuint (store->committed->len, ==, 3);
  update = g_ptr_array_index (store->committed, 2);
  g_assert_cmpuint (sse_update_get_position (update), ==, 3);
  g_assert_cmpstr (json_object_get_string_member (sse_update_get_object (update), "value"), ==,
                   "failing");
  g_assert_cmpuint (sse_log_get_position (store->log), ==, 3);

  store_publish (store, "a", NULL, "four");
  store_close (store);
  store_open (store);
  g_assert_cmpstr (store->loaded->str, ==,
                   EMPTY "update a 1 1001 - one\nupdate a 2 1002 - two\n"
                         "update a 3 1003 - failing\nupdate a 4 1004 - four\n");
}

/* What nobody waits for is not lost while it fails; and it becomes well by itself. */
static void
test_held_by_another (Store *store, gconstpointer data)
{
  g_autofree char *path = store_get_path (store, "");
  g_autofree char *events = NULL;
  sqlite3 *db;

  begin (store);
  g_assert_cmpint (sqlite3_open_v2 (path, &db, SQLITE_OPEN_READWRITE, NULL), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_exec (db, "BEGIN IMMEDIATE", NULL, NULL, NULL), ==, SQLITE_OK);
  store_keep (store, "a", 2, NULL, "e");
  sse_log_mark_unapplied (store->log, 1);
  fail_once (store);
  fail_once (store);
  g_assert_cmpint (sqlite3_exec (db, "ROLLBACK", NULL, NULL, NULL), ==, SQLITE_OK);
  sqlite3_close (db);

  wait_until_well (store);
  warnings_expect ("the store failed: *another process holds it; *");
  g_assert_cmpuint (store->n_due, ==, 0);
  g_assert_cmpuint (store->n_changed, ==, 2);
  store_publish (store, "a", NULL, "three");
  events = store_read (store, "a", "bob", 0, 1000);
  g_assert_cmpstr (events, ==, "e@1 e@2 up to 2");
  store_close (store);
  store_open (store);
  g_assert_true (g_str_has_prefix (store->loaded->str, EMPTY
                                   "update a 1 1001 - one unapplied\nupdate a 2 1002 - two\n"));
  g_assert_true (g_str_has_suffix (store->loaded->str, " - three\n"));
}

/* The last checkpoint at its end is written if that can be done. */
static void
test_end (Store *store, gconstpointer data)
{
  g_autofree char *away = g_strconcat (store->directory, ".away", NULL);

  begin (store);
  move (store->directory, away);
  fail_once (store);
  store_push (store, "a", NULL, "nobody is told of it");
  save (store, "one, two");
  store_close (store);
  warnings_expect ("the store failed: *");
  store_open (store);
  g_assert_cmpstr (store->loaded->str, ==,
                   "part a 3 'one, two'\npart b 3 ''\nevents a 2\nevents b 2\n");
  directory_remove (away);
}

static void
on_pong (gpointer user_data)
{
  (*(guint *) user_data)++;
}

/* Who commits gives a sign of life, well or ill. */
static void
test_ping (Store *store, gconstpointer data)
{
  g_autofree char *away = g_strconcat (store->directory, ".away", NULL);
  guint n_pongs = 0;

  begin (store);
  sse_log_ping (store->log, on_pong, &n_pongs);
  g_assert_cmpuint (n_pongs, ==, 0);
  while (n_pongs < 1)
    g_main_context_iteration (NULL, TRUE);
  move (store->directory, away);
  fail_once (store);
  while (n_pongs < 5)
    {
      guint n = n_pongs;

      sse_log_ping (store->log, on_pong, &n_pongs);
      while (n_pongs == n)
        g_main_context_iteration (NULL, TRUE);
    }
  g_assert_nonnull (sse_log_get_error (store->log));
  /* One that is under way at the end is not told any more. */
  sse_log_ping (store->log, on_pong, &n_pongs);
  store_close (store);
  g_assert_cmpuint (n_pongs, ==, 5);
  warnings_expect ("the store failed: *");
  directory_remove (away);
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
  add ("/core/store-failing/directory-gone", test_directory_gone);
  add ("/core/store-failing/file-removed", test_file_removed);
  add ("/core/store-failing/earlier-epochs", test_earlier_epochs);
  add ("/core/store-failing/file-of-another", test_file_of_another);
  add ("/core/store-failing/file-corrupt", test_file_corrupt);
  add ("/core/store-failing/reached-the-disk", test_reached_the_disk);
  add ("/core/store-failing/held-by-another", test_held_by_another);
  add ("/core/store-failing/end", test_end);
  add ("/core/store-failing/ping", test_ping);
  return g_test_run ();
}
