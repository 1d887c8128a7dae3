/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hub-store-fixture.h"

#include "caught-warnings.h"

/* Begins with the probes that are named, and what the directory has. */
void
kept_begin (Kept *kept, const char *probe, ...)
{
  g_autoptr (GPtrArray) probes = g_ptr_array_new ();
  g_autoptr (GError) error = NULL;
  va_list more;

  va_start (more, probe);
  for (; probe != NULL; probe = va_arg (more, const char *))
    g_ptr_array_add (probes, (gpointer) probe);
  va_end (more);
  g_ptr_array_add (probes, NULL);

  kept->log = sse_store_new (&kept->options, &error);
  g_assert_no_error (error);
  fixture_begin (&kept->hub, kept->log, (const char *const *) probes->pdata);
}

/* Ends as a daemon does that is stopped. */
void
kept_end (Kept *kept)
{
  fixture_end (&kept->hub);
  g_assert_finalize_object (g_steal_pointer (&kept->log));
}

/* Ends so that nothing is written any more: what is in the directory was committed before. */
void
kept_kill (Kept *kept)
{
  g_autofree char *copy = g_dir_make_tmp ("rivulet-copy-XXXXXX", NULL);

  directory_copy (kept->directory, copy);
  kept_end (kept);
  directory_remove (kept->directory);
  directory_copy (copy, kept->directory);
  directory_remove (copy);
}

/* Publishes an update of the stream "probe". */
void
kept_publish (Kept *kept, const char *audience, const char *kind, const char *value)
{
  fixture_publish (&kept->hub, "probe", audience, kind, value);
}

/* The id of a position in the current epoch. */
char *
kept_dup_id (Kept *kept, guint64 position)
{
  return g_strdup_printf ("%s-%" G_GUINT64_FORMAT, sse_log_get_epoch (kept->log), position);
}

gint64
kept_query (Kept *kept, const char *sql)
{
  Store store = { .directory = kept->directory };

  return store_query (&store, sql);
}

void
kept_exec (Kept *kept, const char *sql)
{
  Store store = { .directory = kept->directory };

  store_exec (&store, sql);
}

/* Checks what a client of @user gets first. */
void
kept_expect (Kept *kept, const char *stream, const char *user, const char *id, const char *expected)
{
  g_autoptr (Client) client = client_new (&kept->hub, stream, user, id);

  client_expect (client, expected);
}

void
kept_set_up (Kept *kept, gconstpointer data)
{
  warnings_catch ();
  *kept = (Kept){ .directory = g_dir_make_tmp ("rivulet-kept-XXXXXX", NULL) };
  kept->options = (SseStoreOptions){
    .directory = kept->directory,
    .retain_updates = 10000,
    .retain_hours = FOR_EVER,
  };
}

void
kept_tear_down (Kept *kept, gconstpointer data)
{
  if (kept->log != NULL)
    kept_end (kept);
  directory_remove (kept->directory);
  g_free (kept->directory);
  warnings_finish ();
}
