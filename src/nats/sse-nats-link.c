/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-nats"

#include "config.h"

#include "sse-nats-link.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

G_DEFINE_QUARK (sse - nats - error - quark, sse_nats_error)

/* What a message has beside its updates, in bytes at most. */
#define ENVELOPE_BYTES 65536
/* Several updates in a message, in bytes at most: it is asked for whole. */
#define TOGETHER_BYTES (2 * 1024 * 1024)
/* Between attempts to reach a server, in ms, and what chance adds to that. */
#define RETRY_MS  250
#define JITTER_MS 750
/* A server that is silent for two of these is given up, in ms. */
#define PING_MS 2000
/* How long one that is asked may take, in ms, and one that is written to. */
#define ANSWER_MS 3000
/* What may wait for a server that is away, in bytes: nothing. Who sends is told, and sends again.
 */
#define AWAY_BYTES 1

/**
 * sse_nats_fail:
 * @status: what libnats returned
 * @code: what JetStream said, 0 for nothing
 * @what: what was tried
 * @error: set where it is not %NATS_OK
 *
 * Returns: whether it is %NATS_OK
 */
gboolean
sse_nats_fail (natsStatus status, jsErrCode code, const char *what, GError **error)
{
  natsStatus last = NATS_OK;
  const char *text;

  if (status == NATS_OK)
    return TRUE;
  text = nats_GetLastError (&last);
  if (last != status || text == NULL || *text == '\0')
    text = natsStatus_GetText (status);
  if (code != 0)
    g_set_error (error, SSE_NATS_ERROR, SSE_NATS_ERROR_AWAY, _ ("NATS: %s: %s (%d)"), what, text,
                 (int) code);
  else
    g_set_error (error, SSE_NATS_ERROR, SSE_NATS_ERROR_AWAY, _ ("NATS: %s: %s"), what, text);
  return FALSE;
}

/* ---- what libnats' threads tell ---- */

static void
on_disconnected (natsConnection *connection, void *data)
{
  SseNatsLink *self = data;
  SseNatsNote *note = sse_nats_note_new (SSE_NATS_NOTE_CUT);

  note->error
      = g_error_new_literal (SSE_NATS_ERROR, SSE_NATS_ERROR_AWAY, "NATS: the connection is lost");
  sse_nats_note_post (note, self->notes);
}

static void
on_reconnected (natsConnection *connection, void *data)
{
  SseNatsLink *self = data;
  SseNatsNote *note = sse_nats_note_new (SSE_NATS_NOTE_CONNECTED);

  note->max_payload = natsConnection_GetMaxPayload (connection);
  sse_nats_note_post (note, self->notes);
}

/* libnats gives up for good where a server refuses this node twice. */
static void
tell_refused (SseNatsLink *self, natsConnection *connection)
{
  SseNatsNote *note = sse_nats_note_new (SSE_NATS_NOTE_LOST);
  const char *why = NULL;

  natsConnection_GetLastError (connection, &why);
  note->error = g_error_new (SSE_NATS_ERROR, SSE_NATS_ERROR_AWAY,
                             "NATS: the servers do not take this node any more: %s",
                             why != NULL && *why != '\0' ? why : "the connection is closed");
  sse_nats_note_post (note, self->notes);
}

/* The last of all. */
static void
on_closed (natsConnection *connection, void *data)
{
  SseNatsLink *self = data;

  pthread_mutex_lock (&self->lock);
  if (!self->closing)
    tell_refused (self, connection);
  self->closed = TRUE;
  pthread_cond_signal (&self->changed);
  pthread_mutex_unlock (&self->lock);
}

/* A consumer that was reset, a message that was slow to be taken: libnats goes on by itself. What
 * the servers do not permit is for a person. */
static void
on_error (natsConnection *connection, natsSubscription *subscription, natsStatus status, void *data)
{
  const char *why = NULL;

  if (status != NATS_NOT_PERMITTED)
    g_debug ("%s", natsStatus_GetText (status));
  else if (natsConnection_GetLastError (connection, &why) == status && why != NULL)
    g_warning ("NATS: %s; the user of [nats] needs it", why);
  else
    g_warning ("NATS: the user of [nats] lacks a permission");
}

/* ---- connecting ---- */

/* @path: (nullable): of [nats] @key */
static gboolean
check_file (const char *key, const char *path, GError **error)
{
  if (path != NULL && g_file_test (path, G_FILE_TEST_IS_DIR))
    errno = EISDIR;
  else if (path == NULL || access (path, R_OK) == 0)
    return TRUE;
  g_set_error (error, SSE_NATS_ERROR, SSE_NATS_ERROR_UNFIT, _ ("[nats] %s: cannot read %s: %s"),
               key, path, strerror (errno));
  return FALSE;
}

static gboolean
take_file (natsStatus status, const char *key, const char *path, GError **error)
{
  g_autofree char *what = g_strdup_printf ("[nats] %s=%s", key, path);

  return sse_nats_fail (status, 0, what, error);
}

/* Whom to trust, and who this node is. */
static gboolean
set_security (natsOptions *to, const SseNatsOptions *options, GError **error)
{
  if (!check_file ("ca-file", options->ca_file, error)
      || !check_file ("certificate-file", options->certificate_file, error)
      || !check_file ("key-file", options->key_file, error)
      || !check_file ("credentials-file", options->credentials_file, error))
    return FALSE;
  if (options->ca_file != NULL
      && (!take_file (natsOptions_SetSecure (to, true), "ca-file", options->ca_file, error)
          || !take_file (natsOptions_LoadCATrustedCertificates (to, options->ca_file), "ca-file",
                         options->ca_file, error)))
    return FALSE;
  if (options->certificate_file != NULL
      && !take_file (
          natsOptions_LoadCertificatesChain (to, options->certificate_file, options->key_file),
          "certificate-file", options->certificate_file, error))
    return FALSE;
  return options->credentials_file == NULL
         || take_file (
             natsOptions_SetUserCredentialsFromFiles (to, options->credentials_file, NULL),
             "credentials-file", options->credentials_file, error);
}

static natsStatus
set_options (SseNatsLink *self, natsOptions *to, const SseNatsOptions *options)
{
  int n = (int) g_strv_length ((GStrv) options->urls);
  natsStatus status = natsOptions_SetServers (to, (const char **) options->urls, n);

  if (status == NATS_OK)
    status = natsOptions_SetName (to, "rivuletd");
  if (status == NATS_OK)
    status = natsOptions_SetWriteDeadline (to, ANSWER_MS);
  if (status == NATS_OK)
    status = natsOptions_SetReconnectBufSize (to, AWAY_BYTES);
  if (status == NATS_OK)
    status = natsOptions_SetMaxReconnect (to, -1);
  if (status == NATS_OK)
    status = natsOptions_SetReconnectWait (to, RETRY_MS);
  if (status == NATS_OK)
    status = natsOptions_SetReconnectJitter (to, JITTER_MS, JITTER_MS);
  if (status == NATS_OK)
    status = natsOptions_SetTimeout (to, MIN (options->connect_ms, ANSWER_MS));
  if (status == NATS_OK)
    status = natsOptions_SetPingInterval (to, PING_MS);
  if (status == NATS_OK)
    status = natsOptions_SetDisconnectedCB (to, on_disconnected, self);
  if (status == NATS_OK)
    status = natsOptions_SetReconnectedCB (to, on_reconnected, self);
  if (status == NATS_OK)
    status = natsOptions_SetClosedCB (to, on_closed, self);
  if (status == NATS_OK)
    status = natsOptions_SetErrorHandler (to, on_error, self);
  return status;
}

/* What may be told of servers: not the name and password that a URL may have. */
static char *
tell_urls (const char *const *urls)
{
  GString *told = g_string_new (NULL);

  for (; *urls != NULL; urls++)
    {
      const char *slashes = strstr (*urls, "://");
      int length = slashes != NULL ? (int) (slashes + strlen ("://") - *urls) : 0;
      const char *host = strrchr (*urls, '@');

      g_string_append_printf (told, "%s%.*s%s", told->len > 0 ? ", " : "", length, *urls,
                              host != NULL ? host + 1 : *urls + length);
    }
  return g_string_free (told, FALSE);
}

static gboolean
open_connection (SseNatsLink *self, const SseNatsOptions *options, GError **error)
{
  g_autofree char *urls = tell_urls (options->urls);
  g_autofree char *what
      = options->credentials_file != NULL
            ? g_strdup_printf (_ ("connecting to %s as [nats] credentials-file=%s says"), urls,
                               options->credentials_file)
            : g_strdup_printf (_ ("connecting to %s"), urls);
  gint64 until = g_get_monotonic_time () + options->connect_ms * G_GINT64_CONSTANT (1000);
  natsOptions *nats_options = NULL;
  natsStatus status = natsOptions_Create (&nats_options);

  if (status == NATS_OK)
    status = set_options (self, nats_options, options);
  if (!sse_nats_fail (status, 0, "[nats] urls", error)
      || !set_security (nats_options, options, error))
    {
      natsOptions_Destroy (nats_options);
      return FALSE;
    }
  while ((status = natsConnection_Connect (&self->connection, nats_options)) != NATS_OK
         && g_get_monotonic_time () < until)
    nats_Sleep (RETRY_MS);
  natsOptions_Destroy (nats_options);
  return sse_nats_fail (status, 0, what, error);
}

static gboolean
check_payload (SseNatsLink *self, const SseNatsOptions *options, GError **error)
{
  self->max_payload = natsConnection_GetMaxPayload (self->connection);
  self->min_message_bytes = (gint64) options->max_update_bytes + ENVELOPE_BYTES;
  if (self->max_payload >= self->min_message_bytes)
    return TRUE;
  g_set_error (error, SSE_NATS_ERROR, SSE_NATS_ERROR_UNFIT,
               _ ("NATS takes messages of %" PRId64 " bytes, and updates of [hub] "
                  "max-update-bytes need %" PRId64
                  ": raise max_payload in the servers' configuration"),
               self->max_payload, self->min_message_bytes);
  return FALSE;
}

/**
 * sse_nats_link_get_max_bytes:
 *
 * Returns: of several updates in a message; one alone may have more
 */
gsize
sse_nats_link_get_max_bytes (const SseNatsLink *self)
{
  gint64 bytes = self->max_payload;

  if (self->max_message_bytes > 0)
    bytes = MIN (bytes, self->max_message_bytes);
  return (gsize) CLAMP (bytes - ENVELOPE_BYTES, 0, TOGETHER_BYTES);
}

/* ---- looking at the stream ---- */

/**
 * sse_nats_link_ask_extent:
 * @extent: (out): what the stream of updates is now
 * @error: %SSE_NATS_ERROR_AWAY
 *
 * Asks the servers, and waits.
 */
gboolean
sse_nats_link_ask_extent (SseNatsLink *self, SseNatsExtent *extent, GError **error)
{
  jsStreamInfo *info = NULL;
  const char *leader;
  jsErrCode code = 0;
  natsStatus status = js_GetStreamInfo (&info, self->jetstream, self->stream, NULL, &code);

  if (!sse_nats_fail (status, code, _ ("the log's stream"), error))
    {
      if (code == JSStreamNotFoundErr && error != NULL)
        (*error)->code = SSE_NATS_ERROR_LOST;
      return FALSE;
    }
  leader = info->Cluster != NULL ? info->Cluster->Leader : NULL;
  *extent = (SseNatsExtent){ info->Created, info->State.FirstSeq, info->State.LastSeq,
                             leader != NULL ? g_str_hash (leader) : 0 };
  jsStreamInfo_Destroy (info);
  return TRUE;
}

/**
 * sse_nats_link_find:
 * @sequence: of a message; 0 for none
 * @id: (nullable): what it was known by; empty where that is not known, which is not asked then;
 *   %NULL where any is the same
 * @error: %SSE_NATS_ERROR_AWAY where it is unknown
 *
 * Asks the servers, and waits.
 */
SseNatsFound
sse_nats_link_find (SseNatsLink *self, guint64 sequence, const char *id, GError **error)
{
  natsMsg *message = NULL;
  const char *found = NULL;
  SseNatsFound result = SSE_NATS_FOUND_SAME;
  jsErrCode code = 0;
  natsStatus status;

  if (sequence == 0 || g_strcmp0 (id, "") == 0)
    return SSE_NATS_FOUND_SAME;
  status = js_GetMsg (&message, self->jetstream, self->stream, sequence, NULL, &code);
  if (code == JSNoMessageFoundErr)
    result = SSE_NATS_FOUND_NONE;
  else if (!sse_nats_fail (status, code, _ ("a message of the log"), error))
    result = SSE_NATS_FOUND_UNKNOWN;
  else if (id != NULL
           && (natsMsgHeader_Get (message, "Nats-Msg-Id", &found) != NATS_OK
               || !g_str_equal (found, id)))
    result = SSE_NATS_FOUND_OTHER;
  natsMsg_Destroy (message);
  return result;
}

/**
 * sse_nats_link_new:
 * @notes: outlives the link
 * @error: %SSE_NATS_ERROR
 *
 * Connects, and waits for that.
 */
SseNatsLink *
sse_nats_link_new (const SseNatsOptions *options, SseMailbox *notes, GError **error)
{
  SseNatsLink *self = g_new0 (SseNatsLink, 1);
  jsOptions jetstream;

  /* It is kept without a lock once it was asked for: before there are other threads that ask. */
  sse_nats_error_quark ();
  pthread_mutex_init (&self->lock, NULL);
  pthread_cond_init (&self->changed, NULL);
  self->notes = notes;
  self->stream = g_strdup (options->name);
  self->subjects = g_strdup_printf ("%s.log.>", options->name);
  self->state_stream = g_strdup_printf ("%s-state", options->name);
  self->update_subject = g_strdup_printf ("%s.log.updates", options->name);
  self->due_subject = g_strdup_printf ("%s.log.checkpoint", options->name);
  self->epoch_subject = g_strdup_printf ("%s.state.epoch", options->name);
  jsOptions_Init (&jetstream);
  jetstream.Wait = ANSWER_MS;
  if (open_connection (self, options, error) && check_payload (self, options, error)
      && sse_nats_fail (natsConnection_JetStream (&self->jetstream, self->connection, &jetstream),
                        0, "JetStream", error))
    return self;
  sse_nats_link_free (self);
  return NULL;
}

/* libnats tells of the end in a thread of its own, and of nothing behind that. */
static void
close_connection (SseNatsLink *self)
{
  pthread_mutex_lock (&self->lock);
  self->closing = TRUE;
  pthread_mutex_unlock (&self->lock);
  natsConnection_Close (self->connection);
  pthread_mutex_lock (&self->lock);
  while (!self->closed)
    pthread_cond_wait (&self->changed, &self->lock);
  pthread_mutex_unlock (&self->lock);
  natsConnection_Destroy (self->connection);
}

/* Nothing else uses it any more. */
void
sse_nats_link_free (SseNatsLink *self)
{
  jsCtx_Destroy (self->jetstream);
  if (self->connection != NULL)
    close_connection (self);
  pthread_cond_destroy (&self->changed);
  pthread_mutex_destroy (&self->lock);
  g_free (self->stream);
  g_free (self->subjects);
  g_free (self->state_stream);
  g_free (self->epoch_subject);
  g_free (self->update_subject);
  g_free (self->due_subject);
  g_free (self);
}
