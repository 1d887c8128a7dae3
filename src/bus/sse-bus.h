/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "sse-counters.h"
#include "sse-hub.h"

G_BEGIN_DECLS

#define SSE_BUS_NAME "io.github.rivulet.Rivulet"
#define SSE_BUS_PATH "/io/github/rivulet/Rivulet"

/**
 * SseBus:
 *
 * The hub's face on a message bus: the name, the Publisher, the Server and the streams' objects.
 * When the bus goes away it is waited for, and the name taken again.
 */
typedef struct _SseBus SseBus;

SseBus *sse_bus_new  (GBusType           type,
                      SseHub            *hub,
                      const SseCounters *counters,
                      GError           **error);
void    sse_bus_free (SseBus            *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SseBus, sse_bus_free)

G_END_DECLS
