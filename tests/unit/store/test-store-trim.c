/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <unistd.h>

#include "sse-log-trim.h"
#include "store-fixture.h"

#define COUNT(table, stream)                                                                       \
  "SELECT count (*) FROM " table " JOIN streams ON id = stream WHERE name = '" stream "'"
#define FIRST(table, stream)                                                                       \
  "SELECT min (position) FROM " table " JOIN streams ON id = stream WHERE name = '" stream "'"

/* Publishes @n updates of a stream, each with an event. */
static void
publish (Store *store, const char *stream, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      store_publish (store, stream, NULL, "x");
      store_keep (store, stream, sse_log_get_position (store->log), NULL, "e");
    }
}

static void
save (Store *store, guint64 position, const char *stream)
{
  store_save (store, position, stream, g_variant_new_string (""), NULL);
}

/* What is too many goes, of each stream for itself, when the checkpoint covers it. */
static void
test_count (Store *store, gconstpointer data)
{
  g_autofree char *covered = NULL;
  g_autofree char *trimmed = NULL;

  store->options.retain_updates = 3;
  store_open (store);
  publish (store, "b", 2);
  publish (store, "a", 10);
  store_publish (store, "a", NULL, "x");
  g_assert_cmpint (store_query (store, COUNT ("updates", "a")), ==, 11);
  g_assert_cmpint (store_query (store, COUNT ("events", "a")), ==, 10);

  store_save (store, 13, "a", g_variant_new_string (""), "b", g_variant_new_string (""), NULL);
  store_publish (store, "a", NULL, "x");
  store_wait_for (store, COUNT ("updates", "a"), 3);
  g_assert_cmpint (store_query (store, FIRST ("updates", "a")), ==, 12);
  store_wait_for (store, COUNT ("events", "a"), 3);
  g_assert_cmpint (store_query (store, FIRST ("events", "a")), ==, 10);
  g_assert_cmpint (store_query (store, COUNT ("updates", "b")), ==, 2);
  g_assert_cmpint (store_query (store, COUNT ("events", "b")), ==, 2);

  covered = store_read (store, "a", "bob", 9, 1000);
  g_assert_cmpstr (covered, ==, "e@10 e@11 e@12 up to 12");
  trimmed = store_read (store, "a", "bob", 8, 1000);
  g_assert_cmpstr (trimmed, ==, "none");

  store_close (store);
  store_open (store);
  g_assert_cmpstr (store->loaded->str, ==,
                   "part a 13 ''\npart b 13 ''\n"
                   "events a 9\nevent a 10 1010 - said e\nevent a 11 1011 - said e\n"
                   "event a 12 1012 - said e\n"
                   "events b 0\nevent b 1 1001 - said e\nevent b 2 1002 - said e\n"
                   "update a 14 1014 - x\n");
}

/* Also what an earlier life left, which had no time for it or was to keep more. */
static void
test_left_over (Store *store, gconstpointer data)
{
  store->options.retain_updates = 1000;
  store_open (store);
  publish (store, "a", 10);
  store_save (store, 10, "a", g_variant_new_string (""), "b", g_variant_new_string (""), NULL);
  store_close (store);

  store->options.retain_updates = 3;
  store_open (store);
  store_wait_for (store, COUNT ("updates", "a"), 3);
  store_wait_for (store, COUNT ("events", "a"), 3);
  g_assert_cmpint (store_query (store, FIRST ("events", "a")), ==, 8);
}

/* The checkpoint is the bound: not one update behind it goes, however many there are. */
static void
test_not_past_checkpoint (Store *store, gconstpointer data)
{
  store->options.retain_updates = 1;
  store_open (store);
  publish (store, "a", 5);
  store_save (store, 2, "a", g_variant_new_string (""), "b", g_variant_new_string (""), NULL);
  publish (store, "a", 5);
  store_wait_for (store, FIRST ("updates", "a"), 3);
  store_wait_for (store, FIRST ("events", "a"), 3);
  publish (store, "a", 5);
  store_close (store);
  store_open (store);
  g_assert_cmpint (store_query (store, FIRST ("updates", "a")), ==, 3);
  g_assert_cmpint (store_query (store, COUNT ("updates", "a")), ==, 13);
}

/* Nor one that a stream without a plugin will want, whosesoever it is: it may follow that. */
static void
test_missing_plugin (Store *store, gconstpointer data)
{
  static const char *const alone[] = { "a", NULL };

  store->options.retain_updates = 1;
  store_open (store);
  publish (store, "a", 3);
  store_close (store);

  store_open_for (store, alone);
  publish (store, "a", 3);
  save (store, 6, "a");
  publish (store, "a", 3);
  save (store, 9, "a");
  store_publish (store, "a", NULL, "x");
  g_assert_cmpint (store_query (store, COUNT ("updates", "a")), ==, 10);
  store_wait_for (store, FIRST ("events", "a"), 9); /* its own are trimmed as ever */
  store_close (store);

  store_open (store);
  g_assert_cmpint (store_query (store, COUNT ("updates", "a")), ==, 10);
  store_save (store, 10, "b", g_variant_new_string (""), NULL);
  store_publish (store, "a", NULL, "x");
  store_wait_for (store, COUNT ("updates", "a"), 2);
  store_save (store, 11, "a", g_variant_new_string (""), "b", g_variant_new_string (""), NULL);
  store_publish (store, "a", NULL, "x");
  store_wait_for (store, COUNT ("updates", "a"), 1);
}

/* What is too old goes, up to the first that is not, and not past the checkpoint. */
static void
test_age (Store *store, gconstpointer data)
{
  SseUpdate *recent = store_new_update (store, "a", NULL, "recent");
  SseUpdate *again = store_new_update (store, "a", NULL, "recent");
  gint64 now = g_get_real_time ();
  g_autofree char *covered = NULL;
  g_autofree char *trimmed = NULL;

  sse_update_set_accepted (recent, now - 30 * G_TIME_SPAN_MINUTE);
  sse_update_set_accepted (again, now);
  store_open (store);
  publish (store, "a", 300); /* more than one step */
  publish (store, "b", 3);
  store_append (store, recent, NULL);
  store_wait (store, 304);
  store_save (store, 304, "a", g_variant_new_string (""), "b", g_variant_new_string (""), NULL);
  publish (store, "b", 2); /* old, and not covered */
  store_append (store, again, NULL);
  store_wait (store, 307);
  store_close (store);

  store->options.retain_hours = 1;
  store_open (store);
  store_wait_for (store, "SELECT count (*) FROM updates", 4);
  g_assert_cmpint (store_query (store, "SELECT min (position) FROM updates"), ==, 304);
  store_wait_for (store, "SELECT count (*) FROM events", 2);
  trimmed = store_read (store, "b", "bob", 302, 1000);
  g_assert_cmpstr (trimmed, ==, "none");
  covered = store_read (store, "b", "bob", 303, 1000);
  g_assert_cmpstr (covered, ==, "e@305 e@306 up to 306");
  store_publish (store, "a", NULL, "x");
  g_assert_cmpuint (sse_log_get_position (store->log), ==, 308);
}

/* A clock that is not set yet says 1970: what may be kept since before that is looked at as seldom
 * as ever. */
static void
test_age_before_1970 (Store *store, gconstpointer data)
{
  SseLogRetention retention = { .max_updates = 1000, .max_hours = 1000000 };
  g_autofree char *path = store_get_path (store, "");
  g_autoptr (SseLogFile) file = NULL;
  g_autoptr (GError) error = NULL;

  store_open (store);
  publish (store, "a", 1);
  store_close (store);
  file = sse_log_file_open (path, FALSE, &error);
  g_assert_no_error (error);
  g_assert_true (sse_log_retention_trim (&retention, file, &error));
  g_assert_no_error (error);
  g_assert_cmpint (sse_log_retention_get_due (&retention), >, g_get_monotonic_time ());
  g_clear_pointer (&file, sse_log_file_free);
  g_assert_cmpint (store_query (store, COUNT ("updates", "a")), ==, 1);
}

/* ---- when a checkpoint is due ---- */

static void
push_many (Store *store, guint n)
{
  GPtrArray *updates = g_ptr_array_new_with_free_func ((GDestroyNotify) sse_update_unref);

  for (guint i = 0; i < n; i++)
    g_ptr_array_add (updates, store_new_update (store, "a", NULL, "x"));
  sse_log_append (store->log, updates);
  store_wait (store, store->committed->len + n);
  store_publish (store, "b", NULL, "x"); /* behind what it says of those */
}

static void
save_bytes (Store *store, gsize size)
{
  g_autofree char *text = g_strnfill (size, 'x');

  store_save (store, sse_log_get_position (store->log), "a", g_variant_new_string (text), "b",
              g_variant_new_string (""), NULL);
  store_publish (store, "b", NULL, "x");
}

/* It asks once, until it has one; a start counts what is behind the last. */
static void
test_due_rows (Store *store, gconstpointer data)
{
  store_open (store);
  push_many (store, 9990);
  g_assert_cmpuint (store->n_due, ==, 0);
  push_many (store, 10);
  g_assert_cmpuint (store->n_due, ==, 1);
  push_many (store, 10000);
  g_assert_cmpuint (store->n_due, ==, 1);
  store_close (store);

  store_open (store);
  push_many (store, 1);
  g_assert_cmpuint (store->n_due, ==, 2);
  save_bytes (store, 0);
  push_many (store, 9990);
  g_assert_cmpuint (store->n_due, ==, 2);
  push_many (store, 10);
  g_assert_cmpuint (store->n_due, ==, 3);
}

/* Where the state is large, the log may be so too. */
static void
test_due_large_state (Store *store, gconstpointer data)
{
  store_open (store);
  save_bytes (store, 1000000);
  push_many (store, 11000); /* 26 bytes each */
  g_assert_cmpuint (store->n_due, ==, 0);
  push_many (store, 9000);
  g_assert_cmpuint (store->n_due, ==, 1);
}

/* But not without end. */
static void
test_due_many (Store *store, gconstpointer data)
{
  store_open (store);
  save_bytes (store, 8000000);
  push_many (store, 39900);
  g_assert_cmpuint (store->n_due, ==, 0);
  push_many (store, 200);
  g_assert_cmpuint (store->n_due, ==, 1);
}

/* What retention leaves is not to wait for a checkpoint. */
static void
test_due_retained (Store *store, gconstpointer data)
{
  store->options.retain_updates = 100;
  store_open (store);
  push_many (store, 90);
  g_assert_cmpuint (store->n_due, ==, 0);
  push_many (store, 10);
  g_assert_cmpuint (store->n_due, ==, 1);
  g_assert_cmpuint (store->due_position, ==, 0);
  g_assert_false (store->due_full);
  store_close (store);

  store->options.retain_updates = 10000;
  store->options.retain_hours = 0;
  store_open (store);
  push_many (store, 1);
  g_assert_cmpuint (store->n_due, ==, 2);
}

static void
test_due_bytes (Store *store, gconstpointer data)
{
  g_autofree char *large = g_strnfill (1024 * 1024, 'x');

  store_open (store);
  for (guint i = 0; i < 7; i++)
    store_publish (store, "a", NULL, large);
  store_publish (store, "b", NULL, "x");
  g_assert_cmpuint (store->n_due, ==, 0);
  store_publish (store, "a", NULL, large);
  store_publish (store, "b", NULL, "x");
  g_assert_cmpuint (store->n_due, ==, 1);
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
  add ("/core/store-trim/count", test_count);
  add ("/core/store-trim/left-over", test_left_over);
  add ("/core/store-trim/not-past-checkpoint", test_not_past_checkpoint);
  add ("/core/store-trim/missing-plugin", test_missing_plugin);
  add ("/core/store-trim/age", test_age);
  add ("/core/store-trim/age-before-1970", test_age_before_1970);
  add ("/core/store-trim/due-rows", test_due_rows);
  add ("/core/store-trim/due-large-state", test_due_large_state);
  add ("/core/store-trim/due-many", test_due_many);
  add ("/core/store-trim/due-retained", test_due_retained);
  add ("/core/store-trim/due-bytes", test_due_bytes);
  return g_test_run ();
}
