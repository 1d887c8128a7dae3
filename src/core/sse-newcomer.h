/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-audience.h"
#include "sse-ring.h"
#include "sse-stream-private.h"

G_BEGIN_DECLS

/**
 * SseNewcomer:
 * @audience: (not owned): its user
 *
 * A client from when the hub has it until the fan-out has: it may have to wait for the next
 * rendering of what it must get first.
 */
typedef struct
{
  SseAudience *audience;

  /*< private >*/
  int fd;
  gboolean chunked;
  gint64 expires;
  char *last_event_id;
  SseFrame *head;
  SseTicket *ticket;
} SseNewcomer;

SseNewcomer *sse_newcomer_new  (const SseSubscriber *subscriber,
                                SseAudience         *audience);
void         sse_newcomer_free (SseNewcomer         *self);
void         sse_newcomer_join (SseNewcomer         *self,
                                SseAudience         *seen,
                                SseSource           *source,
                                SseRing             *ring,
                                guint                channel,
                                SseStreamHost       *host);

G_END_DECLS
