/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-bus-callers.h"

G_BEGIN_DECLS

/* What polkit is asked for. */
#define SSE_BUS_ACTION_MANAGE "io.github.rivulet.manage"

/**
 * SseBusAuthority:
 *
 * Says who may call what. On the system bus its policy says who publishes, and polkit who manages;
 * root may always. On a session's bus all is for its own user. Where anybody who has to be asked
 * does not answer, nobody may.
 */
typedef struct _SseBusAuthority SseBusAuthority;

/**
 * SseBusAllowed:
 * @invocation: (transfer full): a call that is allowed
 *
 * Carries it out.
 */
typedef void (*SseBusAllowed) (GDBusMethodInvocation *invocation, gpointer user_data);

SseBusAuthority *sse_bus_authority_new     (GBusType               type,
                                            SseBusCallers         *callers);
void             sse_bus_authority_free    (SseBusAuthority       *self);
void             sse_bus_authority_close   (SseBusAuthority       *self);
void             sse_bus_authority_publish (SseBusAuthority       *self,
                                            GDBusMethodInvocation *invocation,
                                            SseBusAllowed          allowed,
                                            gpointer               user_data);
void             sse_bus_authority_manage  (SseBusAuthority       *self,
                                            GDBusMethodInvocation *invocation,
                                            SseBusAllowed          allowed,
                                            gpointer               user_data);

G_END_DECLS
