/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-audience.h"
#include "sse-ring.h"
#include "sse-stream-private.h"

G_BEGIN_DECLS

/**
 * SseNewcomer:
 * @audience: (not owned): its user
 * @owner: (not owned): whom sse_newcomer_feed() tells
 * @waits: whether it waits for the next rendering
 * @gone: whether it has left meanwhile
 *
 * A client from when the hub has it until it gets what all others get: it may have to be given
 * what it missed in slices, and to wait for the next rendering of what it must get first.
 */
typedef struct
{
  SseAudience *audience;
  gpointer owner;
  gboolean waits;
  gboolean gone;

  /*< private >*/
  int fd;
  gboolean chunked;
  gint64 expires;
  SseFrame *head;
  SseTicket *ticket;
  gboolean resumes;
  guint64 position; /* where it was, and what it was given since */
  SseCatchUp *catch_up; /* NULL unless it gets slices */
} SseNewcomer;

SseNewcomer *sse_newcomer_new       (const SseSubscriber *subscriber,
                                     SseAudience         *audience);
void         sse_newcomer_free      (SseNewcomer         *self);
void         sse_newcomer_resume    (SseNewcomer         *self,
                                     const char          *last_event_id,
                                     const SseRing       *ring,
                                     const SseStreamHost *host);
gboolean     sse_newcomer_is_behind (SseNewcomer         *self,
                                     const SseRing       *ring,
                                     const SseStreamHost *host);
void         sse_newcomer_feed      (SseNewcomer         *self,
                                     const SseRing       *ring,
                                     guint                channel,
                                     const SseStreamHost *host,
                                     SseFanoutFed         fed);
void         sse_newcomer_join      (SseNewcomer         *self,
                                     SseAudience         *seen,
                                     SseSource           *source,
                                     const SseRing       *ring,
                                     guint                channel,
                                     const SseStreamHost *host);

G_END_DECLS
