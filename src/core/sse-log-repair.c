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
  g_autoptr (SseLogFile) file = sse_log_file_open (path, error);

  if (file == NULL || !sse_database_check (file->database, error)
      || !sse_log_load_check (file->database, error))
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
  if (!sse_log_directory_create_file (directory, error))
    return NULL;
  return sse_log_file_open (directory->file, error);
}

/**
 * sse_log_repair_open:
 * @identity: of the file that this process wrote last
 * @epoch: the current epoch
 * @error: why it is no use yet
 *
 * Opens the log's file anew. One that is corrupt, or not what this process wrote, is set aside.
 *
 * Returns: (transfer full) (nullable): the file; %NULL without error where there is none (any more)
 */
SseLogFile *
sse_log_repair_open (SseLogDirectory *directory, gint64 identity, const char *epoch, GError **error)
{
  g_autoptr (SseLogFile) file = NULL;
  g_autoptr (GError) local = NULL;
  gboolean has, ours;

  if (!sse_log_directory_hold (directory, error)
      || !sse_log_directory_has_file (directory, &has, error) || !has)
    return NULL;
  file = sse_log_file_open (directory->file, &local);
  /* One that was put in its place is another, or has been used by another process meanwhile. */
  if (file != NULL && file->identity == identity
      && sse_log_epoch_is_current (file, epoch, &ours, &local) && ours)
    return g_steal_pointer (&file);

  g_clear_pointer (&file, sse_log_file_free);
  if (local == NULL)
    sse_log_directory_set_aside (directory, "replaced", error);
  else if (g_error_matches (local, SSE_DATABASE_ERROR, SSE_DATABASE_ERROR_CORRUPT))
    sse_log_directory_set_aside (directory, "corrupt", error);
  else
    g_propagate_error (error, g_steal_pointer (&local));
  return NULL;
}

/**
 * sse_log_repair_create:
 * @epochs: (element-type utf8 guint64): earlier ones, with where they ended
 *
 * Makes a file where there is none.
 */
SseLogFile *
sse_log_repair_create (SseLogDirectory *directory, GHashTable *epochs, GError **error)
{
  g_autoptr (SseLogFile) file = NULL;
  GHashTableIter iter;
  const char *epoch;
  const guint64 *last;

  if (!sse_log_directory_create_file (directory, error))
    return NULL;
  file = sse_log_file_open (directory->file, error);
  if (file == NULL || !sse_log_file_begin (file, error))
    return NULL;
  g_hash_table_iter_init (&iter, epochs);
  while (g_hash_table_iter_next (&iter, (gpointer *) &epoch, (gpointer *) &last))
    if (!sse_log_epoch_add (file, epoch, *last, error))
      return NULL;
  return sse_log_file_commit (file, error) ? g_steal_pointer (&file) : NULL;
}

/**
 * sse_log_repair_prove:
 *
 * Looks whether it can be written, by writing something that is there already.
 */
gboolean
sse_log_repair_prove (SseLogFile *file, const char *epoch, GError **error)
{
  return sse_log_file_begin (file, error) && sse_log_epoch_begin (file, epoch, error)
         && sse_log_file_commit (file, error);
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
 * @parts: (element-type SseLogPart): of a checkpoint there
 *
 * Makes a file good with what is in memory: the checkpoint has all that it lacks but the events,
 * which are given up.
 */
gboolean
sse_log_repair_restore (SseLogFile *file,
                        const char *epoch,
                        guint64 position,
                        GArray *parts,
                        SseLogGrowth *growth,
                        GError **error)
{
  file->position = MAX (file->position, position);
  return sse_log_file_begin (file, error) && sse_log_epoch_begin (file, epoch, error)
         && sse_log_growth_save (growth, file, position, parts, error)
         && sse_log_trim_forget (file, position, error) && sse_log_file_commit (file, error);
}
