/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-bus-context.h"
#include "sse-bus-generated.h"

G_BEGIN_DECLS

SseBusPublisher *sse_bus_publisher_new_in (SseBusContext *context);

G_END_DECLS
