/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-mailbox.h"
#include "sse-nats-position.h"
#include "sse-update.h"

G_BEGIN_DECLS

/* Of a message's id in hexadecimal, with the final zero. */
#define SSE_NATS_ID_BYTES 33

typedef enum
{
  SSE_NATS_NOTE_UPDATES,   /* the stream has one message more */
  SSE_NATS_NOTE_DUE,       /* likewise, and it has no updates, but asks for a checkpoint */
  SSE_NATS_NOTE_UNSENT,    /* one of this node's was not taken, and may be sent again */
  SSE_NATS_NOTE_CUT,       /* the connection to the servers broke */
  SSE_NATS_NOTE_CONNECTED, /* there is one again */
  SSE_NATS_NOTE_ILL,       /* the stream can't be asked */
  SSE_NATS_NOTE_WELL,      /* it can, and @end is its last message */
  SSE_NATS_NOTE_LOST,      /* it is not what this node applied */
  SSE_NATS_NOTE_DIFFERS,   /* another node's checkpoint at @sequence has another state of the stream
                            * that @error names */
  SSE_NATS_NOTE_LACKS,     /* it has one of a stream that is not here, which @error names */
  SSE_NATS_NOTE_WANTED,    /* a checkpoint is: there is none any more, or it lacks a stream */
  SSE_NATS_NOTE_NODE,      /* the node named @node has read the log up to @position */
  SSE_NATS_NOTE_PONG,      /* the publisher answers */
  SSE_NATS_NOTE_SERVE,     /* for the mark: clients are told from now on */
  SSE_NATS_NOTE_STOP,      /* for a thread, the last one */
} SseNatsNoteType;

/**
 * SseNatsNote:
 * @type: what it tells
 * @id: of the message, in UPDATES, a DUE, an UNSENT, and a LOST where it is known what is not there
 *   any more
 * @updates: (element-type SseUpdate) (nullable): with their positions and times; each is %NULL that
 *   nobody could have pushed, and all are together where the message has none
 * @late: in UPDATES without any: whether there were some, and they came too late
 * @sequence: the message's
 * @position: of the last update in it
 * @end: the last message's sequence number
 * @max_payload: of a message that the servers take, in bytes, in a CONNECTED
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
  GPtrArray *updates;
  gboolean late;
  guint64 sequence;
  guint64 position;
  guint64 end;
  gint64 max_payload;
  char *node;
  GError *error;
} SseNatsNote;

SseNatsNote *sse_nats_note_new  (SseNatsNoteType  type);
void         sse_nats_note_free (SseNatsNote     *self);
void         sse_nats_note_post (SseNatsNote     *self,
                                 SseMailbox      *notes);

G_END_DECLS
