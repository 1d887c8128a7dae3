/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "sse-publication.h"

G_BEGIN_DECLS

/**
 * SseBusCallers:
 *
 * Who it is that calls, as the bus knows them: their user, their process and its unit of systemd.
 */
typedef struct _SseBusCallers SseBusCallers;

/**
 * SseBusCallersTold:
 * @caller: who it is; its uid is -1 where the bus does not say, as it has left
 */
typedef void (*SseBusCallersTold) (const SseProcess *caller, gpointer user_data);

SseBusCallers *sse_bus_callers_new  (void);
void           sse_bus_callers_free (SseBusCallers         *self);
void           sse_bus_callers_close
                                    (SseBusCallers         *self);
void           sse_bus_callers_serve
                                    (SseBusCallers         *self,
                                     GDBusConnection       *connection);
void           sse_bus_callers_ask  (SseBusCallers         *self,
                                     GDBusMethodInvocation *invocation,
                                     SseBusCallersTold      told,
                                     gpointer               user_data);

G_END_DECLS
