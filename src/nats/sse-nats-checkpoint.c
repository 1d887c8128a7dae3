/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-nats"

/* A checkpoint in the stream beside the log: the states in as many messages as they need, and last
 * of all one message that names them, so that a checkpoint is there altogether or not at all. */

#include "config.h"

#include "sse-nats-checkpoint.h"

#include <glib/gi18n-lib.h>
#include <inttypes.h>

#define CHUNK_BYTES 524288
/* Of all states together: what a GByteArray holds. */
#define MAX_BYTES (G_GUINT64_CONSTANT (2) << 30)

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
sse_nats_checkpoint_new (const char *id, guint64 position, GArray *parts, GBytes **states)
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
  self->position = position;
  self->n_bytes = g_bytes_get_size (*states);
  self->n_chunks = (self->n_bytes + CHUNK_BYTES - 1) / CHUNK_BYTES;
  self->sum = sum_of (*states);
  return self;
}

/* ---- the message that names the others ---- */

/**
 * sse_nats_checkpoint_format:
 *
 * Returns: (transfer full): what sse_nats_checkpoint_parse() reads: "ID POSITION CHUNKS BYTES SUM",
 *   and a line "STREAM SUM" for each part
 */
char *
sse_nats_checkpoint_format (const SseNatsCheckpoint *self)
{
  GString *text = g_string_new (NULL);

  g_string_printf (text,
                   "%s %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %s\n",
                   self->id, self->position, self->n_chunks, self->n_bytes, self->sum);
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

  if (g_strv_length (words) != 5 || !read_number (words[1], &self->position)
      || !read_number (words[2], &self->n_chunks) || !read_number (words[3], &self->n_bytes)
      || self->n_bytes > MAX_BYTES
      || self->n_chunks != (self->n_bytes + CHUNK_BYTES - 1) / CHUNK_BYTES)
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

static char *
get_subject (SseNatsLink *link)
{
  return g_strdup_printf ("%s.state.checkpoint", link->stream);
}

static char *
get_chunk_subject (SseNatsLink *link, guint64 position, guint64 chunk)
{
  return g_strdup_printf ("%s.state.chunk.%" G_GUINT64_FORMAT ".%" G_GUINT64_FORMAT, link->stream,
                          position, chunk);
}

/* Whether the log could be asked. Where it does not have any more what asked for the checkpoint,
 * that is none. */
static gboolean
check_place (SseNatsCheckpoint **checkpoint, SseNatsLink *link, GError **error)
{
  natsMsg *message = NULL;
  const char *id = NULL;
  jsErrCode code = 0;
  natsStatus status
      = js_GetMsg (&message, link->jetstream, link->stream, (*checkpoint)->position, NULL, &code);
  gboolean there = status == NATS_OK;

  if (there)
    there = natsMsgHeader_Get (message, "Nats-Msg-Id", &id) == NATS_OK
            && g_str_equal (id, (*checkpoint)->id);
  else if (code != JSNoMessageFoundErr)
    return sse_nats_fail (status, code, _ ("the place of the checkpoint"), error);
  natsMsg_Destroy (message);
  if (!there)
    g_clear_pointer (checkpoint, sse_nats_checkpoint_free);
  return TRUE;
}

/**
 * sse_nats_checkpoint_ask:
 * @checkpoint: (out) (transfer full) (nullable): the newest; %NULL where there is none of the log
 *   as it is: that may have lost what was in it
 * @error: %SSE_NATS_ERROR_AWAY
 *
 * Asks the servers, and waits.
 */
gboolean
sse_nats_checkpoint_ask (SseNatsLink *link, SseNatsCheckpoint **checkpoint, GError **error)
{
  g_autofree char *subject = get_subject (link);
  g_autofree char *text = NULL;
  natsMsg *message = NULL;
  jsErrCode code = 0;
  natsStatus status
      = js_GetLastMsg (&message, link->jetstream, link->state_stream, subject, NULL, &code);

  *checkpoint = NULL;
  if (status == NATS_NOT_FOUND && code == JSNoMessageFoundErr)
    return TRUE;
  if (!sse_nats_fail (status, code, _ ("the checkpoint"), error))
    return FALSE;
  text = g_strndup (natsMsg_GetData (message), (gsize) natsMsg_GetDataLength (message));
  natsMsg_Destroy (message);
  *checkpoint = sse_nats_checkpoint_parse (text);
  if (*checkpoint == NULL)
    g_warning ("what is at %s is no checkpoint", subject);
  return *checkpoint == NULL || check_place (checkpoint, link, error);
}

/* ---- the states ---- */

static gboolean
fetch_chunk (
    const SseNatsCheckpoint *self, SseNatsLink *link, guint64 chunk, GByteArray *to, GError **error)
{
  g_autofree char *subject = get_chunk_subject (link, self->position, chunk);
  natsMsg *message = NULL;
  jsErrCode code = 0;
  natsStatus status
      = js_GetLastMsg (&message, link->jetstream, link->state_stream, subject, NULL, &code);

  if (!sse_nats_fail (status, code, _ ("a part of the checkpoint"), error))
    return FALSE;
  /* One that is longer than it should be is not of this checkpoint, which the sum tells. */
  g_byte_array_append (to, (const guint8 *) natsMsg_GetData (message),
                       (guint) MIN (natsMsg_GetDataLength (message), CHUNK_BYTES));
  natsMsg_Destroy (message);
  return TRUE;
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
                   _ ("the checkpoint at %" PRIu64 " is damaged"), self->position);
      return NULL;
    }
  states = g_variant_ref_sink (g_variant_new_from_bytes (G_VARIANT_TYPE ("av"), bytes, FALSE));
  if (g_variant_n_children (states) == self->parts->len && g_variant_is_normal_form (states))
    return g_steal_pointer (&states);
  g_set_error (error, SSE_NATS_ERROR, SSE_NATS_ERROR_UNFIT,
               _ ("the checkpoint at %" PRIu64 " does not have what it says"), self->position);
  return NULL;
}

/**
 * sse_nats_checkpoint_fetch:
 * @error: %SSE_NATS_ERROR where it is not there any more, or not as it was written
 *
 * Asks the servers, and waits.
 *
 * Returns: (transfer full): the states, an `av`
 */
GVariant *
sse_nats_checkpoint_fetch (const SseNatsCheckpoint *self, SseNatsLink *link, GError **error)
{
  g_autoptr (GByteArray) all = g_byte_array_new ();
  g_autoptr (GBytes) bytes = NULL;

  for (guint64 i = 0; i < self->n_chunks; i++)
    if (!fetch_chunk (self, link, i, all, error))
      return NULL;
  bytes = g_byte_array_free_to_bytes (g_steal_pointer (&all));
  return sse_nats_checkpoint_read (self, bytes, error);
}

/* @options: (nullable) @sequence: (out) (optional): the message's */
static gboolean
publish (SseNatsLink *link,
         const char *subject,
         const void *data,
         gsize length,
         jsPubOptions *options,
         guint64 *sequence,
         GError **error)
{
  jsPubAck *ack = NULL;
  jsErrCode code = 0;
  natsStatus status
      = js_Publish (&ack, link->jetstream, subject, data, (int) length, options, &code);

  if (status == NATS_OK && sequence != NULL)
    *sequence = ack->Sequence;
  jsPubAck_Destroy (ack);
  return sse_nats_fail (status, code, "writing a checkpoint", error);
}

/* @first: (out): the sequence of the first of its chunks */
static gboolean
write_chunks (const SseNatsCheckpoint *self,
              SseNatsLink *link,
              GBytes *states,
              guint64 *first,
              GError **error)
{
  gsize length;
  const char *data = g_bytes_get_data (states, &length);

  for (guint64 i = 0; i < self->n_chunks; i++)
    {
      g_autofree char *chunk = get_chunk_subject (link, self->position, i);
      gsize start = (gsize) i * CHUNK_BYTES;

      if (!publish (link, chunk, data + start, MIN (CHUNK_BYTES, length - start), NULL,
                    i == 0 ? first : NULL, error))
        return FALSE;
    }
  return TRUE;
}

/* Removes those of the checkpoint before, and of such as were never finished. */
static void
remove_chunks (SseNatsLink *link, guint64 first)
{
  g_autofree char *subject = g_strdup_printf ("%s.state.chunk.>", link->stream);
  jsOptions options;

  jsOptions_Init (&options);
  options.Stream.Purge.Subject = subject;
  options.Stream.Purge.Sequence = first;
  js_PurgeStream (link->jetstream, link->state_stream, &options, NULL);
}

/* The sequence of the message that names the newest one, 0 for none. */
static gboolean
ask_sequence (SseNatsLink *link, const char *subject, guint64 *sequence, GError **error)
{
  natsMsg *message = NULL;
  jsErrCode code = 0;
  natsStatus status
      = js_GetLastMsg (&message, link->jetstream, link->state_stream, subject, NULL, &code);

  *sequence = 0;
  if (status == NATS_NOT_FOUND && code == JSNoMessageFoundErr)
    return TRUE;
  if (!sse_nats_fail (status, code, "the checkpoint before", error))
    return FALSE;
  *sequence = natsMsg_GetSequence (message);
  natsMsg_Destroy (message);
  return TRUE;
}

/**
 * sse_nats_checkpoint_write:
 * @states: as sse_nats_checkpoint_new() gave them
 * @before: (out): the position of the one before, 0 for none
 * @error: %SSE_NATS_ERROR_AWAY
 *
 * Writes it, where no newer one was written, and removes the one before. Where another node is
 * quicker meanwhile, that is an error. Waits for the servers.
 */
gboolean
sse_nats_checkpoint_write (const SseNatsCheckpoint *self,
                           SseNatsLink *link,
                           GBytes *states,
                           guint64 *before,
                           GError **error)
{
  g_autoptr (SseNatsCheckpoint) older = NULL;
  g_autofree char *subject = get_subject (link);
  g_autofree char *text = sse_nats_checkpoint_format (self);
  guint64 sequence, first = 0;
  jsPubOptions options;

  if (self->n_bytes > MAX_BYTES)
    {
      g_set_error (error, SSE_NATS_ERROR, SSE_NATS_ERROR_UNFIT,
                   "the states have %" G_GUINT64_FORMAT
                   " bytes, and a checkpoint has %" G_GUINT64_FORMAT " at most",
                   self->n_bytes, MAX_BYTES);
      return FALSE;
    }
  if (!ask_sequence (link, subject, &sequence, error)
      || !sse_nats_checkpoint_ask (link, &older, error))
    return FALSE;
  *before = older != NULL ? older->position : 0;
  if (*before >= self->position)
    return TRUE;
  jsPubOptions_Init (&options);
  options.ExpectLastSubjectSeq = sequence;
  options.ExpectNoMessage = sequence == 0;
  if (!write_chunks (self, link, states, &first, error)
      || !publish (link, subject, text, strlen (text), &options, NULL, error))
    return FALSE;
  remove_chunks (link, first);
  return TRUE;
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
 * @other: of the same position
 *
 * Returns: (transfer container) (element-type utf8): the streams of @self whose states differ
 *   there, or are not there
 */
GPtrArray *
sse_nats_checkpoint_differ (const SseNatsCheckpoint *self, const SseNatsCheckpoint *other)
{
  GPtrArray *streams = g_ptr_array_new ();

  for (guint i = 0; i < self->parts->len; i++)
    {
      const SseNatsPart *part = g_ptr_array_index (self->parts, i);

      if (g_strcmp0 (part->sum, find_sum (other, part->stream)) != 0)
        g_ptr_array_add (streams, part->stream);
    }
  return streams;
}
