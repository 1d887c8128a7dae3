/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libsoup/soup.h>

#include "sse-answer.h"

G_BEGIN_DECLS

/* What is read of libsoup's messages, and written to them. */

const char *sse_message_get_field   (SoupServerMessage *message,
                                     const char        *name);
void        sse_message_respond     (SoupServerMessage *message,
                                     SseAnswer         *answer);

G_END_DECLS
