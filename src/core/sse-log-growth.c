/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-log-growth.h"

/* What a start can well read and apply. */
#define MAX_ROWS  10000
#define MAX_BYTES (8 * 1024 * 1024)

/**
 * sse_log_growth_begin:
 * @file: a log's file
 *
 * Looks how much there is.
 */
gboolean
sse_log_growth_begin (SseLogGrowth *self, SseLogFile *file, GError **error)
{
  gint64 bytes, size;

  if (!sse_database_get_int64 (
          file->database, "SELECT ifnull (sum (length (state)), 0) FROM checkpoint", &size, error)
      || !sse_database_get_int64 (file->database,
                                  "SELECT ifnull (sum (length (json)), 0) FROM updates"
                                  " WHERE position > (SELECT max (position) FROM checkpoint)",
                                  &bytes, error))
    return FALSE;
  *self = (SseLogGrowth){
    .rows = file->position - sse_log_file_get_newest (file),
    .bytes = (guint64) bytes,
    .size = (guint64) size,
  };
  return TRUE;
}

/**
 * sse_log_growth_add:
 * @bytes: of an update that was added
 */
void
sse_log_growth_add (SseLogGrowth *self, gsize bytes)
{
  self->rows++;
  self->bytes += bytes;
}

/**
 * sse_log_growth_save:
 * @parts: (element-type SseLogPart): all that there are
 *
 * Writes a checkpoint.
 */
gboolean
sse_log_growth_save (
    SseLogGrowth *self, SseLogFile *file, guint64 position, GArray *parts, GError **error)
{
  *self = (SseLogGrowth){ .rows = file->position - position };
  for (guint i = 0; i < parts->len; i++)
    {
      const SseLogPart *part = &g_array_index (parts, SseLogPart, i);
      gsize size;

      if (!sse_log_file_save (file, position, part->stream, part->state, &size, error))
        return FALSE;
      self->size += size;
    }
  return TRUE;
}

/**
 * sse_log_growth_is_due:
 *
 * Returns: whether another checkpoint is worth its bytes
 */
gboolean
sse_log_growth_is_due (const SseLogGrowth *self)
{
  return self->bytes >= MAX (MAX_BYTES, self->size)
         || (self->rows >= MAX_ROWS && self->bytes >= self->size / 2);
}
