/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-mailbox.h"
#include "sse-update.h"

G_BEGIN_DECLS

/* Of a message's id in hexadecimal, with the final zero. */
#define SSE_NATS_ID_BYTES 33

typedef enum
{
  SSE_NATS_NOTE_UPDATE,    /* the stream has one message more */
  SSE_NATS_NOTE_DUE,       /* likewise, and it is no update, but asks for a checkpoint */
  SSE_NATS_NOTE_UNSENT,    /* one of this node's was not taken, and may be sent again */
  SSE_NATS_NOTE_CUT,       /* the connection to the servers broke */
  SSE_NATS_NOTE_CONNECTED, /* there is one again */
  SSE_NATS_NOTE_ILL,       /* the stream can't be asked */
  SSE_NATS_NOTE_WELL,      /* it can, and @end is its last position */
  SSE_NATS_NOTE_LOST,      /* it is not what this node applied */
  SSE_NATS_NOTE_DIFFERS,   /* another node's checkpoint at @position has another state of the stream
                            * that @error names */
  SSE_NATS_NOTE_LACKS,     /* it has one of a stream that is not here, which @error names */
  SSE_NATS_NOTE_WANTED,    /* a checkpoint is: there is none any more, or it lacks a stream */
  SSE_NATS_NOTE_NODE,      /* the node named @node has applied the log up to @position */
  SSE_NATS_NOTE_PONG,      /* the publisher answers */
  SSE_NATS_NOTE_STOP,      /* for a thread, the last one */
} SseNatsNoteType;

/**
 * SseNatsNote:
 * @type: what it tells
 * @id: of the message, in an UPDATE and an UNSENT
 * @update: (nullable): parsed, with its position and time; %NULL in an UPDATE for a message that is
 *   none
 * @late: in an UPDATE without one: whether it was one, and came too late
 * @position: of the message
 * @end: the last position there is
 * @node: (nullable): a node's name
 * @error: (nullable): why
 *
 * What a thread tells the main one. What a type has no use for is zero.
 */
typedef struct
{
  SseMail mail;
  SseNatsNoteType type;
  char id[SSE_NATS_ID_BYTES];
  SseUpdate *update;
  gboolean late;
  guint64 position;
  guint64 end;
  char *node;
  GError *error;
} SseNatsNote;

SseNatsNote *sse_nats_note_new  (SseNatsNoteType  type);
void         sse_nats_note_free (SseNatsNote     *self);
void         sse_nats_note_post (SseNatsNote     *self,
                                 SseMailbox      *notes);

G_END_DECLS
