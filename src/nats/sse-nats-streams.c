/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-nats-streams.h"

#include <glib/gi18n-lib.h>

/* How long a message's id is remembered by the servers, in ns: much longer than it is sent again.
 */
#define DUPLICATES_NS (G_GINT64_CONSTANT (120) * 1000000000)

/* What must hold of a stream that somebody made: nothing leaves it by itself, and what it
 * acknowledges is in files. NULL where that is so. */
static const char *
find_fault (const SseNatsLink *self, const jsStreamConfig *is, const jsStreamConfig *wanted)
{
  if (is->SubjectsLen != 1 || !g_str_equal (is->Subjects[0], wanted->Subjects[0]))
    return _ ("its subjects");
  if (is->Storage != js_FileStorage)
    return _ ("its storage, which is not files");
  if (is->NoAck)
    return _ ("that it acknowledges nothing");
  if (is->Retention != js_LimitsPolicy)
    return _ ("its retention");
  if (is->MaxAge > 0 || is->MaxMsgs > 0)
    return _ ("a limit by which messages leave it");
  if (is->MaxBytes > 0 && is->Discard != js_DiscardNew)
    return _ ("that it discards old messages");
  if (MAX (is->MaxMsgsPerSubject, 0) != MAX (wanted->MaxMsgsPerSubject, 0))
    return _ ("how many messages of a subject it keeps");
  if (is->MaxMsgSize > 0 && is->MaxMsgSize < self->min_message_bytes)
    return _ ("the size of the messages that it takes, which is less than updates of [hub] "
              "max-update-bytes need");
  if (is->Duplicates < wanted->Duplicates)
    return _ ("that it soon forgets messages' ids");
  return NULL;
}

static gboolean
check_stream (const SseNatsLink *self,
              const jsStreamConfig *is,
              const jsStreamConfig *wanted,
              GError **error)
{
  const char *fault = find_fault (self, is, wanted);

  if (fault == NULL)
    return TRUE;
  g_set_error (error, SSE_NATS_ERROR, SSE_NATS_ERROR_UNFIT,
               _ ("the JetStream stream %s cannot be of the log for %s: make it otherwise, or let "
                  "rivuletd make it"),
               is->Name, fault);
  return FALSE;
}

/* @info: (out): of the one that is there; to be given to jsStreamInfo_Destroy() */
static gboolean
have_stream (SseNatsLink *self, jsStreamConfig *config, jsStreamInfo **info, GError **error)
{
  g_autofree char *what = g_strdup_printf (_ ("the stream %s"), config->Name);
  jsErrCode code = 0;
  natsStatus status = js_GetStreamInfo (info, self->jetstream, config->Name, NULL, &code);

  if (status != NATS_OK && code == JSStreamNotFoundErr)
    status = js_AddStream (info, self->jetstream, config, NULL, &code);
  /* Another node may have made it meanwhile. */
  if (status != NATS_OK && code == JSStreamNameExistErr)
    status = js_GetStreamInfo (info, self->jetstream, config->Name, NULL, &code);
  if (status != NATS_OK)
    *info = NULL;
  return sse_nats_fail (status, code, what, error)
         && check_stream (self, (*info)->Config, config, error);
}

/**
 * sse_nats_streams_have:
 * @self: one that is connected; gets the stream's replicas and the size of its messages
 * @error: %SSE_NATS_ERROR
 *
 * Makes the stream of updates and that beside it where they are not there, and looks whether they
 * keep what they get. Waits for the servers.
 */
gboolean
sse_nats_streams_have (SseNatsLink *self, const SseNatsOptions *options, GError **error)
{
  const char *subjects[] = { self->subjects };
  jsStreamConfig config;
  jsStreamInfo *info;
  gboolean ok;

  jsStreamConfig_Init (&config);
  config.Name = self->stream;
  config.Subjects = subjects;
  config.SubjectsLen = 1;
  config.Storage = js_FileStorage;
  config.Replicas = options->replicas;
  config.Duplicates = DUPLICATES_NS;
  config.DenyDelete = true;
  ok = have_stream (self, &config, &info, error);
  if (ok)
    {
      self->replicas = info->Config->Replicas;
      self->max_message_bytes = info->Config->MaxMsgSize;
    }
  jsStreamInfo_Destroy (info);
  return ok && sse_nats_streams_have_state (self, error);
}

/**
 * sse_nats_streams_have_state:
 * @self: one that has the stream of updates; this one gets as many replicas
 * @error: %SSE_NATS_ERROR
 *
 * The same with the stream beside it alone.
 */
gboolean
sse_nats_streams_have_state (SseNatsLink *self, GError **error)
{
  g_autofree char *subject = g_strdup_printf ("%s.state.>", self->stream);
  const char *subjects[] = { subject };
  jsStreamConfig config;
  jsStreamInfo *info;
  gboolean ok;

  jsStreamConfig_Init (&config);
  config.Name = self->state_stream;
  config.Subjects = subjects;
  config.SubjectsLen = 1;
  config.Storage = js_FileStorage;
  config.Replicas = self->replicas;
  config.MaxMsgsPerSubject = 1;
  ok = have_stream (self, &config, &info, error);
  jsStreamInfo_Destroy (info);
  return ok;
}
