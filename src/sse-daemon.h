/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-config.h"

G_BEGIN_DECLS

/**
 * SseDaemon:
 *
 * Config, log, sources, hub, fan-out, front and bus, put together.
 */
typedef struct _SseDaemon SseDaemon;

SseDaemon *sse_daemon_new   (SseConfig  *config,
                             GError    **error);
gboolean   sse_daemon_start (SseDaemon  *self,
                             GError    **error);
void       sse_daemon_free  (SseDaemon  *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SseDaemon, sse_daemon_free)

G_END_DECLS
