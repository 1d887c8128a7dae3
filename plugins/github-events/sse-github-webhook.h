/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-update.h"

G_BEGIN_DECLS

#define SSE_GITHUB_WEBHOOK_PATH     "/github/webhook"
#define SSE_GITHUB_WEBHOOK_MAX_BODY (25 * 1024 * 1024)

gboolean sse_github_webhook_receive (GHashTable  *headers,
                                     GBytes      *body,
                                     GBytes      *secret,
                                     GBytes      *previous_secret,
                                     SseUpdate  **update,
                                     GError     **error);

G_END_DECLS
