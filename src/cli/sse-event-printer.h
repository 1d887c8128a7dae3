/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-event-parser.h"

G_BEGIN_DECLS

char *sse_event_print_readable (const SseReceivedEvent *event,
                                const char             *time,
                                gboolean                colours);
char *sse_event_print_json     (const SseReceivedEvent *event);

G_END_DECLS
