/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-client.h"
#include "sse-fanout.h"
#include "sse-mailbox.h"

G_BEGIN_DECLS

typedef enum
{
  SSE_COMMAND_JOIN,
  SSE_COMMAND_FEED,
  SSE_COMMAND_SEND,
  SSE_COMMAND_SET_PERSONAL,
  SSE_COMMAND_END_USER,
  SSE_COMMAND_END_CHANNEL,
  SSE_COMMAND_LIST,
  SSE_COMMAND_CONFIGURE,
  SSE_COMMAND_END,
  SSE_COMMAND_STOP, /* the last one */
} SseCommandType;

/* What a listing of clients is put together in; the main thread's alone. */
typedef struct _SseListing SseListing;

/**
 * SseCommand:
 * @frames: (array length=n_frames): a joining client's first frames, or a slice
 * @ticket: (nullable): a joining client's ticket; not released here
 * @catch_up: (nullable): a client that is behind
 * @last_event_id: (nullable): what a joining client came with
 * @last: whether the slice is the last
 * @frame: what to send
 * @view: what that is a view of, or %SSE_FANOUT_NO_VIEW
 * @options: (nullable): what the options are from now on
 * @listing: (nullable): what the answer is for
 * @max: how many clients that lists at most
 * @parts: which parts of the channel something is said of, as bits
 * @personal: in which of its parts the user gets views of their own, likewise
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
  SseCatchUp *catch_up;
  char *last_event_id;
  SseFanoutOptions *options;
  SseListing *listing;
  guint max;
  gboolean last;
  gboolean chunked;
  guint32 parts;
  guint32 personal;
  gboolean has_user;
  char user[];
} SseCommand;

/**
 * SseNote:
 * @worker: the worker's number
 * @catch_up: (nullable): the client's, where it is behind
 * @listing: (nullable): what it is an answer for, @clients; else it is of one client
 * @clients: (element-type SseListed): who was listed
 * @left: whether the client's socket is closed; else its next slice is due, and what follows is
 *   not set
 * @ticket: (nullable): the client's
 * @last_event_id: (nullable): what it came with
 * @user: its user
 *
 * What a worker tells the main thread, of a client or when it was asked.
 */
typedef struct
{
  SseMail mail;
  guint worker;
  SseCatchUp *catch_up;
  SseListing *listing;
  GPtrArray *clients;
  gboolean left;
  guint channel;
  SseCloseReason reason;
  SseTicket *ticket;
  char *last_event_id;
  char user[];
} SseNote;

SseCommand *sse_command_new      (SseCommandType  type,
                                  guint           channel,
                                  const char     *user);
SseCommand *sse_command_new_join (const SseJoin  *join);
SseCommand *sse_command_new_feed (SseCatchUp     *catch_up,
                                  GPtrArray      *frames,
                                  gboolean        last);
SseCommand *sse_command_new_configure
                                 (const SseFanoutOptions *options);
void        sse_command_free     (SseCommand     *self);
const char *sse_command_get_user (SseCommand     *self);

SseNote    *sse_note_new_left    (guint           worker,
                                  SseClient      *client);
SseNote    *sse_note_new_fed     (guint           worker,
                                  SseClient      *client);
SseNote    *sse_note_new_listed  (guint           worker,
                                  SseListing     *listing,
                                  GPtrArray      *clients);
void        sse_note_free        (SseNote        *self);

G_END_DECLS
