/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-log.h"
#include "sse-mailbox.h"

G_BEGIN_DECLS

/* What goes between the store and its threads. */

typedef enum
{
  SSE_STORE_JOB_APPEND,
  SSE_STORE_JOB_EVENT,
  SSE_STORE_JOB_UNAPPLIED,
  SSE_STORE_JOB_SAVE,
  SSE_STORE_JOB_PING,
  SSE_STORE_JOB_STOP, /* the last one */
} SseStoreJobType;

/**
 * SseStoreJob:
 * @updates: (element-type SseUpdate): what to append
 * @event: an appended event
 * @position: of an update that was not applied, or of a checkpoint
 * @parts: (element-type SseLogPart): of a checkpoint
 * @full: whether it has the states of all, whatever the file has
 *
 * What the writing thread is asked. What a type has no use for is zero.
 */
typedef struct
{
  SseMail mail;
  SseStoreJobType type;
  GPtrArray *updates;
  SseLogEvent *event;
  guint64 position;
  GArray *parts;
  gboolean full;
} SseStoreJob;

typedef enum
{
  SSE_STORE_NOTE_COMMITTED,
  SSE_STORE_NOTE_FAILED,
  SSE_STORE_NOTE_DUE,
  SSE_STORE_NOTE_WELL,
  SSE_STORE_NOTE_ILL,
  SSE_STORE_NOTE_READ,
  SSE_STORE_NOTE_PONG,
} SseStoreNoteType;

/**
 * SseStoreNote:
 * @updates: (nullable): what was committed, or failed
 * @kept: up to where all events are in the file, where something was committed
 * @error: why it failed
 * @events: (nullable): what was read
 * @position: up to where; or the last one there is, or that a checkpoint has to cover
 * @func: who asked
 *
 * What a thread tells.
 */
typedef struct
{
  SseMail mail;
  SseStoreNoteType type;
  GPtrArray *updates;
  guint64 kept;
  GError *error;
  GPtrArray *events;
  guint64 position;
  SseLogRead func;
  gpointer user_data;
} SseStoreNote;

SseStoreJob  *sse_store_job_new   (SseStoreJobType   type);
void          sse_store_job_free  (SseStoreJob      *self);

SseStoreNote *sse_store_note_new  (SseStoreNoteType  type);
void          sse_store_note_free (SseStoreNote     *self);
void          sse_store_note_post (SseStoreNote     *self,
                                   SseMailbox       *notes);

G_END_DECLS
