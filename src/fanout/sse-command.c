/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-command.h"

#include <string.h>

/**
 * sse_command_new:
 * @user: (nullable): the user it is about
 *
 * Returns: (transfer full): a command that says no more than this
 */
SseCommand *
sse_command_new (SseCommandType type, guint channel, const char *user)
{
  gsize size = user != NULL ? strlen (user) + 1 : 0;
  SseCommand *self = g_malloc (sizeof (SseCommand) + size);

  *self = (SseCommand){
    .type = type,
    .channel = channel,
    .view = SSE_FANOUT_NO_VIEW,
    .fd = -1,
    .has_user = user != NULL,
  };
  if (user != NULL)
    memcpy (self->user, user, size);
  return self;
}

/**
 * sse_command_new_join:
 * @join: its descriptor is taken, all else copied
 *
 * Returns: (transfer full): the command
 */
SseCommand *
sse_command_new_join (const SseJoin *join)
{
  SseCommand *self = sse_command_new (SSE_COMMAND_JOIN, join->channel, join->user);

  self->fd = join->fd;
  self->chunked = join->chunked;
  self->personal = join->personal;
  self->expires = join->expires;
  self->ticket = join->ticket;
  self->n_frames = join->frames != NULL ? join->frames->len : 0;
  self->frames = g_new (SseFrame *, self->n_frames);
  for (guint i = 0; i < self->n_frames; i++)
    self->frames[i] = sse_frame_ref (g_ptr_array_index (join->frames, i));
  return self;
}

/* Frees a command that was carried out: a descriptor is somebody else's by then. */
void
sse_command_free (SseCommand *self)
{
  for (guint i = 0; i < self->n_frames; i++)
    sse_frame_unref (self->frames[i]);
  g_free (self->frames);
  g_clear_pointer (&self->frame, sse_frame_unref);
  g_free (self);
}

/**
 * sse_command_get_user:
 *
 * Returns: (nullable): the user it is about; %NULL for everyone
 */
const char *
sse_command_get_user (SseCommand *self)
{
  return self->has_user ? self->user : NULL;
}

/**
 * sse_left_note_new:
 *
 * Returns: (transfer full): the note, to be freed with g_free()
 */
SseLeftNote *
sse_left_note_new (
    guint worker, guint channel, const char *user, SseCloseReason reason, SseTicket *ticket)
{
  gsize size = strlen (user) + 1;
  SseLeftNote *self = g_malloc (sizeof (SseLeftNote) + size);

  self->mail.next = NULL;
  self->worker = worker;
  self->channel = channel;
  self->reason = reason;
  self->ticket = ticket;
  memcpy (self->user, user, size);
  return self;
}
