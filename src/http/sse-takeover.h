/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libsoup/soup.h>

#include "sse-link.h"

G_BEGIN_DECLS

/**
 * SseTakeovers:
 *
 * Takes the sockets of messages away from SoupServer.
 */
typedef struct
{
  /*< private >*/
  SseLink under_way;
  int spare_fd; /* -1 where there is none */
} SseTakeovers;

/* Told once; @fd is a duplicate of the message's socket, non-blocking and the callee's. */
typedef void (*SseTakeoverDone) (int fd, gpointer user_data);

void sse_takeovers_init  (SseTakeovers      *self);
void sse_takeovers_clear (SseTakeovers      *self);
void sse_takeovers_begin (SseTakeovers      *self,
                          SoupServerMessage *message,
                          SseTakeoverDone    done,
                          gpointer           user_data,
                          GDestroyNotify     destroy);

G_END_DECLS
