/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-nats"

/* The log's other half: what its threads tell. */

#include "config.h"

#include <glib-unix.h>

#include "sse-journal.h"
#include "sse-nats-log-private.h"

static void
set_error (SseNatsLog *self, const char *message)
{
  g_autofree char *last = g_strdup_printf ("%" G_GUINT64_FORMAT, self->position);
  const SseJournalField position[] = { { "SSE_POSITION", last }, { NULL, NULL } };

  if (message == NULL && self->error == NULL)
    return;
  if (message == NULL)
    sse_journal (G_LOG_LEVEL_MESSAGE, SSE_JOURNAL_STORE_RECOVERED, position,
                 "the store is well again");
  else if (self->error == NULL)
    sse_journal (G_LOG_LEVEL_WARNING, SSE_JOURNAL_STORE_FAILED, position,
                 "the store failed: %s; updates are refused until it is well again", message);
  g_free (self->error);
  self->error = g_strdup (message);
  sse_log_emit_changed (SSE_LOG (self));
}

/* Updates, or what asks for a checkpoint. */
static void
take_unsent (SseNatsLog *self, const SseNatsNote *note)
{
  g_debug ("%s was not taken: %s", note->id, note->error->message);
  if (!sse_nats_waiting_mark_unsent (self->waiting, note->id))
    {
      sse_nats_dues_forget_question (self->dues, note->id);
      return;
    }
  g_free (self->unsent);
  self->unsent = g_strdup (note->error->message);
}

static void
take_illness (SseNatsLog *self, const GError *error)
{
  if (!self->lost)
    set_error (self, error->message);
}

static void
take_loss (SseNatsLog *self, const SseNatsNote *note)
{
  if (self->lost)
    return;
  self->lost = TRUE;
  sse_nats_mark_lose (self->mark, note->sequence, note->id);
  set_error (self, note->error->message);
  sse_log_emit_lost (SSE_LOG (self), note->error);
}

/* Another node's checkpoint counts, not this one's state. */
static void
take_difference (SseNatsLog *self, const SseNatsNote *note)
{
  g_autofree char *why
      = g_strdup_printf ("its state is not what another node has at %" G_GUINT64_FORMAT
                         ": its plugin is of another version, or does not always make the same of "
                         "the same updates",
                         note->sequence);

  sse_nats_dues_keep_out (self->dues);
  sse_log_emit_differs (SSE_LOG (self), note->error->message, why);
}

/* @n: or more: an array that grows moves what it has each time. */
static GPtrArray *
new_updates (guint n)
{
  return g_ptr_array_new_full (n, (GDestroyNotify) sse_update_unref);
}

/* Tells of what was read, which is empty then. */
static void
tell_committed (SseNatsLog *self, GPtrArray **updates)
{
  g_autoptr (GPtrArray) told = NULL;

  if ((*updates)->len == 0)
    return;
  told = g_steal_pointer (updates);
  *updates = new_updates (0);
  self->told = sse_update_get_position (told->pdata[told->len - 1]);
  sse_log_emit_committed (SSE_LOG (self), told);
}

#define LATE                                                                                       \
  "it came to the servers long after it was published: one of them held it up, or the clocks of "  \
  "a node and of a server differ"

/* None but nodes publish there, so it is told. */
void
sse_nats_log_tell_passed_over (guint64 position, gboolean late)
{
  if (late)
    g_warning ("what is at %" G_GUINT64_FORMAT " is passed over: " LATE, position);
  else
    g_warning ("what is at %" G_GUINT64_FORMAT " of the log is no update", position);
}

static void
pass_over (SseNatsLog *self, guint64 position, gboolean late)
{
  sse_nats_log_tell_passed_over (position, late);
  if (!late)
    return;
  g_free (self->unsent);
  self->unsent = g_strdup (LATE);
}

/* Who published them here waits for the very objects. Where nobody waits any more, they are as
 * another node's. %NULL is for what is no update, as it is for all nodes. */
static SseUpdate *
take_update (SseNatsNote *note, guint place, GPtrArray *own)
{
  SseUpdate *read = note->updates->pdata[place];
  SseUpdate *update = own != NULL ? own->pdata[place] : read;

  if (read == NULL || !sse_update_parse (update, NULL))
    return NULL;
  if (own != NULL)
    sse_update_set_position (update, sse_update_get_position (read));
  return sse_update_ref (update);
}

/* Adds to @updates those of a message. */
static void
take_updates (SseNatsLog *self, SseNatsNote *note, GPtrArray *updates)
{
  guint n = note->updates != NULL ? note->updates->len : 0;
  g_autoptr (GPtrArray) own = n > 0 ? sse_nats_waiting_take (self->waiting, note->id, n) : NULL;
  guint before = updates->len;

  if (own != NULL)
    g_clear_pointer (&self->unsent, g_free);
  if (n == 0)
    pass_over (self, note->position, note->late);
  for (guint i = 0; i < n; i++)
    {
      SseUpdate *update = take_update (note, i, own);

      if (update == NULL)
        {
          pass_over (self, sse_nats_position (note->sequence, i), FALSE);
          continue;
        }
      sse_nats_dues_count (self->dues, note->sequence, sse_update_get_stream (update));
      g_ptr_array_add (updates, update);
    }
  if (updates->len == before)
    sse_nats_mark_set_applied (self->mark, note->position);
}

/* The log was read up to there. */
void
sse_nats_log_take_message (SseNatsLog *self, const SseNatsNote *note)
{
  self->sequence = note->sequence;
  self->position = note->position;
  self->end = MAX (self->end, self->sequence);
}

/* Whether it is of a log that this node has not applied. */
static gboolean
is_of_another (SseNatsLog *self, const SseNatsNote *note)
{
  return self->lost
         && (note->type == SSE_NATS_NOTE_UPDATES || note->type == SSE_NATS_NOTE_DUE
             || note->type == SSE_NATS_NOTE_WELL);
}

/* How many updates a message has is known when it is read. */
static guint64
get_end_position (const SseNatsLog *self)
{
  return self->end > self->sequence ? sse_nats_position (self->end, SSE_NATS_MAX_UPDATES - 1)
                                    : self->position;
}

/* What was read before a note is told before what comes of the note: the hub takes the log's
 * position for what it was told. */
static void
on_note (SseNatsLog *self, SseNatsNote *note, GPtrArray **updates)
{
  switch (note->type)
    {
    case SSE_NATS_NOTE_UPDATES:
      sse_nats_log_take_message (self, note);
      take_updates (self, note, *updates);
      break;
    case SSE_NATS_NOTE_DUE:
      sse_nats_log_take_message (self, note);
      tell_committed (self, updates);
      if (sse_nats_dues_take (self->dues, note, self->told))
        sse_log_emit_due (SSE_LOG (self), self->told, TRUE);
      break;
    case SSE_NATS_NOTE_NODE:
      sse_nats_nodes_hear (self->nodes, g_steal_pointer (&note->node), note->position);
      break;
    case SSE_NATS_NOTE_DIFFERS:
      take_difference (self, note);
      break;
    case SSE_NATS_NOTE_LACKS:
      sse_nats_dues_lack (self->dues, note->error->message);
      break;
    case SSE_NATS_NOTE_WANTED:
      sse_nats_dues_want (self->dues);
      break;
    case SSE_NATS_NOTE_UNSENT:
      take_unsent (self, note);
      break;
    /* What was under way when the connection broke may not have come there; what is published
     * from now on comes behind it. */
    case SSE_NATS_NOTE_CUT:
      tell_committed (self, updates);
      take_illness (self, note->error);
      sse_nats_waiting_mark_all_unsent (self->waiting);
      break;
    case SSE_NATS_NOTE_CONNECTED:
      self->link->max_payload = note->max_payload;
      sse_nats_waiting_limit (self->waiting, sse_nats_link_get_max_bytes (self->link));
      sse_nats_waiting_mark_all_unsent (self->waiting);
      sse_nats_follower_ask (self->follower, TRUE);
      break;
    case SSE_NATS_NOTE_WELL:
      tell_committed (self, updates);
      self->end = MAX (self->end, note->end);
      set_error (self, NULL);
      sse_log_emit_end (SSE_LOG (self), get_end_position (self));
      break;
    case SSE_NATS_NOTE_ILL:
      tell_committed (self, updates);
      take_illness (self, note->error);
      break;
    case SSE_NATS_NOTE_LOST:
      tell_committed (self, updates);
      take_loss (self, note);
      break;
    case SSE_NATS_NOTE_PONG:
      self->pong (self->pong_data);
      break;
    default:
      g_return_if_reached ();
    }
}

static void
take_notes (SseNatsLog *self)
{
  g_autoptr (GPtrArray) updates = NULL;
  SseMailList notes = { 0 };
  SseMail *mail;

  sse_mailbox_take (&self->notes, &notes);
  updates = new_updates (notes.length);
  while ((mail = sse_mail_list_pop (&notes)) != NULL)
    {
      if (!is_of_another (self, (SseNatsNote *) mail))
        on_note (self, (SseNatsNote *) mail, &updates);
      sse_nats_note_free ((SseNatsNote *) mail);
    }
  tell_committed (self, &updates);
  sse_nats_dues_ask (self->dues);
}

static gboolean
on_notes (int fd, GIOCondition condition, gpointer user_data)
{
  g_autoptr (SseNatsLog) self = g_object_ref (SSE_NATS_LOG (user_data));

  take_notes (self);
  return G_SOURCE_CONTINUE;
}

/* Has what the threads tell taken in the main context. */
void
sse_nats_log_add_teller (SseNatsLog *self)
{
  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();

  self->teller = g_unix_fd_source_new (self->notes.event_fd, G_IO_IN);
  g_source_set_static_name (self->teller, "NATS log's teller");
  g_source_set_callback (self->teller, G_SOURCE_FUNC (on_notes), self, NULL);
  g_source_attach (self->teller, context);
}
