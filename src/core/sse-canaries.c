/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-canaries.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <glib-unix.h>
#include <glib/gi18n-lib.h>

/* No token has an empty subject: nobody else is that. */
#define USER ""

/* What they are sent. */
static const char call[] = "?";

typedef struct
{
  SseCanaries *canaries;
  int fd;
  guint watch;
  gboolean answered;
} Canary;

struct _SseCanaries
{
  SseFanout *fanout;
  guint channel;
  GArray *canaries; /* Canary */
  guint n_silent;   /* of the beat under way */
  SseCanariesDone done;
  gpointer user_data;
};

static void
clear_canary (gpointer data)
{
  Canary *canary = data;

  g_clear_handle_id (&canary->watch, g_source_remove);
  close (canary->fd);
}

/* One that is hung up on says nothing more, and is missed. */
static gboolean
on_readable (int fd, GIOCondition condition, gpointer user_data)
{
  Canary *canary = user_data;
  SseCanaries *self = canary->canaries;
  char buffer[256];
  gssize length = recv (fd, buffer, sizeof buffer, MSG_DONTWAIT);
  gboolean called = FALSE;

  if (length == 0 || (length < 0 && errno != EAGAIN && errno != EINTR))
    {
      canary->watch = 0;
      return G_SOURCE_REMOVE;
    }
  /* Heartbeats come, too. */
  for (gssize i = 0; i < length; i++)
    called |= buffer[i] == call[0];
  if (called && !canary->answered)
    {
      canary->answered = TRUE;
      if (--self->n_silent == 0)
        self->done (self->user_data);
    }
  return G_SOURCE_CONTINUE;
}

static gboolean
add_canary (SseCanaries *self, GError **error)
{
  Canary canary = { .canaries = self };
  SseJoin join = { .channel = self->channel, .user = USER, .expires = G_MAXINT64 };
  int fds[2];

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) < 0)
    {
      int saved = errno;

      g_set_error (error, G_FILE_ERROR, (int) g_file_error_from_errno (saved),
                   _ ("cannot watch over those who write to clients: %s"), strerror (saved));
      return FALSE;
    }
  canary.fd = fds[0];
  canary.answered = TRUE;
  g_array_append_val (self->canaries, canary);
  join.fd = fds[1];
  sse_fanout_join (self->fanout, &join);
  return TRUE;
}

/**
 * sse_canaries_new:
 * @fanout: one that has no client yet, so that each worker gets one of these; outlives it
 * @channel: a channel that nobody else is in
 * @n_workers: as many as it has
 * @error: in the domain %G_FILE_ERROR where descriptors have run out
 */
SseCanaries *
sse_canaries_new (SseFanout *fanout, guint channel, guint n_workers, GError **error)
{
  g_autoptr (SseCanaries) self = g_new0 (SseCanaries, 1);

  self->fanout = fanout;
  self->channel = channel;
  self->canaries = g_array_sized_new (FALSE, TRUE, sizeof (Canary), n_workers);
  g_array_set_clear_func (self->canaries, clear_canary);
  for (guint i = 0; i < n_workers; i++)
    if (!add_canary (self, error))
      return NULL;
  for (guint i = 0; i < n_workers; i++)
    {
      Canary *canary = &g_array_index (self->canaries, Canary, i);

      canary->watch = g_unix_fd_add (canary->fd, G_IO_IN, on_readable, canary);
    }
  return g_steal_pointer (&self);
}

void
sse_canaries_free (SseCanaries *self)
{
  g_array_unref (self->canaries);
  g_free (self);
}

/**
 * sse_canaries_beat:
 * @done: told when what is sent to all of them has come back; never, where one of them is dead
 *
 * To be called again only when @done was told.
 */
void
sse_canaries_beat (SseCanaries *self, SseCanariesDone done, gpointer user_data)
{
  g_autoptr (SseFrame) frame = sse_frame_new_raw (call, 1);

  self->done = done;
  self->user_data = user_data;
  self->n_silent = self->canaries->len;
  for (guint i = 0; i < self->canaries->len; i++)
    g_array_index (self->canaries, Canary, i).answered = FALSE;
  sse_fanout_send (self->fanout, self->channel, USER, frame);
}
