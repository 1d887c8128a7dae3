/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-nats"

#include "config.h"

#include "sse-nats-dues.h"

#include "sse-nats-message.h"
#include "sse-nats-tail.h"

/* After one that was refused, in µs: there may be no leader, or the one that was first is not read
 * yet. */
#define PAUSE G_USEC_PER_SEC

struct _SseNatsDues
{
  guint64 span; /* of updates, between two */
  SseMailbox *publisher;
  SseNatsSaver *saver;
  GHashTable *streams; /* names of those that run here */
  guint64 last;        /* the message that asked for one last, by its sequence number */
  guint64 n_updates;   /* since that */
  SseNatsTail *tail;
  gboolean wanted;    /* whether it is time for one, however few updates there were since */
  gboolean keeps_out; /* whether this node writes none, as its states are not those of others */

  gboolean asked;  /* whether this node did, and has no answer yet */
  guint64 n_asked; /* updates since the last one when it did */
  char asked_id[SSE_NATS_ID_BYTES];
  gint64 not_before; /* when it may ask again, monotonic, µs */

  guint64 due;   /* the message for which the states were not given yet; 0 for none */
  guint64 after; /* the position that they have to have, at least */
  guint64 kept;  /* the first message that stays in the log behind it; 0 for all */
  char due_id[SSE_NATS_ID_BYTES];
  gboolean ours; /* whether it is this node's to write */
};

/* Says that the message with that sequence number asked for one. */
void
sse_nats_dues_note (SseNatsDues *self, guint64 sequence)
{
  self->last = sequence;
  self->n_updates = 0;
  self->asked = FALSE;
}

/* One is wanted, whatever there is to be in it. */
void
sse_nats_dues_want (SseNatsDues *self)
{
  self->wanted = TRUE;
}

static gboolean
is_time (const SseNatsDues *self)
{
  if (self->wanted && !self->asked && (self->last > 0 || self->n_updates > 0))
    return TRUE;
  return self->n_updates >= (self->asked ? self->n_asked : 0) + self->span;
}

/**
 * sse_nats_dues_ask:
 *
 * Asks for one where it is time. Of several nodes that do, one is the first. What was asked may be
 * lost; then it is asked again.
 */
void
sse_nats_dues_ask (SseNatsDues *self)
{
  SseMailList jobs = { 0 };
  SseNatsJob *job;

  if (self->keeps_out || !is_time (self) || g_get_monotonic_time () < self->not_before)
    return;
  self->asked = TRUE;
  self->n_asked = self->n_updates;
  sse_nats_message_new_id (self->asked_id);
  job = g_new0 (SseNatsJob, 1);
  job->type = SSE_NATS_JOB_DUE;
  job->after = self->last;
  g_strlcpy (job->id, self->asked_id, sizeof job->id);
  sse_mail_list_push (&jobs, &job->mail);
  sse_mailbox_post (self->publisher, &jobs);
}

/* What was asked as @id was refused: another node was first, or nobody answers. */
void
sse_nats_dues_forget_question (SseNatsDues *self, const char *id)
{
  if (!g_str_equal (id, self->asked_id))
    return;
  self->asked = FALSE;
  self->not_before = g_get_monotonic_time () + PAUSE;
}

/**
 * sse_nats_dues_take:
 * @note: a DUE
 * @after: the position of the last update before it
 *
 * Returns: whether the states are wanted, as they are just there. Where those for the one before
 *   were not given yet, this one is left out
 */
gboolean
sse_nats_dues_take (SseNatsDues *self, const SseNatsNote *note, guint64 after)
{
  gboolean ours = self->asked && g_str_equal (note->id, self->asked_id);

  sse_nats_dues_note (self, note->sequence);
  self->wanted = FALSE;
  if (self->due > 0)
    return FALSE;
  self->due = note->sequence;
  self->after = after;
  self->kept = sse_nats_tail_get_first (self->tail, g_get_monotonic_time ());
  self->ours = ours && !self->keeps_out;
  g_strlcpy (self->due_id, note->id, sizeof self->due_id);
  return TRUE;
}

/* Whether one that runs here, or did, is in @parts. */
static gboolean
has_part (GArray *parts, const char *stream)
{
  for (guint i = 0; i < parts->len; i++)
    if (g_str_equal (stream, g_array_index (parts, SseLogPart, i).stream))
      return TRUE;
  return FALSE;
}

/* One that was disabled would be lost to all. */
static void
check_parts (SseNatsDues *self, GArray *parts)
{
  GHashTableIter iter;
  gpointer stream;

  g_hash_table_iter_init (&iter, self->streams);
  while (g_hash_table_iter_next (&iter, &stream, NULL))
    if (!has_part (parts, stream))
      sse_nats_dues_lack (self, stream);
}

/**
 * sse_nats_dues_save:
 * @position: of the last update in the states
 * @parts: (element-type SseLogPart): all sources' states
 */
void
sse_nats_dues_save (SseNatsDues *self, guint64 position, GArray *parts)
{
  /* At the end of all, they may be of before. */
  if (self->due == 0 || position < self->after)
    return;
  check_parts (self, parts);
  sse_nats_saver_post (self->saver, self->due_id, self->due, self->kept, parts,
                       self->ours && !self->keeps_out);
  self->due = 0;
}

/* This node's states are not those of others: it writes none any more. */
void
sse_nats_dues_keep_out (SseNatsDues *self)
{
  if (!self->keeps_out)
    g_warning ("this node writes no checkpoints until it is started again");
  self->keeps_out = TRUE;
}

/* Other nodes have a state of @stream, and this one has none: it writes no checkpoints any more, in
 * which that would be lost to all. */
void
sse_nats_dues_lack (SseNatsDues *self, const char *stream)
{
  if (!self->keeps_out)
    g_warning ("there is no plugin that works for %s, of which other nodes have a state: this "
               "node writes no checkpoints",
               stream);
  self->keeps_out = TRUE;
}

/**
 * sse_nats_dues_count:
 * @sequence: of the message that has it
 * @stream: of an update in the log
 *
 * Returns: as sse_nats_dues_meet()
 */
gboolean
sse_nats_dues_count (SseNatsDues *self, guint64 sequence, const char *stream)
{
  self->n_updates++;
  sse_nats_tail_add (self->tail, sequence, g_get_monotonic_time ());
  return sse_nats_dues_meet (self, stream);
}

/**
 * sse_nats_dues_meet:
 * @stream: of an update in the log, or of a part of a checkpoint
 *
 * Returns: whether it runs here; see sse_nats_dues_lack() where it does not
 */
gboolean
sse_nats_dues_meet (SseNatsDues *self, const char *stream)
{
  if (g_hash_table_contains (self->streams, stream))
    return TRUE;
  sse_nats_dues_lack (self, stream);
  return FALSE;
}

/* Adds one that runs here. */
void
sse_nats_dues_add_stream (SseNatsDues *self, const char *stream)
{
  g_hash_table_add (self->streams, g_strdup (stream));
}

/**
 * sse_nats_dues_start:
 * @publisher: the inbox of what asks for checkpoints; outlives it
 * @saver: takes them; outlives it
 */
void
sse_nats_dues_start (SseNatsDues *self, SseMailbox *publisher, SseNatsSaver *saver)
{
  self->publisher = publisher;
  self->saver = saver;
}

/**
 * sse_nats_dues_new:
 * @span: of updates, between two checkpoints
 * @retain: how many updates stay in the log behind one
 * @retain_us: for how long they stay there, in µs
 */
SseNatsDues *
sse_nats_dues_new (guint64 span, guint64 retain, gint64 retain_us)
{
  SseNatsDues *self = g_new0 (SseNatsDues, 1);

  self->span = span;
  self->tail = sse_nats_tail_new (retain, retain_us, g_get_monotonic_time ());
  self->streams = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return self;
}

void
sse_nats_dues_free (SseNatsDues *self)
{
  g_hash_table_unref (self->streams);
  sse_nats_tail_free (self->tail);
  g_free (self);
}
