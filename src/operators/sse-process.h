/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-exposition.h"

G_BEGIN_DECLS

/* What the kernel says of this process, in metrics of the names that all programs have for it. */

double sse_process_read_start (void);
void   sse_process_expose     (SseExposition *out,
                               double         start);

G_END_DECLS
