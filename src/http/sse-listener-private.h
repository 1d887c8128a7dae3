/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-listener.h"
#include "sse-ration.h"

G_BEGIN_DECLS

/**
 * SseListener:
 * @bound: (element-type SseBound): what it listens on; empty once it is stopped
 * @buffer: for one head at a time
 * @waiting: (element-type SsePending): for their heads, the oldest first
 * @bodies: (element-type SsePending): for their bodies, the oldest first
 * @leaving: (element-type SsePending): answered, the oldest first
 * @resume_at: while paused; monotonic, in µs
 */
struct _SseListener
{
  SseListenerOptions options;
  const SseListenerFuncs *funcs;
  gpointer user_data;
  SseCounters *counters;

  GPtrArray *bound;
  char **addresses;
  int epoll_fd;
  GSource *source;
  char *buffer;

  SseGate *gate;
  SseLink waiting;
  SseLink bodies;
  SseLink leaving;

  gboolean paused;
  gint64 resume_at;
  SseRation told;
};

typedef struct
{
  GSource source;
  SseListener *listener;
} SseListenerSource;

gboolean sse_listener_dispatch (GSource     *source,
                                GSourceFunc  callback,
                                gpointer     user_data);
void     sse_listener_wake_at  (SseListener *self,
                                gint64       when);
void     sse_listener_ignore   (SseListener *self);
void     sse_listener_resume   (SseListener *self);
void     sse_listener_on_left  (gpointer     user_data);

G_END_DECLS
