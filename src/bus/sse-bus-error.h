/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-error.h"

G_BEGIN_DECLS

void        sse_bus_error_register (void);
const char *sse_bus_error_get_name (const GError *error);

G_END_DECLS
