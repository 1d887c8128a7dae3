/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-nats"

/* Checkpoints' other half: to the servers, and from there. */

#include "config.h"

#include <glib/gi18n-lib.h>
#include <inttypes.h>

#include "sse-nats-checkpoint.h"

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
  g_byte_array_append (
      to, (const guint8 *) natsMsg_GetData (message),
      (guint) MIN (natsMsg_GetDataLength (message), SSE_NATS_CHECKPOINT_CHUNK_BYTES));
  natsMsg_Destroy (message);
  return TRUE;
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
      gsize start = (gsize) i * SSE_NATS_CHECKPOINT_CHUNK_BYTES;

      if (!publish (link, chunk, data + start,
                    MIN (SSE_NATS_CHECKPOINT_CHUNK_BYTES, length - start), NULL,
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

  if (self->n_bytes > SSE_NATS_CHECKPOINT_MAX_BYTES)
    {
      g_set_error (error, SSE_NATS_ERROR, SSE_NATS_ERROR_UNFIT,
                   "the states have %" G_GUINT64_FORMAT
                   " bytes, and a checkpoint has %" G_GUINT64_FORMAT " at most",
                   self->n_bytes, SSE_NATS_CHECKPOINT_MAX_BYTES);
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
