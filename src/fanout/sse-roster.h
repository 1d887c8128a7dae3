/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-channel.h"
#include "sse-command.h"
#include "sse-deadlines.h"
#include "sse-turn.h"
#include "sse-wheel.h"

G_BEGIN_DECLS

/**
 * SseRoster:
 * @backlog: what waited when it was last counted
 * @pushed: bytes that went into queues since then
 * @ending: whoever comes leaves at once
 *
 * The clients of one worker, in their channels, and what is due to them. What it is asked for is
 * gathered in its turn.
 */
typedef struct
{
  SseFanoutOptions options;
  gsize backlog;
  gsize pushed;
  gboolean ending;
  SseChannel *channels;
  guint n_clients;
  SseTurn turn;
  SseWheel wheel;
  SseDeadlines deadlines;
  SseFrame *heartbeat;
} SseRoster;

void   sse_roster_init         (SseRoster              *self,
                                const SseFanoutOptions *options);
void   sse_roster_clear        (SseRoster              *self);

void   sse_roster_join         (SseRoster              *self,
                                SseCommand             *command);
void   sse_roster_feed         (SseRoster              *self,
                                SseCommand             *command);
void   sse_roster_send         (SseRoster              *self,
                                SseCommand             *command);
void   sse_roster_set_personal (SseRoster              *self,
                                SseCommand             *command);
void   sse_roster_end_user     (SseRoster              *self,
                                SseCommand             *command);
void   sse_roster_end_channel  (SseRoster              *self,
                               SseCommand             *command);
void   sse_roster_configure    (SseRoster              *self,
                                const SseFanoutOptions *options);
void   sse_roster_end          (SseRoster              *self);
void   sse_roster_stop         (SseRoster              *self);
void   sse_roster_take_time    (SseRoster              *self);
void   sse_roster_shed         (SseRoster              *self);
void   sse_roster_tell         (SseRoster              *self,
                                guint                   worker,
                                SseMailList            *notes);
gint64 sse_roster_get_due      (SseRoster              *self);

G_END_DECLS
