/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-bus-generated.h"
#include "sse-hub.h"

G_BEGIN_DECLS

SseBusPublisher *sse_bus_publisher_new_for_hub (SseHub *hub);

G_END_DECLS
