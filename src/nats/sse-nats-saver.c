/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-nats"

/* Writes checkpoints, in a thread of its own, and trims the log behind them; or holds what another
 * node wrote against what this one has. */

#include "config.h"

#include "sse-nats-saver.h"

#include <poll.h>

#include "sse-thread.h"

/* For another node to write its checkpoint, in ms, looked for so often. */
#define LOOK_MS   500
#define MAX_LOOKS 60

typedef struct
{
  SseMail mail;
  char id[SSE_NATS_ID_BYTES];
  guint64 sequence;
  guint64 kept;
  GArray *parts; /* of SseLogPart; NULL: stop */
  gboolean ours;
} Job;

struct _SseNatsSaver
{
  SseNatsLink *link;
  SseMailbox inbox;
  pthread_t thread;
};

static void
job_free (Job *job)
{
  g_clear_pointer (&job->parts, g_array_unref);
  g_free (job);
}

/* What a checkpoint covers leaves the log, but for the newest, from @kept on, and for what is
 * behind the checkpoint before, at @before: a node may just have begun with that. */
static void
trim (SseNatsSaver *self, guint64 kept, guint64 before)
{
  jsOptions options;
  jsErrCode code = 0;
  natsStatus status;

  if (kept == 0 || before == 0)
    return;
  jsOptions_Init (&options);
  options.Stream.Purge.Sequence = MIN (kept, before);
  status = js_PurgeStream (self->link->jetstream, self->link->stream, &options, &code);
  if (status != NATS_OK)
    g_info ("NATS: the stream %s was not trimmed: %s", self->link->stream,
            natsStatus_GetText (status));
}

static void
save (SseNatsSaver *self, const SseNatsCheckpoint *checkpoint, guint64 kept, GBytes *states)
{
  g_autoptr (GError) error = NULL;
  guint64 before;

  if (!sse_nats_checkpoint_write (checkpoint, self->link, states, &before, &error))
    {
      g_message ("no checkpoint was written, the next one will be: %s", error->message);
      return;
    }
  g_debug ("the checkpoint at %" G_GUINT64_FORMAT " is written", checkpoint->sequence);
  trim (self, kept, before);
}

static void
tell (SseNatsSaver *self, SseNatsNoteType type, const char *stream, guint64 sequence)
{
  SseNatsNote *note = sse_nats_note_new (type);

  note->sequence = sequence;
  note->error = g_error_new (SSE_NATS_ERROR, SSE_NATS_ERROR_LOST, "%s", stream);
  sse_nats_note_post (note, self->link->notes);
}

/* A node that lacks a plugin may be the first that writes one: those that have it write another,
 * and it finds that it lacks it. */
static void
compare_streams (SseNatsSaver *self, const SseNatsCheckpoint *ours, const SseNatsCheckpoint *theirs)
{
  const char *lacking = sse_nats_checkpoint_find_missing (theirs, ours);
  const char *missing = sse_nats_checkpoint_find_missing (ours, theirs);

  if (lacking != NULL)
    tell (self, SSE_NATS_NOTE_LACKS, lacking, ours->sequence);
  if (missing == NULL)
    return;
  g_message ("another node's checkpoint at %" G_GUINT64_FORMAT " has no state of %s: another one "
             "is asked for",
             ours->sequence, missing);
  tell (self, SSE_NATS_NOTE_WANTED, missing, ours->sequence);
}

/* Whether what another node wrote could be looked at. */
static gboolean
compare_now (SseNatsSaver *self, const SseNatsCheckpoint *ours)
{
  g_autoptr (SseNatsCheckpoint) theirs = NULL;
  g_autoptr (GPtrArray) differing = NULL;

  if (!sse_nats_checkpoint_ask (self->link, &theirs, NULL) || theirs == NULL
      || theirs->sequence < ours->sequence)
    return FALSE;
  if (theirs->sequence > ours->sequence)
    return TRUE;
  differing = sse_nats_checkpoint_differ (ours, theirs);
  for (guint i = 0; i < differing->len; i++)
    tell (self, SSE_NATS_NOTE_DIFFERS, differing->pdata[i], ours->sequence);
  compare_streams (self, ours, theirs);
  return TRUE;
}

/* Whether something else is to be done. */
static gboolean
wait_for_mail (SseNatsSaver *self, int milliseconds)
{
  struct pollfd readable = { .fd = self->inbox.event_fd, .events = POLLIN };

  return poll (&readable, 1, milliseconds) > 0;
}

static void
compare (SseNatsSaver *self, const SseNatsCheckpoint *ours)
{
  for (guint i = 0; i < MAX_LOOKS && !compare_now (self, ours); i++)
    if (wait_for_mail (self, LOOK_MS))
      return;
}

/* States are large: that they are put in bytes and summed up is not for the main thread. */
static void
do_job (SseNatsSaver *self, Job *job)
{
  g_autoptr (GBytes) states = NULL;
  g_autoptr (SseNatsCheckpoint) checkpoint
      = sse_nats_checkpoint_new (job->id, job->sequence, job->parts, &states);

  if (job->ours)
    save (self, checkpoint, job->kept, states);
  else
    compare (self, checkpoint);
}

static void *
saver_run (void *data)
{
  SseNatsSaver *self = data;
  SseMailList jobs = { 0 };
  gboolean goes_on = TRUE;

  pthread_setname_np (pthread_self (), "nats-saver");
  while (goes_on)
    {
      Job *job = (Job *) sse_mail_list_pop (&jobs);

      if (job == NULL)
        {
          wait_for_mail (self, -1);
          sse_mailbox_take (&self->inbox, &jobs);
          continue;
        }
      if (job->parts == NULL)
        goes_on = FALSE;
      else
        do_job (self, job);
      job_free (job);
    }
  return NULL;
}

static void
post (SseNatsSaver *self, Job *job)
{
  SseMailList jobs = { 0 };

  sse_mail_list_push (&jobs, &job->mail);
  sse_mailbox_post (&self->inbox, &jobs);
}

/**
 * sse_nats_saver_new:
 * @link: outlives it
 * @error: where there is no descriptor or thread to be had
 */
SseNatsSaver *
sse_nats_saver_new (SseNatsLink *link, GError **error)
{
  SseNatsSaver *self = g_new0 (SseNatsSaver, 1);

  self->link = link;
  if (sse_mailbox_init (&self->inbox, error))
    {
      if (sse_thread_start (&self->thread, saver_run, self, error))
        return self;
      sse_mailbox_clear (&self->inbox);
    }
  g_free (self);
  return NULL;
}

/**
 * sse_nats_saver_post:
 * @id: of the message that asked for a checkpoint
 * @sequence: of that
 * @kept: the first message that stays in the log once it is written; 0 for all
 * @parts: (element-type SseLogPart): this node's states there; not changed any more
 * @ours: whether they are to be written; else they are compared with what another node writes
 */
void
sse_nats_saver_post (SseNatsSaver *self,
                     const char *id,
                     guint64 sequence,
                     guint64 kept,
                     GArray *parts,
                     gboolean ours)
{
  Job *job = g_new0 (Job, 1);

  g_strlcpy (job->id, id, sizeof job->id);
  job->sequence = sequence;
  job->kept = kept;
  job->parts = g_array_ref (parts);
  job->ours = ours;
  post (self, job);
}

/* Lets it write what it has, and waits for its end. */
void
sse_nats_saver_free (SseNatsSaver *self)
{
  post (self, g_new0 (Job, 1));
  pthread_join (self->thread, NULL);
  sse_mailbox_clear (&self->inbox);
  g_free (self);
}
