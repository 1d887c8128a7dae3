/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <unistd.h>

#include "store-fixture.h"

static guint64
get_position (Store *store, guint i)
{
  return sse_update_get_position (g_ptr_array_index (store->committed, i));
}

/* Dense and ascending; what one append gave comes back together, in its order. */
static void
test_positions (Store *store, gconstpointer data)
{
  store_open (store);
  g_assert_cmpuint (sse_log_get_position (store->log), ==, 0);
  g_assert_true (sse_log_is_durable (store->log));

  store_publish (store, "a", NULL, "1");
  store_publish (store, "b", NULL, "2");
  g_assert_cmpuint (store->commits->len, ==, 2);
  store_append (store, store_new_update (store, "a", NULL, "3"),
                store_new_update (store, "b", NULL, "4"), store_new_update (store, "a", NULL, "5"),
                NULL);
  store_wait (store, 5);
  g_assert_cmpuint (store->commits->len, ==, 3);
  g_assert_cmpuint (g_array_index (store->commits, guint, 2), ==, 3);
  for (guint i = 0; i < 5; i++)
    g_assert_cmpuint (get_position (store, i), ==, i + 1);
  g_assert_cmpuint (sse_log_get_position (store->log), ==, 5);
  g_assert_cmpuint (store->failures->len, ==, 0);
  g_assert_null (sse_log_get_error (store->log));
}

/* What comes in one iteration of the main context goes in one commit. */
static void
test_one_commit (Store *store, gconstpointer data)
{
  store_open (store);
  for (guint i = 0; i < 50; i++)
    store_push (store, i % 2 == 0 ? "a" : "b", NULL, "x");
  store_wait (store, 50);
  g_assert_cmpuint (store->commits->len, ==, 1);
  for (guint i = 0; i < 50; i++)
    {
      g_assert_cmpuint (get_position (store, i), ==, i + 1);
      g_assert_cmpint (sse_update_get_accepted (g_ptr_array_index (store->committed, i)), ==,
                       ACCEPTED + 1001 + i);
    }
}

/* In order, with all that belongs to each. */
static void
test_load (Store *store, gconstpointer data)
{
  store_open (store);
  g_assert_cmpstr (store->loaded->str, ==, "part a 0 -\npart b 0 -\nevents a 0\nevents b 0\n");
  store_publish (store, "a", NULL, "one");
  store_publish (store, "b", "ann", "two");
  store_publish (store, "a", "ünï ✓ 👍", "drei ∑ 世界");
  store_publish (store, "a", "", "");
  store_close (store);

  store_open (store);
  g_assert_cmpstr (store->loaded->str, ==,
                   "part a 0 -\npart b 0 -\nevents a 0\nevents b 0\n"
                   "update a 1 1001 - one\n"
                   "update b 2 1002 ann two\n"
                   "update a 3 1003 ünï ✓ 👍 drei ∑ 世界\n"
                   "update a 4 1004  \n");
  g_assert_cmpuint (sse_log_get_position (store->log), ==, 4);
  store_publish (store, "a", NULL, "on");
  g_assert_cmpuint (get_position (store, 0), ==, 5);
}

/* It need not be asked for: what was appended and not told of yet is written at its end. */
static void
test_end (Store *store, gconstpointer data)
{
  store_open (store);
  store_push (store, "a", NULL, "one");
  store_push (store, "a", NULL, "two");
  store_save (store, 0, "a", g_variant_new_string ("x"), NULL);
  store_close (store);
  g_assert_cmpuint (store->committed->len, ==, 0);

  store_open (store);
  g_assert_cmpstr (store->loaded->str, ==,
                   "part a 0 'x'\npart b 0 -\nevents a 0\nevents b 0\n"
                   "update a 1 1001 - one\nupdate a 2 1002 - two\n");
}

static void
test_unapplied (Store *store, gconstpointer data)
{
  store_open (store);
  for (guint i = 0; i < 4; i++)
    store_publish (store, "a", NULL, "x");
  sse_log_mark_unapplied (store->log, 1);
  sse_log_mark_unapplied (store->log, 3);
  store_publish (store, "a", NULL, "y");
  store_close (store);

  store_open (store);
  g_assert_cmpstr (store->loaded->str, ==,
                   "part a 0 -\npart b 0 -\nevents a 0\nevents b 0\n"
                   "update a 1 1001 - x unapplied\nupdate a 2 1002 - x\n"
                   "update a 3 1003 - x unapplied\nupdate a 4 1004 - x\nupdate a 5 1005 - y\n");
}

/* Begins behind the oldest part, and the others' states are of where they are. */
static void
test_checkpoint (Store *store, gconstpointer data)
{
  static const char *const all[] = { "a", "b", "c", NULL };

  store_open (store);
  for (guint i = 0; i < 4; i++)
    store_publish (store, i % 2 == 0 ? "a" : "b", NULL, "x");
  store_save (store, 2, "a", g_variant_new_string ("a at 2"), "b", g_variant_new_string ("b at 2"),
              NULL);
  store_close (store);
  store_open (store);
  g_assert_cmpstr (store->loaded->str, ==,
                   "part a 2 'a at 2'\npart b 2 'b at 2'\nevents a 0\nevents b 0\n"
                   "update a 3 1003 - x\nupdate b 4 1004 - x\n");

  store_save (store, 4, "b", g_variant_new_string ("b at 4"), NULL);
  store_close (store);
  store_open_for (store, all);
  g_assert_cmpstr (store->loaded->str, ==,
                   "part a 2 'a at 2'\npart b 4 'b at 4'\npart c 4 -\n"
                   "events a 0\nevents b 0\nevents c 0\n"
                   "update a 3 1003 - x\nupdate b 4 1004 - x\n");

  store_publish (store, "c", NULL, "x");
  store_save (store, 5, "a", g_variant_new_string ("a at 5"), "b", g_variant_new_string ("b at 5"),
              "c", g_variant_new_string ("c at 5"), NULL);
  store_close (store);
  store_open_for (store, all);
  g_assert_cmpstr (store->loaded->str, ==,
                   "part a 5 'a at 5'\npart b 5 'b at 5'\npart c 5 'c at 5'\n"
                   "events a 0\nevents b 0\nevents c 0\n");
}

/* A part without a state goes on with the one that it has, or with none. */
static void
test_same_state (Store *store, gconstpointer data)
{
  store_open (store);
  store_publish (store, "a", NULL, "x");
  store_save (store, 1, "a", g_variant_new_string ("a at 1"), "b", NULL, NULL);
  store_publish (store, "a", NULL, "x");
  store_save (store, 2, "a", NULL, "b", NULL, NULL);
  store_close (store);
  store_open (store);
  g_assert_cmpstr (store->loaded->str, ==,
                   "part a 2 'a at 1'\npart b 2 -\nevents a 0\nevents b 0\n");
}

/* A stream that is met for the first time in an update is kept from before it. */
static void
test_unknown_stream (Store *store, gconstpointer data)
{
  store_open (store);
  store_publish (store, "a", NULL, "x");
  store_publish (store, "new", NULL, "y");
  store_close (store);
  store_open (store);
  g_assert_cmpstr (store->loaded->str, ==,
                   "part a 0 -\npart b 0 -\npart new 1 -\n"
                   "events a 0\nevents b 0\nevents new 0\n"
                   "update a 1 1001 - x\nupdate new 2 1002 - y\n");
}

/* States of every kind come back as they were. */
static void
test_states (Store *store, gconstpointer data)
{
  static const char *const states[] = {
    "''",
    "'ünï ✓'",
    "('x', byte 0x05, int16 -5, uint64 18446744073709551615, true, 0.5)",
    "@a{sv} {}",
    "{'a': <1>, 'b': <['x', 'y']>, 'c': <(@ay [], <<'deep'>>)>}",
    "@mi nothing",
    "@mms just nothing",
    "[byte 0x00, 0xff, 0x00]",
    "@a(ssta{sx}) [('k', 'v', 3, {'x': -1, 'y': 2}), ('', '', 0, {})]",
    "()",
  };

  for (guint i = 0; i < G_N_ELEMENTS (states); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) state = g_variant_parse (NULL, states[i], NULL, NULL, &error);
      g_autofree char *text = NULL;
      g_autofree char *expected = NULL;

      g_assert_no_error (error);
      text = g_variant_print (state, TRUE);
      expected = g_strdup_printf ("part a 0 %s\n", text);
      store_open (store);
      store_save (store, 0, "a", state, NULL);
      store_close (store);
      store_open (store);
      g_assert_true (g_str_has_prefix (store->loaded->str, expected));
      store_close (store);
    }
}

/* Many at once, and a large one. */
static void
test_many (Store *store, gconstpointer data)
{
  g_autofree char *large = g_strnfill (1000000, 'x');
  GPtrArray *updates = g_ptr_array_new_with_free_func ((GDestroyNotify) sse_update_unref);

  store_open (store);
  for (guint i = 0; i < 5000; i++)
    g_ptr_array_add (updates, store_new_update (store, "a", NULL, "small"));
  sse_log_append (store->log, updates);
  store_push (store, "b", NULL, large);
  store_wait (store, 5001);
  g_assert_cmpuint (store->commits->len, ==, 1);
  store_close (store);
  store_open (store);
  g_assert_nonnull (strstr (store->loaded->str, "\nupdate a 5000 6000 - small\nupdate b 5001 "));
  g_assert_cmpuint (store->loaded->len, >, 1000000);
}

/* ---- epochs ---- */

static char *
dup_epoch (Store *store)
{
  return g_strdup (sse_log_get_epoch (store->log));
}

/* Each is good up to its end, also after others; none that never was. */
static void
test_epochs (Store *store, gconstpointer data)
{
  char *epochs[3];
  const guint64 ends[] = { 2, 2, 5 };

  store_open (store);
  epochs[0] = dup_epoch (store);
  store_publish (store, "a", NULL, "x");
  store_publish (store, "a", NULL, "x");
  store_close (store);

  store_open (store);
  epochs[1] = dup_epoch (store);
  store_close (store);

  store_open (store);
  epochs[2] = dup_epoch (store);
  for (guint i = 0; i < 3; i++)
    store_publish (store, "a", NULL, "x");
  store_close (store);

  store_open (store);
  for (guint i = 0; i < G_N_ELEMENTS (epochs); i++)
    {
      g_assert_true (sse_log_covers (store->log, epochs[i], 0));
      g_assert_true (sse_log_covers (store->log, epochs[i], ends[i]));
      g_assert_false (sse_log_covers (store->log, epochs[i], ends[i] + 1));
      g_assert_false (sse_log_covers (store->log, epochs[i], G_MAXUINT64));
      for (guint j = 0; j < i; j++)
        g_assert_cmpstr (epochs[i], !=, epochs[j]);
      g_assert_cmpstr (epochs[i], !=, sse_log_get_epoch (store->log));
    }
  g_assert_false (sse_log_covers (store->log, "0123456789abcdef", 0));
  g_assert_false (sse_log_covers (store->log, "", 0));
  for (guint i = 0; i < G_N_ELEMENTS (epochs); i++)
    g_free (epochs[i]);
}

/* A directory as it was before, put back: nobody can go on from what it does not know of. */
static void
test_rolled_back (Store *store, gconstpointer data)
{
  g_autofree char *copy = g_dir_make_tmp ("rivulet-copy-XXXXXX", NULL);
  g_autofree char *known = NULL;
  g_autofree char *unknown = NULL;

  store_open (store);
  known = dup_epoch (store);
  store_publish (store, "a", NULL, "1");
  store_publish (store, "a", NULL, "2");
  directory_copy (store->directory, copy); /* as if it had been killed here */
  store_publish (store, "a", NULL, "3");
  store_close (store);
  store_open (store);
  unknown = dup_epoch (store);
  store_publish (store, "a", NULL, "4");
  store_close (store);

  directory_remove (store->directory);
  directory_copy (copy, store->directory);
  directory_remove (copy);
  store_open (store);
  g_assert_true (
      g_str_has_suffix (store->loaded->str, "\nupdate a 1 1001 - 1\nupdate a 2 1002 - 2\n"));
  g_assert_true (sse_log_covers (store->log, known, 2));
  g_assert_false (sse_log_covers (store->log, known, 3));
  g_assert_false (sse_log_covers (store->log, unknown, 1));
  g_assert_false (sse_log_covers (store->log, unknown, 4));
  g_assert_cmpstr (sse_log_get_epoch (store->log), !=, unknown);
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
  add ("/core/store/positions", test_positions);
  add ("/core/store/one-commit", test_one_commit);
  add ("/core/store/load", test_load);
  add ("/core/store/end", test_end);
  add ("/core/store/unapplied", test_unapplied);
  add ("/core/store/checkpoint", test_checkpoint);
  add ("/core/store/same-state", test_same_state);
  add ("/core/store/unknown-stream", test_unknown_stream);
  add ("/core/store/states", test_states);
  add ("/core/store/many", test_many);
  add ("/core/store/epochs", test_epochs);
  add ("/core/store/rolled-back", test_rolled_back);
  return g_test_run ();
}
