/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-config.h"
#include "sse-token.h"

G_BEGIN_DECLS

/* What the group `auth` and the groups of keys say. */

SseToken *sse_token_settings_read (SseConfig  *config,
                                  GError    **error);

G_END_DECLS
