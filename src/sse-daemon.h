/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-config.h"

G_BEGIN_DECLS

/**
 * SseDaemon:
 *
 * Config, log, sources, hub, fan-out, front, bus and what operators see, put together.
 */
typedef struct _SseDaemon SseDaemon;

/**
 * SseDaemonReadConfig:
 * @error: why a file can't be read
 *
 * Reads the configuration, at start and whenever it is loaded again.
 *
 * Returns: (transfer full): what files and the command line say
 */
typedef SseConfig *(*SseDaemonReadConfig) (gpointer user_data, GError **error);

SseDaemon *sse_daemon_new    (SseDaemonReadConfig  read_config,
                              gpointer             user_data,
                              const char          *state_dirs,
                              const char          *runtime_dirs,
                              GError             **error);
gboolean   sse_daemon_load   (SseDaemon           *self,
                              GError             **error);
gboolean   sse_daemon_start  (SseDaemon           *self,
                              GError             **error);
gboolean   sse_daemon_serve  (SseDaemon           *self,
                              GMainLoop           *loop,
                              GError             **error);
gboolean   sse_daemon_reload (SseDaemon           *self,
                              GError             **error);
void       sse_daemon_stop   (SseDaemon           *self);
void       sse_daemon_free   (SseDaemon           *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SseDaemon, sse_daemon_free)

G_END_DECLS
