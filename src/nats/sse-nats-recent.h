/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-nats-link.h"

G_BEGIN_DECLS

/* So many messages are known by their ids. */
#define SSE_NATS_RECENT_MESSAGES 64

/**
 * SseNatsRead:
 * @sequence: 0 for none
 * @id: empty where that is not known
 *
 * A message that was read.
 */
typedef struct
{
  guint64 sequence;
  char id[SSE_NATS_ID_BYTES];
} SseNatsRead;

/**
 * SseNatsRecent:
 *
 * The messages that were read last. All zeros for none; it may be copied.
 */
typedef struct
{
  SseNatsRead read[SSE_NATS_RECENT_MESSAGES];
  guint64 n_read; /* of all that there ever were */
} SseNatsRecent;

void               sse_nats_recent_add   (SseNatsRecent       *self,
                                          guint64              sequence,
                                          const char          *id);
const SseNatsRead *sse_nats_recent_get   (const SseNatsRecent *self,
                                          guint                back);

/**
 * SseNatsReview:
 * @n_rounds: that are still to be made through all of them
 * @recent: what was known when the round under way began
 * @back: which of these is next
 * @other: what was found not to be there any more; its sequence is 0 for none
 *
 * Reads them again, the newest first. All zeros to begin with.
 */
typedef struct
{
  guint n_rounds;
  SseNatsRecent recent;
  guint back;
  SseNatsRead other;
} SseNatsReview;

void               sse_nats_review_begin (SseNatsReview       *self,
                                          guint                n_rounds);
SseNatsFound       sse_nats_review_step  (SseNatsReview       *self,
                                          const SseNatsRecent *recent,
                                          guint64              first,
                                          SseNatsLink         *link,
                                          GError             **error);

G_END_DECLS
