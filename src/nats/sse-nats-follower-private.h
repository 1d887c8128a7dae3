/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-nats-follower.h"

G_BEGIN_DECLS

/* Of a consumer's name, with the final zero; ours are shorter, as the servers make them. */
#define CONSUMER_BYTES 128

struct _SseNatsFollower
{
  SseNatsLink *link;
  SseNatsMark *mark;
  SseNatsPresence *presence;
  char *epoch;
  gint64 created;
  pthread_t thread;
  natsSubscription *subscription; /* the thread's, as is what follows */
  guint n_doubts;                 /* looks in a row that found a loss */
  gint64 in_doubt_since;          /* when the first of these was, monotonic, µs */
  gboolean unanswered;            /* whether a look was not answered since */
  gint64 came_on;                 /* when something came last, or there was nothing to come */
  guint leader;                   /* of the servers, at the last look */
  SseNatsReview review;
  guint n_looks;

  pthread_mutex_t turn; /* held while one message is taken */
  char
      consumer[CONSUMER_BYTES]; /* of which it is known that it belongs to what was read; with it */
  pthread_mutex_t lock;
  pthread_cond_t changed;
  guint64 sequence; /* of the last message that was read; with the lock, as is what follows */
  guint64 position; /* of the last update in that */
  SseNatsRecent recent;
  gboolean asked;
  gboolean doubtful; /* whether to look closely */
  gboolean in_doubt; /* whether the last look found a loss */
  gboolean gap;      /* whether what came last is not what comes next */
  gboolean taking;   /* whether a message is being taken */
  gboolean stopped;
  gboolean ended; /* whether no message is being looked at any more */
};

gboolean sse_nats_follower_look (SseNatsFollower *self, guint64 *sequence);
void sse_nats_follower_take (natsConnection   *connection,
                             natsSubscription *subscription,
                             natsMsg          *message,
                             void             *data);

G_END_DECLS
