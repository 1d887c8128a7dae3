/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-channel.h"
#include "sse-client.h"

G_BEGIN_DECLS

/**
 * SseTurn:
 * @epoll_fd: where the clients' sockets are registered
 * @queue_bytes: the bound of a client's queue
 * @last_chunk: what ends a chunked response
 * @groups: (element-type SseGroup): with something pending
 * @clients: (element-type SseClient): with something of their own to write
 * @fed: (element-type SseClient): behind, and due their next slices
 * @leaving: (element-type SseClient): to be closed at the end of the turn
 *
 * What a worker gathers until it writes. It takes all commands first; then each client that gets
 * something is written to once. No client goes away in the middle of it: those that leave are
 * marked, and gathered in a list.
 */
typedef struct
{
  int epoll_fd;
  gsize queue_bytes;
  SseFrame *last_chunk;
  SseLink groups;
  SseLink clients;
  SseLink fed;
  SseLink leaving;
} SseTurn;

void     sse_turn_init         (SseTurn        *self,
                                gsize           queue_bytes);
void     sse_turn_clear        (SseTurn        *self);

void     sse_turn_watch        (SseTurn        *self,
                                SseClient      *client);
void     sse_turn_send_group   (SseTurn        *self,
                                SseGroup       *group,
                                guint           view,
                                SseFrame       *frame);
void     sse_turn_send_client  (SseTurn        *self,
                                SseClient      *client,
                                guint           view,
                                SseFrame       *frame);
void     sse_turn_set_personal (SseTurn        *self,
                                SseUser        *user,
                                guint32         personal);
void     sse_turn_mark         (SseTurn        *self,
                                SseClient      *client);
void     sse_turn_set_ready    (SseTurn        *self,
                                SseClient      *client);
void     sse_turn_hang_up      (SseTurn        *self,
                                SseClient      *client);
void     sse_turn_beat         (SseTurn        *self,
                                SseClient      *client,
                                SseFrame       *frame);
void     sse_turn_leave        (SseTurn        *self,
                                SseClient      *client,
                                SseCloseReason  reason);
void     sse_turn_end          (SseTurn        *self,
                                SseClient      *client,
                                SseFrame       *last,
                                SseCloseReason  reason);
void     sse_turn_finish       (SseTurn        *self,
                                SseClient      *client,
                                SseFrame       *last,
                                SseCloseReason  reason);
void     sse_turn_write        (SseTurn        *self);

G_END_DECLS
