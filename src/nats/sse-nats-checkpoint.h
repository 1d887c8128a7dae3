/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-log.h"
#include "sse-nats-link.h"

G_BEGIN_DECLS

/* Of one message. */
#define SSE_NATS_CHECKPOINT_CHUNK_BYTES 524288
/* Of all states together: what a GByteArray holds. */
#define SSE_NATS_CHECKPOINT_MAX_BYTES (G_GUINT64_CONSTANT (2) << 30)

/**
 * SseNatsPart:
 * @stream: a stream's name
 * @sum: of its source's state, SHA-256 in hexadecimal
 *
 * What a checkpoint says of a source without its state.
 */
typedef struct
{
  char *stream;
  char *sum;
} SseNatsPart;

/**
 * SseNatsCheckpoint:
 * @id: of the message that asked for it
 * @sequence: of that message: all before is in it
 * @n_chunks: in how many messages the states are
 * @n_bytes: of them altogether
 * @sum: of all of them, as of a part
 * @parts: (element-type SseNatsPart): in the order of the states
 *
 * What the newest checkpoint says of itself.
 */
typedef struct
{
  char *id;
  guint64 sequence;
  guint64 n_chunks;
  guint64 n_bytes;
  char *sum;
  GPtrArray *parts;
} SseNatsCheckpoint;

SseNatsCheckpoint *sse_nats_checkpoint_new    (const char               *id,
                                               guint64                   sequence,
                                               GArray                   *parts,
                                               GBytes                  **states);
void               sse_nats_checkpoint_free   (SseNatsCheckpoint        *self);
char              *sse_nats_checkpoint_format (const SseNatsCheckpoint  *self);
SseNatsCheckpoint *sse_nats_checkpoint_parse  (const char               *text);
GVariant          *sse_nats_checkpoint_read   (const SseNatsCheckpoint  *self,
                                               GBytes                   *bytes,
                                               GError                  **error);
gboolean           sse_nats_checkpoint_ask    (SseNatsLink              *link,
                                               SseNatsCheckpoint       **checkpoint,
                                               GError                  **error);
gboolean           sse_nats_checkpoint_load   (SseNatsLink              *link,
                                               guint64                   first,
                                               SseNatsCheckpoint       **checkpoint,
                                               GVariant                **states,
                                               GError                  **error);
gboolean           sse_nats_checkpoint_write  (const SseNatsCheckpoint  *self,
                                               SseNatsLink              *link,
                                               GBytes                   *states,
                                               guint64                  *before,
                                               GError                  **error);
GPtrArray         *sse_nats_checkpoint_differ (const SseNatsCheckpoint  *self,
                                               const SseNatsCheckpoint  *other);
const char        *sse_nats_checkpoint_find_missing
                                              (const SseNatsCheckpoint  *self,
                                               const SseNatsCheckpoint  *other);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SseNatsCheckpoint, sse_nats_checkpoint_free)

G_END_DECLS
