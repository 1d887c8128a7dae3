/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-mailbox.h"
#include "sse-update.h"

G_BEGIN_DECLS

/* Of a message's id in hexadecimal, with the final zero. */
#define SSE_NATS_ID_BYTES 33

typedef enum
{
  SSE_NATS_NOTE_UPDATE,
  SSE_NATS_NOTE_DUE,
  SSE_NATS_NOTE_UNSENT,
  SSE_NATS_NOTE_CUT,
  SSE_NATS_NOTE_CONNECTED,
  SSE_NATS_NOTE_ILL,
  SSE_NATS_NOTE_WELL,
  SSE_NATS_NOTE_LOST,
  SSE_NATS_NOTE_DIFFERS,
  SSE_NATS_NOTE_LACKS,
  SSE_NATS_NOTE_WANTED,
  SSE_NATS_NOTE_NODE,
  SSE_NATS_NOTE_PONG,
  SSE_NATS_NOTE_STOP,
} SseNatsNoteType;

/**
 * SseNatsNote:
 * @type: UPDATE: the stream has one message more. DUE: that is no
 *   update, but asks for a checkpoint. UNSENT: one of this node's was not taken, and may be sent
 *   again. CUT: from the servers. CONNECTED: to
 *   one, again. ILL: the stream can't be asked. WELL: it can, and @end
 *   is its last position. LOST: it is not what this node applied.
 *   NODE: the one named @node
 *   has applied the log up to @position. DIFFERS: another node's checkpoint at @position from what this one has of the stream named by
 *   @error.
 *   LACKS: it has one of a stream that is not here, named by @error. WANTED: a checkpoint is, as
 *   there is none any more, or it lacks a stream that is here.
 *   STOP: for a thread, the last one
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
