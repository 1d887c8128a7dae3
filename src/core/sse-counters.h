/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * SseCounters:
 * @connections: those there are now, over HTTP
 * @max_connections: those that are served at once
 * @accepted: those that were accepted, ever; likewise all that follows
 * @refused_by_total: clients turned away because @max_connections were served already
 * @refused_by_address: because their address had its share; also those that were just closed
 * @refused_by_user: because their user had theirs
 * @tokens_refused: tokens that were not valid
 * @accept_pauses: how often nothing was accepted for a while, as descriptors or memory had run out
 *
 * What is counted of clients. Written where it happens, read where it is shown, all in the main
 * thread.
 */
typedef struct
{
  guint connections;
  guint max_connections;
  guint64 accepted;
  guint64 refused_by_total;
  guint64 refused_by_address;
  guint64 refused_by_user;
  guint64 tokens_refused;
  guint64 accept_pauses;
} SseCounters;

G_END_DECLS
