/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <sys/uio.h>

#include "sse-deadlines.h"
#include "sse-fanout.h"
#include "sse-link.h"
#include "sse-queue.h"

G_BEGIN_DECLS

typedef struct _SseChannel SseChannel;
typedef struct _SseUser SseUser;

/**
 * SseClient:
 * @in_group: in its group's clients
 * @queue: (nullable): what waits for it
 * @taken: how many of its group's pending entries it has in its queue, or is not to get
 * @blocked: its socket took less than was there; what waits, waits for the socket
 * @armed: epoll tells when its socket can be written to
 * @hungry: it is behind, and was told to be due its next slice
 * @ending: its end is in its queue, or written; it gets nothing behind that
 * @lingering: its end was written, and it is waited for to hang up
 * @leaving: it gets nothing any more, and is closed at the end of the turn
 * @reason: why it ends or leaves
 * @has_id: whether it has a @last_event_id
 * @user: its user in its channel
 * @of_user: in its user's clients
 * @in_slot: in a slot of the heartbeats' wheel
 * @in_turn: in the list of clients to write to in this turn, of those that have a slice behind
 *   them, or of those that leave
 * @expires: when its token expires, in µs since 1970 UTC
 * @ticket: (nullable): to be given back
 * @catch_up: (nullable): where it is behind
 * @since: when it came, in µs since 1970 UTC
 * @last_event_id: what it came with, and no byte of it where it came with none
 *
 * One connection. Small, as there are many of them, and most are idle; what sending to all needs
 * comes first, for the processor's cache.
 */
typedef struct
{
  SseLink in_group;
  SseQueue *queue;
  int fd;
  guint taken;
  guint chunked : 1;
  guint blocked : 1;
  guint armed : 1;
  guint hungry : 1;
  guint ending : 1;
  guint lingering : 1;
  guint leaving : 1;
  guint reason : 4;
  guint has_id : 1;
  SseUser *user;
  SseLink of_user;
  SseLink in_slot;
  SseLink in_turn;
  SseDeadline expires;
  SseTicket *ticket;
  SseCatchUp *catch_up;
  gint64 since;
  char last_event_id[];
} SseClient;

/**
 * SseWrite:
 * @SSE_WRITE_DONE: all was written
 * @SSE_WRITE_BLOCKED: a part, or nothing; the socket takes no more for now
 * @SSE_WRITE_FAILED: the connection is dead
 */
typedef enum
{
  SSE_WRITE_DONE,
  SSE_WRITE_BLOCKED,
  SSE_WRITE_FAILED,
} SseWrite;

SseClient *sse_client_new           (int                 fd,
                                     gboolean            chunked,
                                     gint64              expires,
                                     guint               peer_timeout_ms,
                                     const char         *last_event_id);
void       sse_client_free          (SseClient          *self);
gboolean   sse_client_push          (SseClient          *self,
                                     SseFrame           *frame,
                                     guint               view,
                                     gsize               bound);
void       sse_client_clear         (SseClient          *self);
void       sse_client_drop          (SseClient          *self,
                                     gsize               written);
SseWrite   sse_client_write         (SseClient          *self,
                                     const struct iovec *iov,
                                     guint               n,
                                     gsize               total,
                                     gsize              *written);
SseWrite   sse_client_flush         (SseClient          *self);
gboolean   sse_client_discard_input (SseClient          *self);
const char *sse_client_get_last_event_id
                                    (const SseClient    *self);

G_END_DECLS
