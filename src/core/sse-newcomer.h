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
 * @host: what the streams share
 * @prefixed: whether events' types come with their stream's name, as there may be several
 * @admit: told of a newcomer that has got what it was given
 * @let_join: in a turn, has one join whose views are rendered; FALSE where they are not
 * @user_data: for both
 * @n_due: of those who wait for a turn, whom the one under way has yet to look at
 * @waiting: (element-type SseNewcomer): who waits for a turn
 * @reading: newcomers for whom the log is being read
 *
 * What newcomers that come the same way have in common.
 */
typedef struct
{
  SseStreamHost *host;
  gboolean prefixed;
  void (*admit) (SseNewcomer *newcomer, gpointer user_data);
  gboolean (*let_join) (SseNewcomer *newcomer, gpointer user_data);
  gpointer user_data;
  guint n_due;

  /*< private >*/
  GQueue waiting;
  SseLink reading;
} SseEntrance;

/**
 * SsePart:
 * @viewers: (not owned): whom it is one of
 * @source: (not owned): the stream's source
 * @ring: (not owned): its recent events
 * @number: which part of its channel the stream is
 * @audience: (not owned): its user, among the stream's
 * @seen: (nullable): whose views it sees, rendered, when it joins
 *
 * One of the streams that a newcomer follows.
 */
struct _SsePart
{
  SseViewers *viewers;
  SseSource *source;
  SseRing *ring;
  guint number;
  SseAudience *audience;
  SseAudience *seen;

  /*< private >*/
  gboolean resumes;
  gboolean read; /* whether the log was, for the next slice */
  guint64 after; /* it has all up to here, though it has not of the others */
};

/**
 * SseNewcomer:
 * @held: whether something else than its socket is waited for: a rendering, or the log
 * @gone: whether it has left while it was held, and is freed by who holds it; its audiences may be
 *   gone too
 * @parts: (array length=n_parts): what it follows, in the order in which it asked for it
 *
 * A client from when the hub has it until it gets what all others get: it may have to be given
 * what it missed in slices, out of the rings or the log, and to wait for the next rendering of what
 * it must get first.
 *
 * One id tells where it is in all its streams. So where it missed events, it gets those of all
 * streams in the order of their positions. Where it cannot resume one that has events, it starts
 * afresh in that before it is given anything that the others have: the ids of theirs would say that
 * it has all of that one too.
 */
struct _SseNewcomer
{
  gboolean held;
  gboolean gone;

  /*< private >*/
  SseEntrance *entrance; /* NULL once that is closed */
  SseLink link;          /* in @reading */
  guint channel;
  int fd;
  gboolean chunked;
  gint64 expires;
  SseFrame *head;
  char *last_event_id; /* as much of it as is told of; NULL where it has none */
  SseTicket *ticket;
  guint64 position;     /* where it was, and what it was given since */
  SseSlice slice;       /* what was read of the log for it */
  SsePart *reading;     /* for which that is being read */
  SseCatchUp *catch_up; /* NULL unless it gets slices */

  /*< public >*/
  guint n_parts;
  SsePart parts[];
};

void         sse_entrance_init      (SseEntrance         *self);
void         sse_entrance_close     (SseEntrance         *self);
void         sse_entrance_dismiss   (SseEntrance         *self,
                                     const char          *user);
void         sse_entrance_dismiss_channel
                                    (SseEntrance         *self,
                                     guint                channel);
void         sse_entrance_hold      (SseEntrance         *self,
                                     SseNewcomer         *newcomer);
gboolean     sse_entrance_has_waiting
                                    (const SseEntrance   *self);
void         sse_entrance_begin_turn
                                    (SseEntrance         *self);
void         sse_entrance_look_at_next
                                    (SseEntrance         *self);

SseNewcomer *sse_newcomer_new       (const SseSubscriber *subscriber,
                                     SseEntrance         *entrance,
                                     guint                channel,
                                     const SsePart       *parts,
                                     guint                n_parts);
void         sse_newcomer_free      (SseNewcomer         *self);
const char  *sse_newcomer_get_user  (SseNewcomer         *self);
gboolean     sse_newcomer_catch_up  (SseNewcomer         *self);
gboolean     sse_newcomer_has_ring  (SseNewcomer         *self);
void         sse_newcomer_dismiss   (SseNewcomer         *self);
void         sse_newcomer_join      (SseNewcomer         *self);

G_END_DECLS
