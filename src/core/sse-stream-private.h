/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-forerunners.h"
#include "sse-client-journal.h"
#include "sse-hub.h"
#include "sse-stream.h"

G_BEGIN_DECLS

/* See sse-viewers.h and sse-newcomer.h. */
typedef struct _SseViewers SseViewers;
typedef struct _SsePart SsePart;

/* See sse-combination.h. */
typedef struct _SseCombinations SseCombinations;

/**
 * SseStreamHost:
 * @fanout: (not owned): where frames go
 * @log: where what is appended is kept
 * @epoch: the current epoch
 * @position: the last position that was applied, of any stream
 * @conflate: least time between two turns of rendering, in µs
 * @n_behind: clients of any stream that are catching up
 * @slice_bytes: of what a client missed that it is given at a time
 * @ring_events: appended events kept for clients that resume
 * @ring_bytes: the same in bytes
 * @journal: what is told of clients
 * @combinations: those of streams that are followed on one connection
 *
 * What the hub's streams share.
 */
typedef struct
{
  SseFanout *fanout;
  SseLog *log;
  char *epoch;
  guint64 position;
  gint64 conflate;
  guint n_behind;
  gsize slice_bytes;
  guint ring_events;
  gsize ring_bytes;
  SseClientJournal journal;
  SseCombinations *combinations;
  SseForerunners *forerunners;
} SseStreamHost;

/* What only the hub calls. */
SseStream  *sse_stream_new          (SseSource           *source,
                                     const char          *plugin,
                                     guint                channel,
                                     SseStreamHost       *host);
SseStream  *sse_stream_new_disabled (const char          *name,
                                     const char          *plugin,
                                     const char          *error);
void        sse_stream_restore      (SseStream           *self,
                                     guint64              position,
                                     GVariant            *state);
guint64     sse_stream_get_restored (SseStream           *self);
void        sse_stream_begin_events (SseStream           *self,
                                     guint64              after);
void        sse_stream_add_event    (SseStream           *self,
                                     const SseLogEvent   *event);
gboolean    sse_stream_replay       (SseStream           *self,
                                     const SseUpdate     *update);
GVariant   *sse_stream_save         (SseStream           *self,
                                     gboolean             full);
SseVerdict  sse_stream_apply        (SseStream           *self,
                                     const SseUpdate     *update,
                                     GError             **error);
void        sse_stream_follow       (SseStream           *self,
                                     const SseUpdate     *update);
void        sse_stream_stop         (SseStream           *self);
void        sse_stream_settle       (SseStream           *self);
gboolean    sse_stream_is_settled   (SseStream           *self);
void        sse_stream_touch        (SseStream           *self,
                                     SseTouch             touch);
void        sse_stream_subscribe    (SseStream           *self,
                                     const SseSubscriber *subscriber);
void        sse_stream_enter        (SseStream           *self,
                                     guint                channel,
                                     guint                number,
                                     const char          *user,
                                     SsePart             *part);
GArray     *sse_stream_get_channels (SseStream           *self);
void        sse_stream_end_user     (SseStream           *self,
                                     const char          *user);
void        sse_stream_disable      (SseStream           *self,
                                     const char          *reason);
void        sse_stream_turn_out     (SseStream           *self);
void        sse_stream_client_left  (SseStream           *self,
                                     guint                channel,
                                     const char          *user,
                                     SseCloseReason       reason);

G_END_DECLS
