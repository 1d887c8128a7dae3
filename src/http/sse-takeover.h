/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libsoup/soup.h>

#include "sse-link.h"

G_BEGIN_DECLS

/* Takes the sockets of messages away from SoupServer. */

/* Told once; @fd is a duplicate of the message's socket, non-blocking and the callee's. */
typedef void (*SseTakeoverDone) (int fd, gpointer user_data);

void sse_takeover_begin      (SseLink           *list,
                              SoupServerMessage *message,
                              SseTakeoverDone    done,
                              gpointer           user_data,
                              GDestroyNotify     destroy);
void sse_takeover_cancel_all (SseLink           *list);

G_END_DECLS
