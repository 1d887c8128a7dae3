/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-nats-link.h"

G_BEGIN_DECLS

typedef enum
{
  SSE_NATS_JOB_SEND, /* updates, as one message */
  SSE_NATS_JOB_DUE,  /* to ask for a checkpoint */
  SSE_NATS_JOB_PING, /* to tell a PONG */
  SSE_NATS_JOB_STOP, /* the last one */
} SseNatsJobType;

/**
 * SseNatsJob:
 * @type: what to do
 * @updates: (element-type SseUpdate) (nullable): what to send
 * @id: what it is known by
 * @until: when nobody waits for it any more, monotonic, µs; 0 for a DUE
 * @after: how far this node had read when it was asked to; for a DUE, where the one before was
 *
 * What the publisher is asked.
 */
typedef struct
{
  SseMail mail;
  SseNatsJobType type;
  GPtrArray *updates;
  char id[SSE_NATS_ID_BYTES];
  gint64 until;
  guint64 after;
} SseNatsJob;

typedef struct _SseNatsPublisher SseNatsPublisher;

SseNatsPublisher *sse_nats_publisher_new  (SseNatsLink       *link,
                                           GError           **error);
SseMailbox       *sse_nats_publisher_get_inbox
                                          (SseNatsPublisher  *self);
void              sse_nats_publisher_free (SseNatsPublisher  *self);

void              sse_nats_job_free       (SseNatsJob        *self);

G_END_DECLS
