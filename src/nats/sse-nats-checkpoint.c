/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-nats"

/* A checkpoint in the stream beside the log: the states in as many messages as they need, and last
 * of all one message that names them, so that a checkpoint is there altogether or not at all. */

#include "config.h"

#include "sse-nats-checkpoint.h"

static void
part_free (gpointer data)
{
  SseNatsPart *self = data;

  g_free (self->stream);
  g_free (self->sum);
  g_free (self);
}

static SseNatsCheckpoint *
new_empty (void)
{
  SseNatsCheckpoint *self = g_new0 (SseNatsCheckpoint, 1);

  self->parts = g_ptr_array_new_with_free_func (part_free);
  return self;
}

void
sse_nats_checkpoint_free (SseNatsCheckpoint *self)
{
  g_free (self->id);
  g_free (self->sum);
  g_ptr_array_unref (self->parts);
  g_free (self);
}

static void
add_part (SseNatsCheckpoint *self, const char *stream, char *sum)
{
  SseNatsPart *part = g_new (SseNatsPart, 1);

  *part = (SseNatsPart){ g_strdup (stream), sum };
  g_ptr_array_add (self->parts, part);
}

static char *
sum_of (GBytes *bytes)
{
  return g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, bytes);
}

/**
 * sse_nats_checkpoint_new:
 * @parts: (element-type SseLogPart): all sources' states
 * @states: (out) (transfer full): these as bytes
 */
SseNatsCheckpoint *
sse_nats_checkpoint_new (const char *id, guint64 sequence, GArray *parts, GBytes **states)
{
  SseNatsCheckpoint *self = new_empty ();
  g_autoptr (GVariant) all = NULL;
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("av"));
  for (guint i = 0; i < parts->len; i++)
    {
      const SseLogPart *part = &g_array_index (parts, SseLogPart, i);
      g_autoptr (GBytes) bytes = g_variant_get_data_as_bytes (part->state);

      add_part (self, part->stream, sum_of (bytes));
      g_variant_builder_add (&builder, "v", part->state);
    }
  all = g_variant_ref_sink (g_variant_builder_end (&builder));
  *states = g_variant_get_data_as_bytes (all);
  self->id = g_strdup (id);
  self->sequence = sequence;
  self->n_bytes = g_bytes_get_size (*states);
  self->n_chunks
      = (self->n_bytes + SSE_NATS_CHECKPOINT_CHUNK_BYTES - 1) / SSE_NATS_CHECKPOINT_CHUNK_BYTES;
  self->sum = sum_of (*states);
  return self;
}

/* ---- the message that names the others ---- */

/**
 * sse_nats_checkpoint_format:
 *
 * Returns: (transfer full): what sse_nats_checkpoint_parse() reads: "ID SEQUENCE CHUNKS BYTES SUM",
 *   and a line "STREAM SUM" for each part
 */
char *
sse_nats_checkpoint_format (const SseNatsCheckpoint *self)
{
  GString *text = g_string_new (NULL);

  g_string_printf (text,
                   "%s %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %s\n",
                   self->id, self->sequence, self->n_chunks, self->n_bytes, self->sum);
  for (guint i = 0; i < self->parts->len; i++)
    {
      const SseNatsPart *part = g_ptr_array_index (self->parts, i);

      g_string_append_printf (text, "%s %s\n", part->stream, part->sum);
    }
  return g_string_free (text, FALSE);
}

static gboolean
read_number (const char *text, guint64 *number)
{
  return g_ascii_string_to_unsigned (text, 10, 0, G_MAXUINT64, number, NULL);
}

/**
 * sse_nats_checkpoint_parse:
 *
 * Returns: (transfer full) (nullable): what the text says; %NULL where that is none
 */
SseNatsCheckpoint *
sse_nats_checkpoint_parse (const char *text)
{
  g_autoptr (SseNatsCheckpoint) self = new_empty ();
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  g_auto (GStrv) words = g_strsplit (lines[0] != NULL ? lines[0] : "", " ", -1);

  if (g_strv_length (words) != 5 || !read_number (words[1], &self->sequence)
      || !read_number (words[2], &self->n_chunks) || !read_number (words[3], &self->n_bytes)
      || self->n_bytes > SSE_NATS_CHECKPOINT_MAX_BYTES
      || self->n_chunks
             != (self->n_bytes + SSE_NATS_CHECKPOINT_CHUNK_BYTES - 1)
                    / SSE_NATS_CHECKPOINT_CHUNK_BYTES)
    return NULL;
  self->id = g_strdup (words[0]);
  self->sum = g_strdup (words[4]);
  for (char **line = lines + 1; *line != NULL && **line != '\0'; line++)
    {
      g_auto (GStrv) part = g_strsplit (*line, " ", -1);

      if (g_strv_length (part) != 2)
        return NULL;
      add_part (self, part[0], g_strdup (part[1]));
    }
  return g_steal_pointer (&self);
}

/**
 * sse_nats_checkpoint_read:
 * @bytes: all chunks
 * @error: %SSE_NATS_ERROR_UNFIT where they are not as they were written
 *
 * Returns: (transfer full): the states, an `av`
 */
GVariant *
sse_nats_checkpoint_read (const SseNatsCheckpoint *self, GBytes *bytes, GError **error)
{
  g_autofree char *sum = sum_of (bytes);
  g_autoptr (GVariant) states = NULL;

  if (!g_str_equal (sum, self->sum))
    {
      g_set_error (error, SSE_NATS_ERROR, SSE_NATS_ERROR_UNFIT,
                   "the checkpoint at %" G_GUINT64_FORMAT " is damaged", self->sequence);
      return NULL;
    }
  states = g_variant_ref_sink (g_variant_new_from_bytes (G_VARIANT_TYPE ("av"), bytes, FALSE));
  if (g_variant_n_children (states) == self->parts->len && g_variant_is_normal_form (states))
    return g_steal_pointer (&states);
  g_set_error (error, SSE_NATS_ERROR, SSE_NATS_ERROR_UNFIT,
               "the checkpoint at %" G_GUINT64_FORMAT " does not have what it says",
               self->sequence);
  return NULL;
}

static const char *
find_sum (const SseNatsCheckpoint *self, const char *stream)
{
  for (guint i = 0; i < self->parts->len; i++)
    {
      const SseNatsPart *part = g_ptr_array_index (self->parts, i);

      if (g_str_equal (part->stream, stream))
        return part->sum;
    }
  return NULL;
}

/**
 * sse_nats_checkpoint_differ:
 * @other: of the same sequence
 *
 * Returns: (transfer container) (element-type utf8): the streams of both whose states differ
 */
GPtrArray *
sse_nats_checkpoint_differ (const SseNatsCheckpoint *self, const SseNatsCheckpoint *other)
{
  GPtrArray *streams = g_ptr_array_new ();

  for (guint i = 0; i < self->parts->len; i++)
    {
      const SseNatsPart *part = g_ptr_array_index (self->parts, i);

      const char *sum = find_sum (other, part->stream);

      if (sum != NULL && !g_str_equal (sum, part->sum))
        g_ptr_array_add (streams, part->stream);
    }
  return streams;
}

/**
 * sse_nats_checkpoint_find_missing:
 *
 * Returns: (transfer none) (nullable): a stream of @self of which @other has no state
 */
const char *
sse_nats_checkpoint_find_missing (const SseNatsCheckpoint *self, const SseNatsCheckpoint *other)
{
  for (guint i = 0; i < self->parts->len; i++)
    {
      const SseNatsPart *part = g_ptr_array_index (self->parts, i);

      if (find_sum (other, part->stream) == NULL)
        return part->stream;
    }
  return NULL;
}
