/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include <unistd.h>

#include "store-fixture.h"

#define ALL 1000000

static void
assert_read (
    Store *store, const char *user, guint64 position, gsize max_bytes, const char *expected)
{
  g_autofree char *text = store_read (store, "a", user, position, max_bytes);

  g_assert_cmpstr (text, ==, expected);
}

/* Publishes @n updates, each of which appends an event for everyone. */
static void
publish_events (Store *store, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      guint64 position;
      g_autofree char *members = NULL;

      store_publish (store, "a", NULL, "x");
      position = sse_log_get_position (store->log);
      members = g_strdup_printf ("%05u", (guint) position);
      store_keep (store, "a", position, NULL, members);
    }
  store_publish (store, "b", NULL, "x"); /* and they are kept */
}

/* In order, those behind a position, and no others' events. */
static void
test_read (Store *store, gconstpointer data)
{
  g_autofree char *other = NULL;

  store_open (store);
  for (guint i = 0; i < 4; i++)
    store_publish (store, "a", NULL, "x");
  store_keep (store, "a", 1, NULL, "1");
  store_keep (store, "b", 1, NULL, "b");
  store_keep (store, "a", 2, "ann", "2");
  store_keep (store, "a", 3, "bob", "3");
  store_keep (store, "a", 4, NULL, "ünï");
  store_publish (store, "b", NULL, "x");

  assert_read (store, "cyd", 0, ALL, "1@1 ünï@4 up to 4");
  assert_read (store, "ann", 0, ALL, "1@1 2@2 ünï@4 up to 4");
  assert_read (store, "bob", 0, ALL, "1@1 3@3 ünï@4 up to 4");
  assert_read (store, "", 0, ALL, "1@1 ünï@4 up to 4");
  assert_read (store, "bob", 1, ALL, "3@3 ünï@4 up to 4");
  assert_read (store, "bob", 3, ALL, "ünï@4 up to 4");
  assert_read (store, "bob", 4, ALL, "up to 4");
  assert_read (store, "bob", 99, ALL, "up to 99");
  other = store_read (store, "b", "bob", 0, ALL);
  g_assert_cmpstr (other, ==, "b@1 up to 1");
}

/* They are kept with the next commit, and it is known up to where. */
static void
test_kept (Store *store, gconstpointer data)
{
  store_open (store);
  store_publish (store, "a", NULL, "x");
  store_keep (store, "a", 1, NULL, "1");
  g_assert_cmpuint (sse_log_get_kept (store->log), ==, 0);
  store_publish (store, "a", NULL, "x");
  g_assert_cmpuint (sse_log_get_kept (store->log), ==, 1);
  store_publish (store, "a", NULL, "x");
  store_publish (store, "a", NULL, "x");
  store_keep (store, "a", 2, NULL, "2");
  store_keep (store, "b", 4, NULL, "4");
  g_assert_cmpuint (sse_log_get_kept (store->log), ==, 1);
  assert_read (store, "bob", 0, ALL, "1@1 up to 1");
  store_publish (store, "a", NULL, "x");
  g_assert_cmpuint (sse_log_get_kept (store->log), ==, 4);
  assert_read (store, "bob", 0, ALL, "1@1 2@2 up to 2");
}

/* One that is derived again is not kept twice. */
static void
test_again (Store *store, gconstpointer data)
{
  store_open (store);
  publish_events (store, 3);
  store_close (store);
  store_open (store);
  store_keep (store, "a", 2, NULL, "00002");
  store_keep (store, "a", 3, NULL, "00003");
  store_publish (store, "a", NULL, "x");
  assert_read (store, "bob", 0, ALL, "00001@1 00002@2 00003@3 up to 3");
  g_assert_cmpint (store_query (store, "SELECT count (*) FROM events"), ==, 3);
}

/* As many as fit, and one at least; also where a slice has nothing for the user. */
static void
test_slices (Store *store, gconstpointer data)
{
  store_open (store);
  publish_events (store, 3);
  assert_read (store, "bob", 0, 10, "00001@1 00002@2 up to 2");
  assert_read (store, "bob", 2, 10, "00003@3 up to 3");
  assert_read (store, "bob", 0, 14, "00001@1 00002@2 up to 2");
  assert_read (store, "bob", 0, 15, "00001@1 00002@2 00003@3 up to 3");
  assert_read (store, "bob", 0, 1, "00001@1 up to 1");
  assert_read (store, "bob", 0, 0, "00001@1 up to 1");

  for (guint64 position = 5; position < 9; position++)
    {
      store_publish (store, "a", "ann", "x");
      store_keep (store, "a", position, "ann", "ann's");
    }
  publish_events (store, 1);
  assert_read (store, "bob", 3, 10, "up to 6");
  assert_read (store, "bob", 6, 10, "up to 8");
  assert_read (store, "bob", 8, 10, "00009@9 up to 9");
  assert_read (store, "ann", 3, 10, "ann's@5 ann's@6 up to 6");
}

/* However many there are in between for others. */
static void
test_many_of_others (Store *store, gconstpointer data)
{
  g_autofree char *text = NULL;
  guint64 position = 0;
  guint n_slices = 0;

  store_open (store);
  store_publish (store, "a", NULL, "x");
  for (guint64 i = 1; i <= 10000; i++)
    store_keep (store, "a", i, "ann", "");
  store_keep (store, "a", 10001, NULL, "at last");
  store_publish (store, "a", NULL, "x");
  do
    {
      g_clear_pointer (&text, g_free);
      text = store_read (store, "a", "bob", position, ALL);
      if (!g_str_has_prefix (text, "up to "))
        break;
      g_assert_cmpuint (g_ascii_strtoull (text + strlen ("up to "), NULL, 10), >, position);
      position = g_ascii_strtoull (text + strlen ("up to "), NULL, 10);
      n_slices++;
    }
  while (position < 10001);
  g_assert_cmpstr (text, ==, "at last@10001 up to 10001");
  g_assert_cmpuint (n_slices, >, 0);
}

/* Of what the checkpoint covers, the newest are given at a start: three here, of 1000 bytes. */
static void
test_load (Store *store, gconstpointer data)
{
  g_autofree char *large = g_strnfill (600, 'x');

  store_open (store);
  publish_events (store, 5);
  store_save (store, 4, "a", g_variant_new_string (""), "b", g_variant_new_string (""), NULL);
  store_close (store);
  store_open (store);
  g_assert_cmpstr (store->loaded->str, ==,
                   "part a 4 ''\npart b 4 ''\n"
                   "events a 1\nevent a 2 1002 - said 00002\nevent a 3 1003 - said 00003\n"
                   "event a 4 1004 - said 00004\nevents b 0\n"
                   "update a 5 1005 - x\nupdate b 6 1006 - x\n");

  store_publish (store, "a", "ann", "x");
  store_keep (store, "a", 7, "ann", large);
  store_publish (store, "a", NULL, "x");
  store_keep (store, "a", 8, NULL, large);
  store_save (store, 8, "a", g_variant_new_string (""), "b", g_variant_new_string (""), NULL);
  store_close (store);
  store_open (store);
  g_string_replace (store->loaded, large, "LARGE", 0);
  g_assert_cmpstr (store->loaded->str, ==,
                   "part a 8 ''\npart b 8 ''\nevents a 7\nevent a 8 1008 - said LARGE\n"
                   "events b 0\n");
  g_assert_cmpuint (sse_log_get_kept (store->log), ==, 8);
}

/* ---- many readers ---- */

typedef struct
{
  GArray *told; /* guint: who, in order */
  guint n_none;
} Readers;

typedef struct
{
  Readers *readers;
  guint number;
} Reader;

static void
on_read (GPtrArray *events, guint64 position, gpointer user_data)
{
  Reader *reader = user_data;

  g_array_append_val (reader->readers->told, reader->number);
  if (events == NULL)
    reader->readers->n_none++;
}

static void
ask (Store *store, Readers *readers, Reader *all, guint n)
{
  readers->told = g_array_new (FALSE, FALSE, sizeof (guint));
  for (guint i = 0; i < n; i++)
    {
      all[i] = (Reader){ readers, i };
      g_assert_true (sse_log_read (store->log, "a", "bob", i % 3, ALL, on_read, &all[i]));
    }
  g_assert_cmpuint (readers->told->len, ==, 0); /* never before it has returned */
}

/* More than are read for at once: each is told, in order. */
static void
test_many_readers (Store *store, gconstpointer data)
{
  Readers readers = { 0 };
  Reader all[100];

  store_open (store);
  publish_events (store, 3);
  ask (store, &readers, all, G_N_ELEMENTS (all));
  while (readers.told->len < G_N_ELEMENTS (all))
    g_main_context_iteration (NULL, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (all); i++)
    g_assert_cmpuint (g_array_index (readers.told, guint, i), ==, i);
  g_assert_cmpuint (readers.n_none, ==, 0);
  g_array_unref (readers.told);
}

/* Whoever waits when it ends is told once, of nothing. */
static void
test_ends (Store *store, gconstpointer data)
{
  const guint ns[] = { 1, 16, 17, 100 };

  for (guint i = 0; i < G_N_ELEMENTS (ns); i++)
    {
      Readers readers = { 0 };
      Reader all[100];
      gboolean told[100] = { FALSE };

      store_open (store);
      publish_events (store, 3);
      ask (store, &readers, all, ns[i]);
      store_close (store);
      g_assert_cmpuint (readers.told->len, ==, ns[i]);
      g_assert_cmpuint (readers.n_none, ==, ns[i]);
      for (guint j = 0; j < ns[i]; j++)
        {
          guint number = g_array_index (readers.told, guint, j);

          g_assert_false (told[number]);
          told[number] = TRUE;
        }
      g_array_unref (readers.told);
    }
}

typedef struct
{
  Store *store;
  guint64 position;
  guint n_events;
  gboolean ended;
} Follower;

static void
read_on (GPtrArray *events, guint64 position, gpointer user_data)
{
  Follower *follower = user_data;

  g_assert_nonnull (events);
  for (guint i = 0; i < events->len; i++)
    {
      const SseLogEvent *event = g_ptr_array_index (events, i);

      g_assert_cmpuint (event->position, ==, follower->position + 1 + i);
    }
  follower->n_events += events->len;
  follower->ended = position == follower->position;
  follower->position = position;
  if (!follower->ended)
    sse_log_read (follower->store->log, "a", "bob", position, 23, read_on, follower);
}

/* Each asks for more when it is told, while more is appended. */
static void
test_reads_on (Store *store, gconstpointer data)
{
  Follower followers[40];
  guint n_ended = 0;

  store_open (store);
  publish_events (store, 200);
  for (guint i = 0; i < G_N_ELEMENTS (followers); i++)
    {
      followers[i] = (Follower){ .store = store };
      sse_log_read (store->log, "a", "bob", 0, 23, read_on, &followers[i]);
    }
  while (n_ended < G_N_ELEMENTS (followers))
    {
      store_publish (store, "b", NULL, "x");
      n_ended = 0;
      for (guint i = 0; i < G_N_ELEMENTS (followers); i++)
        n_ended += followers[i].ended ? 1 : 0;
    }
  for (guint i = 0; i < G_N_ELEMENTS (followers); i++)
    g_assert_cmpuint (followers[i].n_events, ==, 200);
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
  add ("/core/store-events/read", test_read);
  add ("/core/store-events/kept", test_kept);
  add ("/core/store-events/again", test_again);
  add ("/core/store-events/slices", test_slices);
  add ("/core/store-events/many-of-others", test_many_of_others);
  add ("/core/store-events/load", test_load);
  add ("/core/store-events/many-readers", test_many_readers);
  add ("/core/store-events/ends", test_ends);
  add ("/core/store-events/reads-on", test_reads_on);
  return g_test_run ();
}
