/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-bus-context.h"
#include "sse-bus-generated.h"

G_BEGIN_DECLS

SseBusManager *sse_bus_manager_new_in (SseBusContext *context);

G_END_DECLS
