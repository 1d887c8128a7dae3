/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-log-growth.h"

/* What a start can well read and apply; and what it must, where a checkpoint is large. */
#define MANY_ROWS  10000
#define MANY_BYTES (8 * 1024 * 1024)
#define MAX_ROWS   40000

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
      || !sse_database_get_int64 (
          file->database,
          "SELECT ifnull (sum (length (CAST (json AS BLOB))), 0) FROM updates"
          " WHERE position > (SELECT max (position) FROM checkpoint)",
          &bytes, error))
    return FALSE;
  *self = (SseLogGrowth){
    .since = g_get_real_time (),
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
  if (self->rows++ == 0)
    self->since = g_get_real_time ();
  self->bytes += bytes;
}

/**
 * sse_log_growth_save:
 * @parts: (element-type SseLogPart): all that there are; those without state are the same as before
 *
 * Writes a checkpoint.
 */
gboolean
sse_log_growth_save (
    SseLogGrowth *self, SseLogFile *file, guint64 position, GArray *parts, GError **error)
{
  gsize total = 0;

  for (guint i = 0; i < parts->len; i++)
    {
      const SseLogPart *part = &g_array_index (parts, SseLogPart, i);
      gsize size;

      if (!sse_log_file_save (file, position, part->stream, part->state, &size, error))
        return FALSE;
      total += size;
    }
  *self = (SseLogGrowth){ .size = total, .rows = file->position - position };
  return TRUE;
}

/**
 * sse_log_growth_is_due:
 * @max_rows: of a stream that retention leaves, from the checkpoint on
 * @max_age: that it leaves, in µs
 *
 * Returns: whether another checkpoint is worth its bytes; nothing that none covers is trimmed
 */
gboolean
sse_log_growth_is_due (const SseLogGrowth *self, guint64 max_rows, gint64 max_age)
{
  gboolean many = self->rows >= MIN (MANY_ROWS, max_rows) && self->bytes >= self->size / 2;
  gboolean old = self->rows > 0 && g_get_real_time () - self->since >= max_age / 2;

  return many || old || self->rows >= MAX_ROWS || self->bytes >= MAX (MANY_BYTES, self->size);
}
