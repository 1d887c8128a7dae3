/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "sse-event-parser.h"

G_BEGIN_DECLS

/**
 * SseFollowerCalls:
 * @get_token: returns (transfer full) the token for the next connection, or %NULL with an error,
 *   which ends it
 * @event: called with each event
 * @notice: called with a line that tells why the connection was lost and what comes next
 */
typedef struct
{
  char *(*get_token) (gpointer user_data, GError **error);
  void (*event) (const SseReceivedEvent *event, gpointer user_data);
  void (*notice) (const char *text, gpointer user_data);
} SseFollowerCalls;

/**
 * SseFollower:
 *
 * Follows one stream over HTTP, and connects again when it is lost: at most three times in a row,
 * with the last event's id, after a time that the server says (else 1 s) and that doubles.
 */
typedef struct _SseFollower SseFollower;

SseFollower *sse_follower_new  (const char             *url,
                                const char             *path,
                                const char             *last_event_id,
                                const SseFollowerCalls *calls,
                                gpointer                user_data,
                                GError                **error);
void         sse_follower_free (SseFollower            *self);
gboolean     sse_follower_run  (SseFollower            *self,
                                GError                **error);
void         sse_follower_stop (SseFollower            *self,
                                GError                 *error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SseFollower, sse_follower_free)

G_END_DECLS
