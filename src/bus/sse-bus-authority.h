/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-bus-callers.h"

G_BEGIN_DECLS

/* What polkit is asked for. */
#define SSE_BUS_ACTION_MANAGE "io.github.rivulet.manage"

/**
 * SseBusGate:
 * @SSE_BUS_GATE_PUBLISH: what publishers do
 * @SSE_BUS_GATE_MANAGE: what administrators do
 */
typedef enum
{
  SSE_BUS_GATE_PUBLISH,
  SSE_BUS_GATE_MANAGE,
} SseBusGate;

/**
 * SseBusAuthority:
 *
 * Says who may call what. On the system bus its policy says who publishes, and polkit who manages;
 * root may always. On a session's bus all is for its own user. Where anybody who has to be asked
 * does not answer, nobody may.
 */
typedef struct _SseBusAuthority SseBusAuthority;

/**
 * SseBusJudged:
 * @error: (nullable): why it is not allowed: %SSE_ERROR_NOT_AUTHORIZED, or where that can't be said
 *   now %SSE_ERROR_BUSY; %NULL where it is allowed
 */
typedef void (*SseBusJudged) (const GError *error, gpointer user_data);

SseBusAuthority *sse_bus_authority_new     (GBusType               type);
void             sse_bus_authority_free    (SseBusAuthority       *self);
void             sse_bus_authority_close   (SseBusAuthority       *self);
gboolean         sse_bus_authority_is_open (SseBusAuthority       *self,
                                            SseBusGate             gate);
void             sse_bus_authority_judge   (SseBusAuthority       *self,
                                            const SseProcess      *caller,
                                            GDBusMethodInvocation *invocation,
                                            SseBusJudged           judged,
                                            gpointer               user_data);

G_END_DECLS
