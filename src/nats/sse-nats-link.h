/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <nats/nats.h>

#include "sse-nats-note.h"
#include "sse-nats-options.h"

G_BEGIN_DECLS

#define SSE_NATS_ERROR (sse_nats_error_quark ())
GQuark sse_nats_error_quark (void);

typedef enum
{
  SSE_NATS_ERROR_AWAY,  /* no server answers, or the servers have no quorum */
  SSE_NATS_ERROR_UNFIT, /* a server or a stream is not as it has to be */
  SSE_NATS_ERROR_LOST,  /* the stream is not what it was */
} SseNatsError;

/**
 * SseNatsLink:
 * @notes: where all threads tell the main one what happens
 * @stream: the stream of updates
 * @subjects: all of that
 * @state_stream: the stream beside it, for what nodes have to agree on
 * @replicas: of the stream of updates
 * @max_payload: of a message that the servers take, in bytes; in the main thread alone, as is what
 *   follows
 * @max_message_bytes: of one that the stream takes, 0 for any
 * @min_message_bytes: what both have to be at least
 *
 * A connection to NATS that comes back by itself. In any thread.
 */
typedef struct
{
  natsConnection *connection;
  jsCtx *jetstream;
  SseMailbox *notes;
  char *stream;
  char *subjects;
  char *state_stream;
  char *epoch_subject;
  char *update_subject; /* of updates, in their stream */
  char *due_subject;    /* of what asks for a checkpoint, there */
  gint64 replicas;
  gint64 max_payload;
  gint64 max_message_bytes;
  gint64 min_message_bytes;
  pthread_mutex_t lock;
  pthread_cond_t changed;
  gboolean closing; /* whether this node wants that; with @lock */
  gboolean closed;  /* with @lock */
} SseNatsLink;

/**
 * SseNatsExtent:
 * @created: when the stream was made, in ns since 1970 UTC
 * @first: the first sequence number that is still there
 * @last: the last one, 0 for none
 * @leader: which server leads those that have it, as a hash of its name; 0 where one is alone
 *
 * What a stream is at the moment.
 */
typedef struct
{
  gint64 created;
  guint64 first;
  guint64 last;
  guint leader;
} SseNatsExtent;

/* What is found at a place in the stream. */
typedef enum
{
  SSE_NATS_FOUND_SAME,    /* the message that is known to have been there */
  SSE_NATS_FOUND_OTHER,   /* another one */
  SSE_NATS_FOUND_NONE,    /* none: it has left the stream, or never was */
  SSE_NATS_FOUND_UNKNOWN, /* the servers do not answer */
} SseNatsFound;

SseNatsLink *sse_nats_link_new        (const SseNatsOptions *options,
                                       SseMailbox           *notes,
                                       GError              **error);
gboolean     sse_nats_link_ask_extent (SseNatsLink          *self,
                                       SseNatsExtent        *extent,
                                       GError              **error);
gsize        sse_nats_link_get_max_bytes
                                      (const SseNatsLink    *self);
SseNatsFound sse_nats_link_find       (SseNatsLink          *self,
                                       guint64               sequence,
                                       const char           *id,
                                       GError              **error);
void         sse_nats_link_free       (SseNatsLink          *self);

gboolean     sse_nats_fail            (natsStatus            status,
                                       jsErrCode             code,
                                       const char           *what,
                                       GError              **error);

G_END_DECLS
