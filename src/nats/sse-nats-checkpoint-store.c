/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-nats"

/* Checkpoints' other half: to the servers, and from there. Two are kept: where the newest can't be
 * read, the one before is good, as the log has all behind that. */

#include "config.h"

#include <glib/gi18n-lib.h>
#include <inttypes.h>

#include "sse-nats-checkpoint.h"

/* What ends the subjects of the messages that name them. */
#define NEWEST "checkpoint"
#define BEFORE "checkpoint-before"

/* Attempts to get one, while newer ones take the place of it. */
#define MAX_FETCHES 3

static char *
get_subject (SseNatsLink *link, const char *which)
{
  return g_strdup_printf ("%s.state.%s", link->stream, which);
}

static char *
get_chunk_subject (SseNatsLink *link, guint64 sequence, guint64 chunk)
{
  return g_strdup_printf ("%s.state.chunk.%" G_GUINT64_FORMAT ".%" G_GUINT64_FORMAT, link->stream,
                          sequence, chunk);
}

/* Whether the log could be asked. Where it does not have any more what asked for the checkpoint,
 * that is none. */
static gboolean
check_place (SseNatsCheckpoint **checkpoint, SseNatsLink *link, GError **error)
{
  SseNatsFound found = sse_nats_link_find (link, (*checkpoint)->sequence, (*checkpoint)->id, error);

  if (found == SSE_NATS_FOUND_OTHER || found == SSE_NATS_FOUND_NONE)
    g_clear_pointer (checkpoint, sse_nats_checkpoint_free);
  return found != SSE_NATS_FOUND_UNKNOWN;
}

/* @what: it is, for people; @message: (out): the last one of a subject, %NULL where there is none
 */
static gboolean
get_last (
    SseNatsLink *link, const char *subject, const char *what, natsMsg **message, GError **error)
{
  jsErrCode code = 0;
  natsStatus status
      = js_GetLastMsg (message, link->jetstream, link->state_stream, subject, NULL, &code);

  if (status == NATS_OK)
    return TRUE;
  *message = NULL;
  return (status == NATS_NOT_FOUND && code == JSNoMessageFoundErr)
         || sse_nats_fail (status, code, what, error);
}

/* @checkpoint: (out): %NULL where there is none of the log as it is: that may have lost what was in
 * it */
static gboolean
ask (SseNatsLink *link, const char *which, SseNatsCheckpoint **checkpoint, GError **error)
{
  g_autofree char *subject = get_subject (link, which);
  g_autofree char *text = NULL;
  natsMsg *message;

  *checkpoint = NULL;
  if (!get_last (link, subject, _ ("the checkpoint"), &message, error))
    return FALSE;
  if (message == NULL)
    return TRUE;
  text = g_strndup (natsMsg_GetData (message), (gsize) natsMsg_GetDataLength (message));
  natsMsg_Destroy (message);
  *checkpoint = sse_nats_checkpoint_parse (text);
  if (*checkpoint == NULL)
    g_warning ("what is at %s is no checkpoint", subject);
  return *checkpoint == NULL || check_place (checkpoint, link, error);
}

/**
 * sse_nats_checkpoint_ask:
 * @checkpoint: (out) (transfer full) (nullable): the newest; %NULL where there is none of the log
 *   as it is
 * @error: %SSE_NATS_ERROR_AWAY
 *
 * Asks the servers, and waits.
 */
gboolean
sse_nats_checkpoint_ask (SseNatsLink *link, SseNatsCheckpoint **checkpoint, GError **error)
{
  return ask (link, NEWEST, checkpoint, error);
}

/* ---- reading ---- */

static gboolean
fetch_chunk (
    const SseNatsCheckpoint *self, SseNatsLink *link, guint64 chunk, GByteArray *to, GError **error)
{
  g_autofree char *subject = get_chunk_subject (link, self->sequence, chunk);
  natsMsg *message;

  if (!get_last (link, subject, _ ("a part of the checkpoint"), &message, error))
    return FALSE;
  if (message == NULL)
    {
      g_set_error (error, SSE_NATS_ERROR, SSE_NATS_ERROR_UNFIT,
                   "the checkpoint at %" G_GUINT64_FORMAT " lacks a part", self->sequence);
      return FALSE;
    }
  /* One that is longer than it should be is not of this checkpoint, which the sum tells. */
  g_byte_array_append (
      to, (const guint8 *) natsMsg_GetData (message),
      (guint) MIN (natsMsg_GetDataLength (message), SSE_NATS_CHECKPOINT_CHUNK_BYTES));
  natsMsg_Destroy (message);
  return TRUE;
}

/* @error: %SSE_NATS_ERROR_UNFIT where it is not there any more, or not as it was written */
static GVariant *
fetch (const SseNatsCheckpoint *self, SseNatsLink *link, GError **error)
{
  g_autoptr (GByteArray) all = g_byte_array_new ();
  g_autoptr (GBytes) bytes = NULL;

  for (guint64 i = 0; i < self->n_chunks; i++)
    if (!fetch_chunk (self, link, i, all, error))
      return NULL;
  bytes = g_byte_array_free_to_bytes (g_steal_pointer (&all));
  return sse_nats_checkpoint_read (self, bytes, error);
}

/* @checkpoint: (out): %NULL also where the log does not have all that is behind it; @error: %UNFIT
 * where its states can't be read */
static gboolean
load (SseNatsLink *link,
      const char *which,
      guint64 first,
      SseNatsCheckpoint **checkpoint,
      GVariant **states,
      GError **error)
{
  if (!ask (link, which, checkpoint, error))
    return FALSE;
  if (*checkpoint != NULL && (*checkpoint)->sequence + 1 < first)
    g_clear_pointer (checkpoint, sse_nats_checkpoint_free);
  if (*checkpoint == NULL)
    return TRUE;
  *states = fetch (*checkpoint, link, error);
  if (*states == NULL)
    g_clear_pointer (checkpoint, sse_nats_checkpoint_free);
  return *states != NULL;
}

/* Whether something was found out: not where the servers did not answer. That it can't be read is
 * told, and is as if it were not there. */
static gboolean
load_if_fit (SseNatsLink *link,
             const char *which,
             guint64 first,
             SseNatsCheckpoint **checkpoint,
             GVariant **states,
             GError **error)
{
  g_autoptr (GError) local = NULL;

  /* It may have made room for a newer one meanwhile. */
  for (guint i = 0; i < MAX_FETCHES; i++)
    {
      g_clear_error (&local);
      if (load (link, which, first, checkpoint, states, &local))
        return TRUE;
      if (!g_error_matches (local, SSE_NATS_ERROR, SSE_NATS_ERROR_UNFIT))
        {
          g_propagate_error (error, g_steal_pointer (&local));
          return FALSE;
        }
    }
  g_warning ("%s: what is before it is taken, as far as it is there", local->message);
  return TRUE;
}

/**
 * sse_nats_checkpoint_load:
 * @first: of the messages that the log has
 * @checkpoint: (out) (transfer full) (nullable): the newest that can be read; %NULL where there is
 *   none and the log has all that there ever was
 * @states: (out) (transfer full) (nullable): its states, an `av`
 * @error: %SSE_NATS_ERROR_AWAY; %SSE_NATS_ERROR_LOST where neither is so, and no node can begin
 *
 * Asks the servers, and waits.
 */
gboolean
sse_nats_checkpoint_load (SseNatsLink *link,
                          guint64 first,
                          SseNatsCheckpoint **checkpoint,
                          GVariant **states,
                          GError **error)
{
  if (!load_if_fit (link, NEWEST, first, checkpoint, states, error))
    return FALSE;
  if (*checkpoint == NULL && !load_if_fit (link, BEFORE, first, checkpoint, states, error))
    return FALSE;
  if (*checkpoint != NULL || first <= 1)
    return TRUE;
  g_set_error (error, SSE_NATS_ERROR, SSE_NATS_ERROR_LOST,
               _ ("the stream %s begins at %" PRIu64 ", and there is no checkpoint of what was "
                  "before: remove it and the stream beside it, and publish the state anew"),
               link->stream, first);
  return FALSE;
}

/* ---- writing ---- */

/* @options: (nullable) */
static gboolean
publish (SseNatsLink *link,
         const char *subject,
         const void *data,
         gsize length,
         jsPubOptions *options,
         GError **error)
{
  jsErrCode code = 0;
  natsStatus status
      = js_Publish (NULL, link->jetstream, subject, data, (int) length, options, &code);

  return sse_nats_fail (status, code, "writing a checkpoint", error);
}

static gboolean
write_chunks (const SseNatsCheckpoint *self, SseNatsLink *link, GBytes *states, GError **error)
{
  gsize length;
  const char *data = g_bytes_get_data (states, &length);

  for (guint64 i = 0; i < self->n_chunks; i++)
    {
      g_autofree char *chunk = get_chunk_subject (link, self->sequence, i);
      gsize start = (gsize) i * SSE_NATS_CHECKPOINT_CHUNK_BYTES;

      if (!publish (link, chunk, data + start,
                    MIN (SSE_NATS_CHECKPOINT_CHUNK_BYTES, length - start), NULL, error))
        return FALSE;
    }
  return TRUE;
}

/* The sequence of the last message of a subject, 0 for none. */
static gboolean
ask_sequence (SseNatsLink *link, const char *subject, guint64 *sequence, GError **error)
{
  natsMsg *message;

  if (!get_last (link, subject, "the checkpoint before", &message, error))
    return FALSE;
  *sequence = message != NULL ? natsMsg_GetSequence (message) : 0;
  natsMsg_Destroy (message);
  return TRUE;
}

/* Removes a chunk that came before @first. */
static void
remove_chunk (SseNatsLink *link, const char *subject, guint64 first)
{
  guint64 sequence;

  if (ask_sequence (link, subject, &sequence, NULL) && sequence > 0 && sequence < first)
    js_DeleteMsg (link->jetstream, link->state_stream, sequence, NULL, NULL);
}

static gboolean
is_of (const SseNatsCheckpoint *self, SseNatsLink *link, const char *subject)
{
  g_autofree char *own
      = g_strdup_printf ("%s.state.chunk.%" G_GUINT64_FORMAT ".", link->stream, self->sequence);

  return g_str_has_prefix (subject, own);
}

/* Removes the chunks of those that are older than @oldest, and of such as were never finished; one
 * by one: nats-server 2.9.10 that is killed and started again does a purge of some subjects for all
 * others too. */
static void
remove_chunks (SseNatsLink *link, const SseNatsCheckpoint *oldest, const SseNatsCheckpoint *newest)
{
  g_autofree char *subjects = g_strdup_printf ("%s.state.chunk.>", link->stream);
  g_autofree char *first = get_chunk_subject (link, oldest->sequence, 0);
  jsStreamInfo *info = NULL;
  jsOptions options;
  guint64 sequence;

  if (!ask_sequence (link, first, &sequence, NULL) || sequence == 0)
    return;
  jsOptions_Init (&options);
  options.Stream.Info.SubjectsFilter = subjects;
  js_GetStreamInfo (&info, link->jetstream, link->state_stream, &options, NULL);
  for (int i = 0; info != NULL && info->State.Subjects != NULL && i < info->State.Subjects->Count;
       i++)
    {
      const char *subject = info->State.Subjects->List[i].Subject;

      if (!is_of (oldest, link, subject) && !is_of (newest, link, subject))
        remove_chunk (link, subject, sequence);
    }
  jsStreamInfo_Destroy (info);
}

/* A place for a message that names a checkpoint, and what is there. */
typedef struct
{
  char *subject;
  guint64 sequence;
} Place;

static void
place_clear (Place *place)
{
  g_free (place->subject);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Place, place_clear)

static gboolean
look_at (Place *place, SseNatsLink *link, const char *which, GError **error)
{
  place->subject = get_subject (link, which);
  return ask_sequence (link, place->subject, &place->sequence, error);
}

/* Where something else came there since it was looked at, that is an error. */
static gboolean
name (const SseNatsCheckpoint *self, SseNatsLink *link, const Place *place, GError **error)
{
  g_autofree char *text = sse_nats_checkpoint_format (self);
  jsPubOptions options;

  jsPubOptions_Init (&options);
  options.ExpectLastSubjectSeq = place->sequence;
  options.ExpectNoMessage = place->sequence == 0;
  return publish (link, place->subject, text, strlen (text), &options, error);
}

static gboolean
check_new (const SseNatsCheckpoint *self, const SseNatsCheckpoint *older, GError **error)
{
  if (self->n_bytes > SSE_NATS_CHECKPOINT_MAX_BYTES)
    g_set_error (error, SSE_NATS_ERROR, SSE_NATS_ERROR_UNFIT,
                 "the states have %" G_GUINT64_FORMAT
                 " bytes, and a checkpoint has %" G_GUINT64_FORMAT " at most",
                 self->n_bytes, SSE_NATS_CHECKPOINT_MAX_BYTES);
  else if (older != NULL && older->sequence >= self->sequence)
    g_set_error (error, SSE_NATS_ERROR, SSE_NATS_ERROR_UNFIT,
                 "there is one at %" G_GUINT64_FORMAT " already", older->sequence);
  else
    return TRUE;
  return FALSE;
}

/**
 * sse_nats_checkpoint_write:
 * @states: as sse_nats_checkpoint_new() gave them
 * @before: (out): the sequence of the one before, which is kept; 0 for none
 * @error: %SSE_NATS_ERROR; also where one as new is there, or another node is quicker meanwhile
 *
 * Writes it, and removes those that are older than the one before. Waits for the servers.
 */
gboolean
sse_nats_checkpoint_write (const SseNatsCheckpoint *self,
                           SseNatsLink *link,
                           GBytes *states,
                           guint64 *before,
                           GError **error)
{
  g_autoptr (SseNatsCheckpoint) older = NULL;
  g_auto (Place) newest = { 0 }, kept = { 0 };

  if (!look_at (&kept, link, BEFORE, error) || !look_at (&newest, link, NEWEST, error)
      || !ask (link, NEWEST, &older, error) || !check_new (self, older, error)
      || !write_chunks (self, link, states, error))
    return FALSE;
  /* What was removed with the log has no use any more. */
  if ((older != NULL && !name (older, link, &kept, error)) || !name (self, link, &newest, error))
    return FALSE;
  remove_chunks (link, older != NULL ? older : self, self);
  *before = older != NULL ? older->sequence : 0;
  return TRUE;
}
