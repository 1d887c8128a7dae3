/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-fanout.h"
#include "sse-ration.h"

G_BEGIN_DECLS

/**
 * SseClientJournal:
 *
 * What the journal is told of clients: of each where somebody wants to debug, else of those alone
 * that miss something, and of these not more than it can hold. Zeros to begin with.
 */
typedef struct
{
  /*< private >*/
  SseRation closed;
  SseRation afresh;
} SseClientJournal;

/**
 * SseClientRecord:
 * @stream: what it follows
 * @user: who it is
 * @last_event_id: (nullable): where it was when it came, as it said
 * @position: where the stream is
 *
 * A client, for the journal.
 */
typedef struct
{
  const char *stream;
  const char *user;
  const char *last_event_id;
  guint64 position;
} SseClientRecord;

void sse_client_journal_came   (SseClientJournal      *self,
                                const SseClientRecord *client,
                                gboolean               afresh);
void sse_client_journal_closed (SseClientJournal      *self,
                                const SseClientRecord *client,
                                SseCloseReason         reason);

G_END_DECLS
