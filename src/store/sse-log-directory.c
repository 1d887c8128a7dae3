/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-store"

#include "config.h"

#include "sse-log-directory.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>

#include "sse-database.h"
#include "sse-sync.h"

#define FILE_NAME "rivulet.db"
#define LOCK_NAME "lock"

/* Files set aside within one second have numbers. */
#define MAX_NAMES 1000

static gboolean
fail (const char *path, GError **error)
{
  int saved = errno;

  g_set_error (error, SSE_DATABASE_ERROR, SSE_DATABASE_ERROR_FAILED, _ ("%s: %s"), path,
               strerror (saved));
  return FALSE;
}

SseLogDirectory *
sse_log_directory_new (const char *path)
{
  SseLogDirectory *self = g_new0 (SseLogDirectory, 1);

  self->path = g_strdup (path);
  self->file = g_build_filename (path, FILE_NAME, NULL);
  self->new_file = g_build_filename (path, FILE_NAME ".new", NULL);
  self->lock = -1;
  return self;
}

/* Lets another process use the directory. */
void
sse_log_directory_free (SseLogDirectory *self)
{
  if (self->lock >= 0)
    close (self->lock);
  g_free (self->path);
  g_free (self->file);
  g_free (self->new_file);
  g_free (self);
}

/* Whether the lock's file has been removed or replaced since. */
static gboolean
is_held (SseLogDirectory *self, const char *path)
{
  struct stat named, held;

  return self->lock >= 0 && stat (path, &named) == 0 && fstat (self->lock, &held) == 0
         && named.st_dev == held.st_dev && named.st_ino == held.st_ino;
}

/* Makes it where it is missing. Where others may write, they could put a file of theirs there. */
static gboolean
ensure_directory (SseLogDirectory *self, GError **error)
{
  struct stat status;

  if (stat (self->path, &status) < 0)
    {
      if (g_mkdir_with_parents (self->path, 0700) < 0 || stat (self->path, &status) < 0)
        return fail (self->path, error);
      if (!sse_sync_directory (self->path, error))
        return FALSE;
    }
  if ((status.st_mode & S_IWOTH) == 0 && (status.st_uid == geteuid () || status.st_uid == 0))
    return TRUE;
  g_set_error (error, SSE_DATABASE_ERROR, SSE_DATABASE_ERROR_FOREIGN,
               _ ("%s: others may write there; it must belong to the user that rivuletd runs as, "
                  "and have mode 0700"),
               self->path);
  return FALSE;
}

/**
 * sse_log_directory_hold:
 * @error: %SSE_DATABASE_ERROR_LOCKED where another process has it
 *
 * Makes the directory where it is missing, and takes it for this process; or sees to it that this
 * is still so.
 */
gboolean
sse_log_directory_hold (SseLogDirectory *self, GError **error)
{
  g_autofree char *path = g_build_filename (self->path, LOCK_NAME, NULL);
  int fd;

  if (is_held (self, path))
    return TRUE;
  if (!ensure_directory (self, error))
    return FALSE;
  fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0)
    return fail (path, error);
  if (flock (fd, LOCK_EX | LOCK_NB) < 0)
    {
      if (errno == EWOULDBLOCK)
        g_set_error (error, SSE_DATABASE_ERROR, SSE_DATABASE_ERROR_LOCKED,
                     _ ("%s: another rivuletd uses it; is one running already?"), self->path);
      else
        fail (path, error);
      close (fd);
      return FALSE;
    }
  if (self->lock >= 0)
    close (self->lock);
  self->lock = fd;
  return TRUE;
}

/**
 * sse_log_directory_has_file:
 * @has: (out): whether there is a file of the log's name
 */
gboolean
sse_log_directory_has_file (SseLogDirectory *self, gboolean *has, GError **error)
{
  struct stat status;

  *has = lstat (self->file, &status) == 0;
  if (!*has)
    return errno == ENOENT || fail (self->file, error);
  if (S_ISREG (status.st_mode))
    return TRUE;
  g_set_error (error, SSE_DATABASE_ERROR, SSE_DATABASE_ERROR_FOREIGN,
               _ ("%s: it is no regular file"), self->file);
  return FALSE;
}

static gboolean
is_free (const char *path)
{
  struct stat status;

  return lstat (path, &status) < 0 && errno == ENOENT;
}

/* A name that says since when it is there. */
static char *
choose_name (SseLogDirectory *self, const char *why)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *time = g_date_time_format (now, "%Y%m%dT%H%M%SZ");
  char *name = g_strdup_printf ("%s.%s-%s", self->file, why, time);

  for (guint i = 2; i < MAX_NAMES && !is_free (name); i++)
    {
      g_free (name);
      name = g_strdup_printf ("%s.%s-%s-%u", self->file, why, time, i);
    }
  return name;
}

static gboolean
rename_if_there (const char *path, const char *name, GError **error)
{
  if (g_rename (path, name) < 0)
    return errno == ENOENT || fail (path, error);
  g_warning ("%s was set aside as %s; nothing in it was changed", path, name);
  return sse_sync_directory (path, error);
}

/**
 * sse_log_directory_set_aside:
 * @why: a word for its new name
 *
 * Gives the log's file another name, and its write-ahead log, and says so. What was in them stays
 * as it is.
 */
gboolean
sse_log_directory_set_aside (SseLogDirectory *self, const char *why, GError **error)
{
  g_autofree char *name = choose_name (self, why);
  g_autofree char *wal = g_strconcat (self->file, "-wal", NULL);
  g_autofree char *wal_name = g_strconcat (name, "-wal", NULL);
  g_autofree char *shm = g_strconcat (self->file, "-shm", NULL);

  g_unlink (shm); /* an index to the write-ahead log, which SQLite makes anew */
  /* The file without its write-ahead log would be an older one, and look right. */
  return rename_if_there (self->file, name, error) && rename_if_there (wal, wal_name, error);
}

static void
remove_new (SseLogDirectory *self, gboolean all)
{
  const char *const suffixes[] = { "-wal", "-shm", "" };

  for (guint i = 0; i < G_N_ELEMENTS (suffixes) - (all ? 0 : 1); i++)
    {
      g_autofree char *path = g_strconcat (self->new_file, suffixes[i], NULL);

      g_unlink (path);
    }
}

/**
 * sse_log_directory_begin_file:
 *
 * Makes an empty log's file where there is none, under the name of @new_file. A write-ahead log
 * that lies about would be taken for the new one's.
 */
gboolean
sse_log_directory_begin_file (SseLogDirectory *self, GError **error)
{
  remove_new (self, TRUE);
  return sse_log_directory_set_aside (self, "rest", error)
         && sse_database_create (self->new_file, error);
}

/**
 * sse_log_directory_finish_file:
 *
 * Gives the new file, to which there is no connection, its name: it has that when it is complete.
 */
gboolean
sse_log_directory_finish_file (SseLogDirectory *self, GError **error)
{
  remove_new (self, FALSE);
  if (g_rename (self->new_file, self->file) < 0)
    return fail (self->file, error);
  return sse_sync_directory (self->file, error);
}
