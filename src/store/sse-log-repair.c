/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-store"

#include "config.h"

#include "sse-log-repair.h"

#include "sse-log-epoch.h"
#include "sse-log-load.h"
#include "sse-log-trim.h"

static SseLogFile *
open_checked (const char *path, GError **error)
{
  g_autoptr (SseLogFile) file = sse_log_file_open (path, TRUE, error);

  if (file == NULL || !sse_log_load_check (file->database, error))
    return NULL;
  return g_steal_pointer (&file);
}

/**
 * sse_log_repair_begin:
 *
 * Opens the log's file at a start, and makes it where there is none. One that is corrupt is set
 * aside, and another begun.
 */
SseLogFile *
sse_log_repair_begin (SseLogDirectory *directory, GError **error)
{
  g_autoptr (GError) local = NULL;
  gboolean has;

  if (!sse_log_directory_hold (directory, error)
      || !sse_log_directory_has_file (directory, &has, error))
    return NULL;
  if (has)
    {
      SseLogFile *file = open_checked (directory->file, &local);

      if (file != NULL)
        return file;
      if (!g_error_matches (local, SSE_DATABASE_ERROR, SSE_DATABASE_ERROR_CORRUPT))
        {
          g_propagate_error (error, g_steal_pointer (&local));
          return NULL;
        }
      g_warning ("the log is corrupt, and a new one is begun: %s", local->message);
      if (!sse_log_directory_set_aside (directory, "corrupt", error))
        return NULL;
    }
  if (!sse_log_directory_begin_file (directory, error)
      || !sse_log_directory_finish_file (directory, error))
    return NULL;
  return sse_log_file_open (directory->file, FALSE, error);
}

/**
 * sse_log_repair_open:
 * @identity: of the file that this process wrote last
 * @epoch: the current epoch
 * @corrupt: whether that has been seen already
 * @error: why it is no use yet
 *
 * Opens the log's file anew. One that is corrupt, or not what this process wrote, is set aside.
 *
 * Returns: (transfer full) (nullable): the file; %NULL without error where there is none (any more)
 */
SseLogFile *
sse_log_repair_open (SseLogDirectory *directory,
                     gint64 identity,
                     const char *epoch,
                     gboolean corrupt,
                     GError **error)
{
  g_autoptr (SseLogFile) file = NULL;
  g_autoptr (GError) local = NULL;
  gboolean has, ours;

  if (!sse_log_directory_hold (directory, error)
      || !sse_log_directory_has_file (directory, &has, error) || !has)
    return NULL;
  if (!corrupt)
    file = sse_log_file_open (directory->file, FALSE, &local);
  /* One that was put in its place is another, or has been used by another process meanwhile. */
  if (file != NULL && file->identity == identity
      && sse_log_epoch_is_current (file, epoch, &ours, &local) && ours)
    return g_steal_pointer (&file);

  g_clear_pointer (&file, sse_log_file_free);
  if (corrupt || g_error_matches (local, SSE_DATABASE_ERROR, SSE_DATABASE_ERROR_CORRUPT))
    sse_log_directory_set_aside (directory, "corrupt", error);
  else if (local == NULL)
    sse_log_directory_set_aside (directory, "replaced", error);
  else
    g_propagate_error (error, g_steal_pointer (&local));
  return NULL;
}

static int
compare_ends (gconstpointer a, gconstpointer b, gpointer epochs)
{
  const guint64 *end_a = g_hash_table_lookup (epochs, a);
  const guint64 *end_b = g_hash_table_lookup (epochs, b);

  return (*end_a > *end_b) - (*end_a < *end_b);
}

static gboolean
add_epochs (SseLogFile *file, GHashTable *epochs, GError **error)
{
  g_autoptr (GList) names = g_hash_table_get_keys (epochs);

  if (!sse_log_file_begin (file, error))
    return FALSE;
  names = g_list_sort_with_data (g_steal_pointer (&names), compare_ends, epochs);
  for (GList *link = names; link != NULL; link = link->next)
    {
      const guint64 *last = g_hash_table_lookup (epochs, link->data);

      if (!sse_log_epoch_add (file, link->data, *last, error))
        return FALSE;
    }
  return sse_log_file_commit (file, error);
}

/**
 * sse_log_repair_prove:
 *
 * Looks whether it can be written, by writing it. All is moved out of the write-ahead log: what the
 * kernel could not write there once, it may take for written the next time, and what is behind such
 * a hole would be lost.
 */
gboolean
sse_log_repair_prove (SseLogFile *file, const char *epoch, GError **error)
{
  return sse_log_file_begin (file, error) && sse_log_epoch_begin (file, epoch, error)
         && sse_log_file_commit (file, error) && sse_log_file_fold (file, TRUE, error);
}

static void
add_update (SseUpdate *update, gboolean applied, gpointer updates)
{
  g_ptr_array_add (updates, sse_update_ref (update));
}

/**
 * sse_log_repair_read_rest:
 * @committed: the last position that was told
 *
 * Returns: (transfer full) (element-type SseUpdate) (nullable): what is behind it; %NULL on failure
 */
GPtrArray *
sse_log_repair_read_rest (SseLogFile *file, guint64 committed, GError **error)
{
  g_autoptr (GPtrArray) updates
      = g_ptr_array_new_with_free_func ((GDestroyNotify) sse_update_unref);

  if (!sse_log_load_updates (file->database, committed, committed, add_update, updates, error))
    return NULL;
  return g_steal_pointer (&updates);
}

/**
 * sse_log_repair_restore:
 * @file: a file that lacks something up to @position
 * @position: of what is in memory
 * @parts: (element-type SseLogPart): of a checkpoint there
 * @highest: the position past all that were ever given, so that none is given twice
 *
 * Makes a file good with what is in memory: the checkpoint has all that it lacks but the events,
 * which are given up.
 */
gboolean
sse_log_repair_restore (SseLogFile *file,
                        const char *epoch,
                        guint64 position,
                        GArray *parts,
                        guint64 highest,
                        SseLogGrowth *growth,
                        GError **error)
{
  file->position = MAX (position, highest);
  return sse_log_file_begin (file, error) && sse_log_epoch_begin (file, epoch, error)
         && sse_log_growth_save (growth, file, file->position, parts, error)
         && sse_log_trim_forget (file, position, error) && sse_log_file_commit (file, error)
         && sse_log_file_fold (file, TRUE, error);
}

/**
 * sse_log_repair_remake:
 * @epochs: (element-type utf8 guint64): earlier ones, with where they ended
 * @identity: (out): the new file's
 *
 * Makes a file where there is none with what is in memory; see sse_log_repair_restore().
 */
SseLogFile *
sse_log_repair_remake (SseLogDirectory *directory,
                       GHashTable *epochs,
                       const char *epoch,
                       guint64 position,
                       GArray *parts,
                       guint64 highest,
                       SseLogGrowth *growth,
                       gint64 *identity,
                       GError **error)
{
  g_autoptr (SseLogFile) file = NULL;

  if (!sse_log_directory_begin_file (directory, error))
    return NULL;
  file = sse_log_file_open (directory->new_file, FALSE, error);
  if (file == NULL || !add_epochs (file, epochs, error)
      || !sse_log_repair_restore (file, epoch, position, parts, highest, growth, error))
    return NULL;
  *identity = file->identity;
  g_clear_pointer (&file, sse_log_file_free);
  return sse_log_directory_finish_file (directory, error)
             ? sse_log_file_open (directory->file, FALSE, error)
             : NULL;
}
