/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-peer-text.h"

G_BEGIN_DECLS

/* Who is taken for one and the same at the other end of connections. */

#define SSE_PEER_NAME_BYTES SSE_PEER_TEXT_BYTES

gboolean sse_peer_get_name (const struct sockaddr_storage *address,
                            char                          *name);

G_END_DECLS
