/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-nats"

/* The log's beginning: the newest checkpoint, and what the stream has behind it. */

#include "config.h"

#include <glib/gi18n-lib.h>
#include <inttypes.h>
#include <poll.h>

#include "sse-nats-log-private.h"

/* So often, and so far apart, in ms, another message has to be found in the place of one. */
#define MAX_DOUBTS 5
#define DOUBT_MS   500

/* The start goes on when the stream can be read again. */
static void
take_illness (SseNatsLog *self, const GError *error)
{
  if (self->error == NULL)
    g_message ("reading the log, at %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT
               ", has to wait: %s",
               self->sequence, self->end, error->message);
  g_free (self->error);
  self->error = g_strdup (error->message);
}

static void
load_updates (SseNatsLog *self,
              const SseNatsNote *note,
              const SseLogLoader *loader,
              gpointer user_data)
{
  if (note->updates == NULL)
    sse_nats_log_tell_passed_over (note->position, note->late);
  for (guint i = 0; note->updates != NULL && i < note->updates->len; i++)
    {
      SseUpdate *update = note->updates->pdata[i];

      if (update != NULL)
        loader->update (
            update,
            sse_nats_dues_count (self->dues, note->sequence, sse_update_get_stream (update)),
            user_data);
      else
        sse_nats_log_tell_passed_over (sse_nats_position (note->sequence, i), FALSE);
    }
}

/* Gives what was read; FALSE where the stream was lost meanwhile. */
static gboolean
load_note (SseNatsLog *self,
           SseNatsNote *note,
           const SseLogLoader *loader,
           gpointer user_data,
           GError **error)
{
  switch (note->type)
    {
    case SSE_NATS_NOTE_LOST:
      g_propagate_error (error, g_steal_pointer (&note->error));
      return FALSE;
    case SSE_NATS_NOTE_ILL:
      take_illness (self, note->error);
      break;
    case SSE_NATS_NOTE_WELL:
      g_clear_pointer (&self->error, g_free);
      break;
    case SSE_NATS_NOTE_DUE:
      sse_nats_log_take_message (self, note);
      sse_nats_dues_note (self->dues, note->sequence);
      break;
    case SSE_NATS_NOTE_UPDATES:
      sse_nats_log_take_message (self, note);
      load_updates (self, note, loader, user_data);
      break;
    default:
      break;
    }
  return TRUE;
}

static gboolean
load_notes (SseNatsLog *self, const SseLogLoader *loader, gpointer user_data, GError **error)
{
  SseMailList notes = { 0 };
  SseNatsNote *note;
  gboolean ok = TRUE;

  sse_mailbox_take (&self->notes, &notes);
  while ((note = (SseNatsNote *) sse_mail_list_pop (&notes)) != NULL)
    {
      ok = ok && load_note (self, note, loader, user_data, error);
      sse_nats_note_free (note);
    }
  sse_nats_mark_set_applied (self->mark, self->position);
  return ok;
}

/* Whether the last of what was read is what the stream has, as servers may be of different minds:
 * no client was told of it yet, so it is for this node alone that it can't begin. Where nobody
 * answers, it is found out later. */
static gboolean
check_minds (SseNatsLog *self, const SseLogLoader *loader, gpointer user_data, GError **error)
{
  g_autoptr (GError) local = NULL;
  SseNatsReview review = { 0 };
  SseNatsFound found;

  sse_nats_review_begin (&review, 1);
  for (guint i = 0; i < MAX_DOUBTS; i++)
    {
      g_clear_error (&local);
      found = sse_nats_follower_check (self->follower, &review, &local);
      if (found != SSE_NATS_FOUND_OTHER && found != SSE_NATS_FOUND_UNKNOWN)
        return TRUE;
      nats_Sleep (DOUBT_MS);
      if (!load_notes (self, loader, user_data, error))
        return FALSE;
    }
  if (review.other.sequence == 0)
    {
      g_message ("whether the stream %s is what was read is not known yet: %s", self->link->stream,
                 local->message);
      return TRUE;
    }
  g_set_error (
      error, SSE_NATS_ERROR, SSE_NATS_ERROR_LOST,
      _ ("the stream %s has another message at %" PRIu64 " than this node was given; if that "
         "stays so, stop the servers that do not lead it, one after the other, remove what "
         "each stored, and start it"),
      self->link->stream, review.other.sequence);
  return FALSE;
}

/* Reads up to where the stream ended when the epoch was agreed on. */
static gboolean
load_stream (SseNatsLog *self, const SseLogLoader *loader, gpointer user_data, GError **error)
{
  while (self->sequence < self->end)
    {
      struct pollfd readable = { .fd = self->notes.event_fd, .events = POLLIN };

      poll (&readable, 1, -1);
      if (!load_notes (self, loader, user_data, error))
        return FALSE;
    }
  return check_minds (self, loader, user_data, error);
}

/* Gives what this node begins with. */
static void
load_checkpoint (SseNatsLog *self, const SseLogLoader *loader, gpointer user_data)
{
  g_autoptr (SseNatsCheckpoint) checkpoint = g_steal_pointer (&self->checkpoint);
  g_autoptr (GVariant) states = g_steal_pointer (&self->states);

  for (guint i = 0; checkpoint != NULL && i < checkpoint->parts->len; i++)
    {
      const SseNatsPart *part = g_ptr_array_index (checkpoint->parts, i);
      g_autoptr (GVariant) boxed = g_variant_get_child_value (states, i);
      g_autoptr (GVariant) state = g_variant_get_variant (boxed);

      sse_nats_dues_meet (self->dues, part->stream);
      loader->part (part->stream, sse_nats_position (checkpoint->sequence, 0), state, user_data);
    }
  if (checkpoint != NULL)
    self->sequence = checkpoint->sequence;
  self->position = sse_nats_position (self->sequence, 0);
  sse_nats_dues_note (self->dues, self->sequence);
  self->end = MAX (self->end, self->sequence);
}

gboolean
sse_nats_log_load (SseLog *log, const SseLogLoader *loader, gpointer user_data, GError **error)
{
  SseNatsLog *self = SSE_NATS_LOG (log);
  SseMailbox *inbox;

  for (const char *const *stream = loader->streams; *stream != NULL; stream++)
    sse_nats_dues_add_stream (self->dues, *stream);
  load_checkpoint (self, loader, user_data);
  if (!sse_nats_mark_begin (self->mark, self->epoch.name, self->sequence, error))
    return FALSE;
  for (const char *const *stream = loader->streams; *stream != NULL; stream++)
    loader->begin_events (*stream, self->position, user_data);
  self->saver = sse_nats_saver_new (self->link, error);
  if (self->saver == NULL)
    return FALSE;
  self->publisher = sse_nats_publisher_new (self->link, error);
  if (self->publisher == NULL)
    return FALSE;
  inbox = sse_nats_publisher_get_inbox (self->publisher);
  self->waiting
      = sse_nats_waiting_new (inbox, self->deadline_ms, sse_nats_link_get_max_bytes (self->link));
  sse_nats_dues_start (self->dues, inbox, self->saver);
  self->presence = sse_nats_presence_new (self->link, self->node, error);
  if (self->presence == NULL)
    return FALSE;
  self->follower = sse_nats_follower_new (self->link, self->mark, self->presence, &self->epoch,
                                          self->sequence, error);
  if (self->follower == NULL || !load_stream (self, loader, user_data, error))
    return FALSE;
  sse_nats_mark_serve (self->mark);
  g_clear_pointer (&self->error, g_free);
  self->told = self->position;
  sse_nats_log_add_teller (self);
  return TRUE;
}
