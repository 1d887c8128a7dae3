/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <netinet/in.h>
#include <sys/socket.h>

G_BEGIN_DECLS

/* A peer's address as people read it. */

#define SSE_PEER_TEXT_BYTES INET6_ADDRSTRLEN

void sse_peer_text_write (const struct sockaddr_storage *address,
                          char                          *text);

G_END_DECLS
