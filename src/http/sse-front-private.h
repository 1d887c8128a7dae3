/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libsoup/soup.h>

#include "sse-auth.h"
#include "sse-front.h"
#include "sse-listener.h"
#include "sse-ration.h"
#include "sse-reception.h"
#include "sse-routes.h"
#include "sse-takeover.h"
#include "sse-unanswered.h"

G_BEGIN_DECLS

struct _SseFront
{
  SseHub *hub;
  SseAuth auth;
  GVariant *settings; /* that it was made with */
  SseCounters *counters;
  SseListenerOptions options;
  SseCors *cors;
  SseRoutes *routes;
  SoupServer *server;
  SseReception *reception;
  SseListener *listener; /* NULL until it is started */
  SseTakeovers takeovers;
  SseUnanswered *unanswered;
  SseRation told_combinations;

  /* Where a connection's admission hangs on its remote address, which SoupServer keeps as long as
   * it keeps the connection, and shows in every message. SoupServer wants addresses of IP, and all
   * get the same: those of a Unix socket are none. */
  GQuark admission;
  GInetAddress *loopback;
  GSocketAddress *local;
};

void sse_front_respond (SseFront          *self,
                        const SseRoute    *route,
                        SoupServerMessage *message,
                        SseAnswer         *answer);
void sse_front_follow  (SseFront          *self,
                        const SseRoute    *route,
                        SoupServerMessage *message,
                        SseAdmission      *admission,
                        const char        *query);

G_END_DECLS
