/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-sync.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/**
 * sse_sync_directory:
 * @path: a file
 * @error: %G_FILE_ERROR
 *
 * Sees to it that the names in a file's directory are on the disk.
 */
gboolean
sse_sync_directory (const char *path, GError **error)
{
  g_autofree char *directory = g_path_get_dirname (path);
  int fd = open (directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  gboolean ok = fd >= 0 && fsync (fd) == 0;
  int code = errno;

  if (!ok)
    g_set_error (error, G_FILE_ERROR, (int) g_file_error_from_errno (code), "%s: %s", directory,
                 strerror (code));
  if (fd >= 0)
    close (fd);
  return ok;
}
