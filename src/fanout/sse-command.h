/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-fanout.h"
#include "sse-mailbox.h"

G_BEGIN_DECLS

typedef enum
{
  SSE_COMMAND_JOIN,
  SSE_COMMAND_SEND,
  SSE_COMMAND_SET_PERSONAL,
  SSE_COMMAND_STOP, /* the last one */
} SseCommandType;

/**
 * SseCommand:
 * @frames: (array length=n_frames): a joining client's first frames
 * @ticket: (nullable): a joining client's ticket; not released here
 * @frame: what to send
 * @view: what that is a view of, or %SSE_FANOUT_NO_VIEW
 * @has_user: whether it is about one user
 * @user: that user's name
 *
 * What the main thread asks of a worker. What a type has no use for is zero.
 */
typedef struct
{
  SseMail mail;
  SseCommandType type;
  guint channel;
  guint view;
  int fd;
  gint64 expires;
  SseFrame *frame;
  SseFrame **frames;
  SseTicket *ticket;
  guint n_frames;
  gboolean chunked;
  gboolean personal;
  gboolean has_user;
  char user[];
} SseCommand;

/**
 * SseLeftNote:
 * @worker: the worker's number
 *
 * What a worker tells the main thread when a client's socket is closed.
 */
typedef struct
{
  SseMail mail;
  guint worker;
  guint channel;
  SseCloseReason reason;
  SseTicket *ticket;
  char user[];
} SseLeftNote;

SseCommand  *sse_command_new       (SseCommandType  type,
                                    guint           channel,
                                    const char     *user);
SseCommand  *sse_command_new_join  (const SseJoin  *join);
void         sse_command_free      (SseCommand     *self);
const char  *sse_command_get_user  (SseCommand     *self);

SseLeftNote *sse_left_note_new     (guint           worker,
                                    guint           channel,
                                    const char     *user,
                                    SseCloseReason  reason,
                                    SseTicket      *ticket);

G_END_DECLS
