/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-nats-dues.h"
#include "sse-nats-epoch.h"
#include "sse-nats-follower.h"
#include "sse-nats-log.h"
#include "sse-nats-mark.h"
#include "sse-nats-nodes.h"
#include "sse-nats-presence.h"
#include "sse-nats-publisher.h"
#include "sse-nats-saver.h"
#include "sse-nats-waiting.h"

G_BEGIN_DECLS

struct _SseNatsLog
{
  GObject parent_instance;

  char *node;
  guint deadline_ms;

  SseMailbox notes;
  gboolean has_notes;
  GSource *teller; /* NULL until all is loaded */
  GSource *sender; /* while something is to be sent */
  GSource *ticker; /* while somebody waits */

  SseNatsLink *link;
  SseNatsMark *mark;
  SseNatsSaver *saver;
  SseNatsPublisher *publisher;
  SseNatsPresence *presence;
  SseNatsFollower *follower;

  SseNatsEpoch epoch;
  SseNatsWaiting *waiting;
  SseNatsDues *dues;
  SseNatsNodes *nodes;
  SseNatsCheckpoint *checkpoint; /* what to begin with, until it is loaded; NULL for none */
  GVariant *states;              /* of that */
  guint64 sequence; /* of the last message that was read */
  guint64 position; /* of the last update in that */
  guint64 told;     /* of the last update that was told */
  guint64 end;      /* the sequence number of the last message there is, as far as is known */
  char *error;
  char *unsent; /* why an update was not taken last */
  gboolean lost;

  SseLogPong pong; /* of the ping under way */
  gpointer pong_data;
};

void     sse_nats_log_add_teller (SseNatsLog         *self);
void     sse_nats_log_tell_passed_over
                                 (guint64             position,
                                  gboolean            late);
void     sse_nats_log_take_message
                                 (SseNatsLog         *self,
                                  const SseNatsNote  *note);
gboolean sse_nats_log_load       (SseLog             *log,
                                  const SseLogLoader *loader,
                                  gpointer            user_data,
                                  GError            **error);

G_END_DECLS
