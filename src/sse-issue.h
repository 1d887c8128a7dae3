/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-hub.h"
#include "sse-token.h"

G_BEGIN_DECLS

char *sse_issue_token (SseHub             *hub,
                       SseToken           *token,
                       const char         *subject,
                       const char *const  *streams,
                       guint               seconds,
                       GError            **error);

G_END_DECLS
