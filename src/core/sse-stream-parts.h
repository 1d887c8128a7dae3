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

/**
 * SseEventFrames:
 * @plain: an appended event; %NULL for none
 * @prefixed: the same for those who follow several streams; %NULL where nobody does
 */
typedef struct
{
  SseFrame *plain;
  SseFrame *prefixed;
} SseEventFrames;

static inline void
sse_event_frames_clear (SseEventFrames *self)
{
  g_clear_pointer (&self->plain, sse_frame_unref);
  g_clear_pointer (&self->prefixed, sse_frame_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (SseEventFrames, sse_event_frames_clear)

SseEventFrames sse_stream_keep_frames  (SseStream         *self,
                                        const SseLogEvent *event);
void           sse_stream_tell_changed (SseStream         *self);

G_END_DECLS
