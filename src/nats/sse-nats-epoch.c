/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-nats"

/* The epoch is one message in the stream beside the log, "NAME CREATED". A node that finds that the
 * log was made anew or has lost something replaces it, if it is still the one that it read: so one
 * of several that find out is the first, and the others take what it wrote. */

#include "config.h"

#include "sse-nats-epoch.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "sse-nats-checkpoint.h"
#include "sse-nats-streams.h"

#define NAME_DIGITS 16
/* So often somebody else may be quicker. */
#define MAX_ATTEMPTS 20
/* So often, and with so many ms in between, a loss has to be found: a server that has just come
 * back may not know yet that others have gone on without it. */
#define MAX_DOUBTS 5
#define DOUBT_MS   500

#define LOST "has lost what this node had of it"

void
sse_nats_epoch_clear (SseNatsEpoch *self)
{
  g_clear_pointer (&self->name, g_free);
}

/* It is a part of the ids that clients are sent: nothing else may get there. */
static gboolean
is_name (const char *text)
{
  return strlen (text) == NAME_DIGITS && strspn (text, "0123456789abcdef") == NAME_DIGITS;
}

/**
 * sse_nats_epoch_parse:
 * @text: "NAME CREATED"
 * @epoch: (inout): gets both
 *
 * Returns: whether that is an epoch; @epoch stays as it was where it is none
 */
gboolean
sse_nats_epoch_parse (const char *text, SseNatsEpoch *epoch)
{
  g_auto (GStrv) words = g_strsplit (text, " ", 2);
  gint64 created;

  if (g_strv_length (words) != 2 || !is_name (words[0])
      || !g_ascii_string_to_signed (words[1], 10, 0, G_MAXINT64, &created, NULL))
    return FALSE;
  epoch->name = g_strdup (words[0]);
  epoch->created = created;
  return TRUE;
}

/* @epoch: (out): what nodes have agreed on; without a name where that is nothing, and without a
 * sequence where nothing is there */
static gboolean
ask (SseNatsLink *link, SseNatsEpoch *epoch, GError **error)
{
  g_autofree char *text = NULL;
  natsMsg *message = NULL;
  jsErrCode code = 0;
  natsStatus status = js_GetLastMsg (&message, link->jetstream, link->state_stream,
                                     link->epoch_subject, NULL, &code);

  *epoch = (SseNatsEpoch){ 0 };
  if (status != NATS_OK && (code == JSNoMessageFoundErr || code == JSStreamNotFoundErr))
    return TRUE;
  if (!sse_nats_fail (status, code, _ ("the log's epoch"), error))
    return FALSE;
  epoch->sequence = natsMsg_GetSequence (message);
  text = g_strndup (natsMsg_GetData (message), (gsize) natsMsg_GetDataLength (message));
  if (!sse_nats_epoch_parse (text, epoch))
    g_warning ("what is at %s is no epoch", link->epoch_subject);
  natsMsg_Destroy (message);
  return TRUE;
}

/* Whether @epoch was replaced. FALSE without an error: somebody else was quicker. */
static gboolean
replace (SseNatsLink *link, SseNatsEpoch *epoch, const char *name, gint64 created, GError **error)
{
  g_autofree char *text = g_strdup_printf ("%s %" G_GINT64_FORMAT, name, created);
  jsPubOptions options;
  jsPubAck *ack = NULL;
  jsErrCode code = 0;
  natsStatus status;

  jsPubOptions_Init (&options);
  options.ExpectLastSubjectSeq = epoch->sequence;
  options.ExpectNoMessage = epoch->sequence == 0;
  status = js_Publish (&ack, link->jetstream, link->epoch_subject, text, (int) strlen (text),
                       &options, &code);
  if (status != NATS_OK && code == JSStreamWrongLastSequenceErr)
    return FALSE;
  if (!sse_nats_fail (status, code, _ ("agreeing on an epoch"), error))
    return FALSE;
  sse_nats_epoch_clear (epoch);
  *epoch = (SseNatsEpoch){ g_strdup (name), created, ack->Sequence };
  jsPubAck_Destroy (ack);
  return TRUE;
}

/**
 * sse_nats_epoch_keep:
 * @name: of the epoch that this node is in
 * @created: of the stream that this one is of
 * @extent: what that is now
 * @epoch: (out): what nodes have agreed on
 * @error: %SSE_NATS_ERROR
 *
 * Asks the servers, and waits. Where the stream beside the log is gone, it is made again: nothing
 * is lost as long as a node is left that knows the epoch, and the state. A note says that a
 * checkpoint of that is wanted.
 */
gboolean
sse_nats_epoch_keep (SseNatsLink *link,
                     const char *name,
                     gint64 created,
                     const SseNatsExtent *extent,
                     SseNatsEpoch *epoch,
                     GError **error)
{
  g_autoptr (GError) local = NULL;

  if (!ask (link, epoch, error))
    return FALSE;
  if (epoch->sequence > 0 || created != extent->created)
    return TRUE;
  if (!sse_nats_streams_have_state (link, error))
    return FALSE;
  if (!replace (link, epoch, name, created, &local) && local != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  g_warning ("the stream %s was removed or emptied: it has the epoch again, and gets a checkpoint",
             link->state_stream);
  sse_nats_note_post (sse_nats_note_new (SSE_NATS_NOTE_WANTED), link->notes);
  return epoch->sequence > 0 || ask (link, epoch, error);
}

/* @loss: (out): why the stream is not what the epoch is of, or not what this node has had of it;
 * %NULL where it is */
static gboolean
find_loss (SseNatsLink *link,
           const SseNatsEpoch *epoch,
           const SseNatsExtent *extent,
           const SseNatsPlace *known,
           const char **loss,
           GError **error)
{
  SseNatsFound found = SSE_NATS_FOUND_SAME;

  *loss = NULL;
  if (epoch->name == NULL)
    return TRUE;
  if (epoch->created != extent->created)
    *loss = "was made anew";
  else if (g_strcmp0 (known->epoch, epoch->name) != 0)
    return TRUE;
  else if (known->sequence > extent->last)
    *loss = LOST;
  else if ((found = sse_nats_link_find (link, known->sequence, known->id, error))
           == SSE_NATS_FOUND_OTHER)
    *loss = LOST;
  return found != SSE_NATS_FOUND_UNKNOWN;
}

/* A server that was cut off from the others answers for a while as if nothing had been since. What
 * it is asked to keep it can't: so whoever says that it did knows all that was agreed on before. */
static gboolean
ask_for_quorum (SseNatsLink *link, GError **error)
{
  g_autofree char *subject = g_strdup_printf ("%s.state.sync", link->stream);
  jsErrCode code = 0;
  natsStatus status = js_Publish (NULL, link->jetstream, subject, NULL, 0, NULL, &code);

  return sse_nats_fail (status, code, _ ("writing to the stream beside the log"), error);
}

/* A node that can't begin leaves the epoch as it is: others go on with it. */
static gboolean
can_begin (SseNatsLink *link, const SseNatsExtent *extent, GError **error)
{
  g_autoptr (SseNatsCheckpoint) checkpoint = NULL;
  g_autoptr (GVariant) states = NULL;

  return sse_nats_checkpoint_load (link, extent->first, &checkpoint, &states, error);
}

/**
 * sse_nats_epoch_agree:
 * @known: where this node was
 * @epoch: (out): the one that counts now
 * @extent: (out): of the stream of updates
 * @error: %SSE_NATS_ERROR_AWAY; %SSE_NATS_ERROR_LOST as of sse_nats_checkpoint_load()
 *
 * Finds the epoch, and replaces it where the stream is not what it was. Waits for the servers.
 */
gboolean
sse_nats_epoch_agree (SseNatsLink *link,
                      const SseNatsPlace *known,
                      SseNatsEpoch *epoch,
                      SseNatsExtent *extent,
                      GError **error)
{
  guint n_doubts = 0;

  if (!ask_for_quorum (link, error))
    return FALSE;
  for (guint i = 0; i < MAX_ATTEMPTS; i++)
    {
      g_autofree char *name = g_strdup_printf ("%08x%08x", g_random_int (), g_random_int ());
      g_autoptr (GError) local = NULL;
      const char *loss;

      sse_nats_epoch_clear (epoch);
      if (!sse_nats_link_ask_extent (link, extent, error) || !ask (link, epoch, error)
          || !find_loss (link, epoch, extent, known, &loss, error))
        return FALSE;
      if (epoch->name != NULL && loss == NULL)
        return TRUE;
      if (loss != NULL && ++n_doubts < MAX_DOUBTS)
        {
          nats_Sleep (DOUBT_MS);
          continue;
        }
      if (!can_begin (link, extent, error))
        return FALSE;
      if (loss != NULL)
        g_warning ("the stream %s %s: all clients start afresh", link->stream, loss);
      if (replace (link, epoch, name, extent->created, &local))
        return TRUE;
      if (local != NULL)
        {
          g_propagate_error (error, g_steal_pointer (&local));
          return FALSE;
        }
    }
  g_set_error (error, SSE_NATS_ERROR, SSE_NATS_ERROR_AWAY,
               _ ("NATS: the nodes do not agree on an epoch; is one of them at another stream?"));
  return FALSE;
}
