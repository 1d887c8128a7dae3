/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-nats-link.h"

G_BEGIN_DECLS

/**
 * SseNatsEpoch:
 * @name: drawn at random
 * @created: when the stream that it is of was made, in ns since 1970 UTC
 * @sequence: of the message that says so, 0 for none
 *
 * What nodes agree on: all ids of events begin with it.
 */
typedef struct
{
  char *name;
  gint64 created;
  guint64 sequence;
} SseNatsEpoch;

/**
 * SseNatsPlace:
 * @epoch: (nullable): %NULL for none
 * @sequence: of the last message
 * @id: of that message; empty where that is not known
 *
 * Where a node was in the log.
 */
typedef struct
{
  const char *epoch;
  guint64 sequence;
  const char *id;
} SseNatsPlace;

void     sse_nats_epoch_clear (SseNatsEpoch  *self);
gboolean sse_nats_epoch_parse (const char    *text,
                               SseNatsEpoch  *epoch);
gboolean sse_nats_epoch_keep  (SseNatsLink          *link,
                               const char           *name,
                               gint64                created,
                               const SseNatsExtent  *extent,
                               SseNatsEpoch         *epoch,
                               GError              **error);
gboolean sse_nats_epoch_agree (SseNatsLink         *link,
                               const SseNatsPlace  *known,
                               SseNatsEpoch        *epoch,
                               SseNatsExtent       *extent,
                               GError             **error);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (SseNatsEpoch, sse_nats_epoch_clear)

G_END_DECLS
