/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-upload.h"

#include <string.h>
#include <unistd.h>

/* The field of the line from @line to @end. */
static void
add_field (GHashTable *fields, const char *line, const char *end)
{
  const char *colon = memchr (line, ':', (gsize) (end - line));
  char *name = g_ascii_strdown (line, colon - line);
  char *value = g_strstrip (g_strndup (colon + 1, (gsize) (end - colon) - 1));
  const char *before = g_hash_table_lookup (fields, name);

  if (before != NULL)
    {
      char *joined = g_strjoin (", ", before, value, NULL);

      g_free (value);
      value = joined;
    }
  g_hash_table_replace (fields, name, value);
}

/**
 * sse_upload_new:
 * @head: a complete one
 * @bytes: its bytes
 *
 * Returns: (transfer full): a request of which the head alone has come, without a socket
 */
SseUpload *
sse_upload_new (const SseRequestHead *head, const char *bytes)
{
  SseUpload *self = g_new0 (SseUpload, 1);
  const char *past = bytes + head->length;
  const char *line = (const char *) memchr (bytes, '\n', head->length) + 1;

  self->fd = -1;
  self->path = g_strndup (bytes + head->path.start, head->path.length);
  if (head->query.length > 0)
    self->query = g_strndup (bytes + head->query.start, head->query.length);
  self->fields = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  while (*line != '\r')
    {
      const char *end = memchr (line, '\r', (gsize) (past - line));

      add_field (self->fields, line, end);
      line = end + 2;
    }
  return self;
}

/* Hangs up where it still has the socket. */
void
sse_upload_free (SseUpload *self)
{
  sse_upload_hang_up (self);
  g_free (self->path);
  g_free (self->query);
  g_hash_table_unref (self->fields);
  g_clear_pointer (&self->body, g_bytes_unref);
  g_free (self);
}

/**
 * sse_upload_hang_up:
 *
 * Closes the socket: the client gets no answer. Another thread may look at what it brought.
 */
void
sse_upload_hang_up (SseUpload *self)
{
  if (self->fd >= 0)
    close (self->fd);
  self->fd = -1;
  g_clear_pointer (&self->admission, sse_admission_unref);
}
