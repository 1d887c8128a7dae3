/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-command.h"

#include <string.h>

#include "sse-channel.h"
#include "sse-catch-up.h"

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

static void
set_frames (SseCommand *self, GPtrArray *frames)
{
  self->n_frames = frames != NULL ? frames->len : 0;
  self->frames = g_new (SseFrame *, self->n_frames);
  for (guint i = 0; i < self->n_frames; i++)
    self->frames[i] = sse_frame_ref (g_ptr_array_index (frames, i));
}

/**
 * sse_command_new_join:
 * @join: its descriptor and its ticket are taken, all else copied
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
  self->last_event_id = g_strdup (join->last_event_id);
  set_frames (self, join->frames);
  return self;
}

/**
 * sse_command_new_feed:
 * @frames: (element-type SseFrame): the slice
 * @last: whether the client is behind no more
 *
 * Returns: (transfer full): the command
 */
SseCommand *
sse_command_new_feed (SseCatchUp *catch_up, GPtrArray *frames, gboolean last)
{
  SseCommand *self = sse_command_new (SSE_COMMAND_FEED, 0, NULL);

  self->catch_up = sse_catch_up_ref (catch_up);
  self->last = last;
  set_frames (self, frames);
  return self;
}

/**
 * sse_command_new_configure:
 * @options: copied
 *
 * Returns: (transfer full): the command
 */
SseCommand *
sse_command_new_configure (const SseFanoutOptions *options)
{
  SseCommand *self = sse_command_new (SSE_COMMAND_CONFIGURE, 0, NULL);

  self->options = g_memdup2 (options, sizeof *options);
  return self;
}

/* Frees a command that was carried out: a descriptor is somebody else's by then. */
void
sse_command_free (SseCommand *self)
{
  for (guint i = 0; i < self->n_frames; i++)
    sse_frame_unref (self->frames[i]);
  g_free (self->frames);
  g_free (self->options);
  g_free (self->last_event_id);
  g_clear_pointer (&self->frame, sse_frame_unref);
  g_clear_pointer (&self->catch_up, sse_catch_up_unref);
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

static SseNote *
note_new (guint worker, const SseClient *client, const char *user)
{
  gsize size = strlen (user) + 1;
  SseNote *self = g_malloc (sizeof (SseNote) + size);

  *self = (SseNote){
    .worker = worker,
    .catch_up = client->catch_up != NULL ? sse_catch_up_ref (client->catch_up) : NULL,
  };
  memcpy (self->user, user, size);
  return self;
}

/**
 * sse_note_new_left:
 * @client: a client that leaves; its ticket is taken
 *
 * Returns: (transfer full): the note that it has left
 */
SseNote *
sse_note_new_left (guint worker, SseClient *client)
{
  SseNote *self = note_new (worker, client, client->user->name);

  self->left = TRUE;
  self->channel = client->user->channel->number;
  self->reason = (SseCloseReason) client->reason;
  self->ticket = g_steal_pointer (&client->ticket);
  if (client->has_id)
    self->last_event_id = g_strdup (client->last_event_id);
  return self;
}

/**
 * sse_note_new_fed:
 * @client: a client that is behind
 *
 * Returns: (transfer full): the note that its next slice is due
 */
SseNote *
sse_note_new_fed (guint worker, SseClient *client)
{
  return note_new (worker, client, "");
}

/**
 * sse_note_new_listed:
 * @listing: what the main thread puts together
 * @clients: (transfer full) (element-type SseListed): what is for it
 *
 * Returns: (transfer full): the answer
 */
SseNote *
sse_note_new_listed (guint worker, SseListing *listing, GPtrArray *clients)
{
  SseNote *self = g_malloc (sizeof (SseNote) + 1);

  *self = (SseNote){ .worker = worker, .listing = listing, .clients = clients };
  self->user[0] = '\0';
  return self;
}

void
sse_note_free (SseNote *self)
{
  g_clear_pointer (&self->catch_up, sse_catch_up_unref);
  g_clear_pointer (&self->clients, g_ptr_array_unref);
  g_free (self->last_event_id);
  g_free (self);
}
