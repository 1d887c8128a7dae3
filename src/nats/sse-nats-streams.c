/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-nats-streams.h"

#include <glib/gi18n-lib.h>

/* How long a message's id is remembered by the servers, in ns: much longer than it is sent again.
 */
#define DUPLICATES_NS (G_GINT64_CONSTANT (120) * 1000000000)

/* What must hold of a stream of updates that somebody made: nothing leaves it by itself. */
static gboolean
check_stream (const jsStreamConfig *config, const char *subjects, GError **error)
{
  const char *wrong = NULL;

  if (config->SubjectsLen != 1 || !g_str_equal (config->Subjects[0], subjects))
    wrong = _ ("its subjects");
  else if (config->Retention != js_LimitsPolicy)
    wrong = _ ("its retention");
  else if (config->MaxAge > 0 || config->MaxMsgs > 0 || config->MaxMsgsPerSubject > 0)
    wrong = _ ("a limit by which messages leave it");
  else if (config->Duplicates < DUPLICATES_NS)
    wrong = _ ("that it soon forgets messages' ids");
  else if (config->MaxBytes > 0 && config->Discard != js_DiscardNew)
    wrong = _ ("that it discards old messages");
  if (wrong == NULL)
    return TRUE;
  g_set_error (error, SSE_NATS_ERROR, SSE_NATS_ERROR_UNFIT,
               _ ("the JetStream stream %s cannot be the log for %s: make it without, or let "
                  "rivuletd make it"),
               config->Name, wrong);
  return FALSE;
}

static gboolean
have_stream (SseNatsLink *self, jsStreamConfig *config, gboolean check, GError **error)
{
  g_autofree char *what = g_strdup_printf (_ ("the stream %s"), config->Name);
  jsStreamInfo *info = NULL;
  jsErrCode code = 0;
  natsStatus status = js_GetStreamInfo (&info, self->jetstream, config->Name, NULL, &code);
  gboolean ok;

  if (status != NATS_OK && code == JSStreamNotFoundErr)
    status = js_AddStream (&info, self->jetstream, config, NULL, &code);
  /* Another node may have made it meanwhile. */
  if (status != NATS_OK && code == JSStreamNameExistErr)
    status = js_GetStreamInfo (&info, self->jetstream, config->Name, NULL, &code);
  ok = sse_nats_fail (status, code, what, error)
       && (!check || check_stream (info->Config, config->Subjects[0], error));
  if (ok && check)
    self->replicas = info->Config->Replicas;
  jsStreamInfo_Destroy (info);
  return ok;
}

/**
 * sse_nats_streams_have:
 * @self: one that is connected; gets the stream's replicas
 * @error: %SSE_NATS_ERROR
 *
 * Makes the stream of updates and that beside it where they are not there, and looks whether the
 * first can be a log. Waits for the servers.
 */
gboolean
sse_nats_streams_have (SseNatsLink *self, const SseNatsOptions *options, GError **error)
{
  const char *subjects[] = { self->subjects };
  jsStreamConfig config;

  jsStreamConfig_Init (&config);
  config.Name = self->stream;
  config.Subjects = subjects;
  config.SubjectsLen = 1;
  config.Storage = js_FileStorage;
  config.Replicas = options->replicas;
  config.Duplicates = DUPLICATES_NS;
  config.DenyDelete = true;
  return have_stream (self, &config, TRUE, error) && sse_nats_streams_have_state (self, error);
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

  jsStreamConfig_Init (&config);
  config.Name = self->state_stream;
  config.Subjects = subjects;
  config.SubjectsLen = 1;
  config.Storage = js_FileStorage;
  config.Replicas = self->replicas;
  config.MaxMsgsPerSubject = 1;
  return have_stream (self, &config, FALSE, error);
}
