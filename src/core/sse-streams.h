/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-revocations.h"
#include "sse-stream-private.h"

G_BEGIN_DECLS

/**
 * SseStreams:
 *
 * All streams of the hub: by name, who follows whom, and what an update does to them.
 */
typedef struct _SseStreams SseStreams;

SseStreams *sse_streams_new   (GPtrArray           *plugins,
                               SseStreamHost       *host);
void        sse_streams_free  (SseStreams          *self);

GPtrArray  *sse_streams_get   (SseStreams          *self);
guint       sse_streams_get_n_channels
                              (SseStreams          *self);
SseStream  *sse_streams_find  (SseStreams          *self,
                               const char          *name);
SseStream  *sse_streams_find_publishable
                              (SseStreams          *self,
                               const char          *name,
                               GError             **error);

gboolean    sse_streams_takes_updates_of
                              (SseStreams          *self,
                               const char          *name,
                               GError             **error);
const SseRevocations *
            sse_streams_get_revocations
                              (SseStreams          *self);

gboolean    sse_streams_load  (SseStreams          *self,
                               SseLog              *log,
                               GError             **error);
gboolean    sse_streams_validate
                              (SseStreams          *self,
                               const SseUpdate     *update,
                               GError             **error);
SseVerdict  sse_streams_apply (SseStreams          *self,
                               const SseUpdate     *update,
                               gboolean             judged,
                               GError             **error);
void        sse_streams_settle
                              (SseStreams          *self);
gboolean    sse_streams_are_settled
                              (SseStreams          *self);
guint       sse_streams_count_clients
                              (SseStreams          *self);
void        sse_streams_save  (SseStreams          *self,
                               SseLog              *log,
                               gboolean             full);
void        sse_streams_stop  (SseStreams          *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SseStreams, sse_streams_free)

G_END_DECLS
