/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-audience.h"
#include "sse-link.h"
#include "sse-ring.h"
#include "sse-stream-private.h"

G_BEGIN_DECLS

typedef struct _SseNewcomer SseNewcomer;

/**
 * SseEntrance:
 * @source: the stream's source
 * @ring: its recent events
 * @host: what the streams share
 * @channel: its channel in the fan-out
 * @admit: told of a newcomer that has got what it was given
 * @user_data: for @admit
 * @reading: newcomers for whom the log is being read
 *
 * What the newcomers of one stream have in common.
 */
typedef struct
{
  SseSource *source;
  SseRing *ring;
  SseStreamHost *host;
  guint channel;
  void (*admit) (SseNewcomer *newcomer, gpointer user_data);
  gpointer user_data;
  SseLink reading;
} SseEntrance;

/**
 * SseNewcomer:
 * @audience: (not owned): its user
 * @held: whether something else than its socket is waited for: a rendering, or the log
 * @gone: whether it has left while it was held, and is freed by who holds it; its audience may be
 *   gone too
 *
 * A client from when the hub has it until it gets what all others get: it may have to be given
 * what it missed in slices, out of the ring or the log, and to wait for the next rendering of what
 * it must get first.
 */
struct _SseNewcomer
{
  SseAudience *audience;
  gboolean held;
  gboolean gone;

  /*< private >*/
  SseEntrance *entrance; /* NULL once that is closed */
  SseLink link;          /* in @reading */
  int fd;
  gboolean chunked;
  gint64 expires;
  SseFrame *head;
  char *last_event_id; /* as much of it as is told of; NULL where it has none */
  SseTicket *ticket;
  gboolean resumes;
  guint64 position;     /* where it was, and what it was given since */
  SseCatchUp *catch_up; /* NULL unless it gets slices */
};

void         sse_entrance_init      (SseEntrance         *self);
void         sse_entrance_close     (SseEntrance         *self);

SseNewcomer *sse_newcomer_new       (const SseSubscriber *subscriber,
                                     SseAudience         *audience,
                                     SseEntrance         *entrance);
void         sse_newcomer_free      (SseNewcomer         *self);
gboolean     sse_newcomer_catch_up  (SseNewcomer         *self);
gboolean     sse_newcomer_has_ring  (SseNewcomer         *self);
void         sse_entrance_dismiss   (SseEntrance         *self,
                                     SseAudience         *audience);
void         sse_newcomer_dismiss   (SseNewcomer         *self);
void         sse_newcomer_join      (SseNewcomer         *self,
                                     SseAudience         *seen);

G_END_DECLS
