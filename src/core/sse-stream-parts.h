/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-ring.h"
#include "sse-stream-private.h"
#include "sse-viewers.h"

G_BEGIN_DECLS

/* What a stream is made of, for the files that make it. */
struct _SseStream
{
  GObject parent_instance;

  char *name;
  char *path;
  char *plugin;
  char *error; /* why it is disabled, NULL where it is not */

  SseSource *source;
  SseStreamHost *host;
  guint channel;
  SseBatch *batch;
  SseRing *ring;
  SseViewers *viewers;

  guint64 position;
  guint64 restored;
  guint64 saved; /* its position at the last checkpoint */
  SseStreamCounters counters;
  gboolean cannot_follow;
};

SseFrame *sse_stream_keep_frame   (SseStream         *self,
                                   const SseLogEvent *event);
void      sse_stream_tell_changed (SseStream         *self);

G_END_DECLS
