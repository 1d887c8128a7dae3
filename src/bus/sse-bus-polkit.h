/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-bus-authority.h"

G_BEGIN_DECLS

/**
 * SseBusPolkit:
 *
 * Asks polkit whether somebody may manage.
 */
typedef struct _SseBusPolkit SseBusPolkit;

SseBusPolkit *sse_bus_polkit_new   (void);
void          sse_bus_polkit_free  (SseBusPolkit          *self);
void          sse_bus_polkit_close (SseBusPolkit          *self);
void          sse_bus_polkit_ask   (SseBusPolkit          *self,
                                    guint32                uid,
                                    GDBusMethodInvocation *invocation,
                                    SseBusJudged           judged,
                                    gpointer               user_data);

G_END_DECLS
