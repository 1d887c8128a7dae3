/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-audience.h"
#include "sse-newcomer.h"
#include "sse-viewers.h"

G_BEGIN_DECLS

struct _SseViewers
{
  SseEntrance entrance;
  SseSource *source;
  SseRing *ring;
  SseStreamHost *host;
  guint channel;
  guint n_views;

  SseAudience *everyone;
  GHashTable *users; /* name → SseAudience, of those with clients */
  GQueue personal;   /* the users with views of their own */
  guint n_clients;
  guint n_common;                 /* those who see everyone's views */
  SseTouch spread[SSE_MAX_VIEWS]; /* everyone's touches that are for the next turn */

  GQueue queues[2];
  GQueue *due;                   /* one of them: audiences to be rendered in the next turn */
  GQueue *turn;                  /* the other: and in the one under way */
  guint32 turn_number;           /* of the one under way, or the last */
  gboolean sweep[SSE_MAX_VIEWS]; /* views that all personal audiences are sent in it */
  GList *sweep_next;             /* the next of those that have not been */
  gboolean in_turn;              /* whether one is under way */
  guint32 refreshed;             /* the last number sse_viewers_refresh() was given */
  gint64 last_turn;              /* when the last one began, monotonic, in µs */
  GSource *timer;                /* begins the next turn, or goes on with the one under way */
};

void     sse_viewers_send_view (SseViewers *self,
                               SseAudience *audience,
                               guint        view);
void     sse_viewers_render   (SseViewers  *self,
                               SseAudience *audience,
                               SseTouch     least);
gboolean sse_viewers_spread   (SseViewers  *self,
                               SseTouch     least);
void     sse_viewers_admit    (SseNewcomer *newcomer,
                               gpointer     user_data);
gboolean sse_viewers_let_join (SseNewcomer *newcomer,
                               gpointer     user_data);

G_END_DECLS
