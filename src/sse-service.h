/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* What the service manager gives the daemon, and is told of it: sd_listen_fds(3), sd_notify(3).
 * Without one, nothing is given, and telling does nothing. */

#define SSE_SERVICE_PUBLIC    "public"
#define SSE_SERVICE_OPERATORS "operators"

/**
 * SseServiceSockets:
 * @public: (element-type SseBound) (nullable): for clients; %NULL where there are none
 * @operators: (element-type SseBound) (nullable): for operators; likewise
 *
 * Sockets by their names.
 */
typedef struct
{
  GPtrArray *public;
  GPtrArray *operators;
} SseServiceSockets;

gboolean   sse_service_take_sockets     (SseServiceSockets  *sockets,
                                         GError            **error);
void       sse_service_sockets_clear    (SseServiceSockets  *sockets);
void       sse_service_tell_ready       (void);
void       sse_service_tell_reloading   (void);
void       sse_service_tell_stopping    (guint               seconds);
gint64     sse_service_get_watchdog     (void);
void       sse_service_feed_watchdog    (void);
void       sse_service_tell_status      (const char         *format,
                                         ...) G_GNUC_PRINTF (1, 2);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (SseServiceSockets, sse_service_sockets_clear)

G_END_DECLS
