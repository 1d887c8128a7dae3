/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "sse-config.h"
#include "sse-hub.h"
#include "sse-nats-options.h"
#include "sse-store.h"
#include "sse-token.h"

G_BEGIN_DECLS

/**
 * SseOptions:
 * @groups: (element-type utf8 GVariant): the settings of each of the daemon's own groups, an a{sv},
 *   but for the one with a secret in it
 * @http: (not owned): those of the group `http`
 * @operators: (not owned): those of the group `operators`
 * @operators_listen: (array zero-terminated=1): where operators are answered
 * @plugin_dir: (not owned): where the plugins are
 * @token: what clients' tokens are checked with
 * @shutdown_seconds: how long a stop may take
 * @store: how the log is kept, in @directory
 * @directory: (nullable): %NULL where nothing is kept
 * @shared: whether the log is on NATS, as @nats says
 *
 * All that the daemon's own groups of the configuration say, checked.
 */
typedef struct
{
  GHashTable *groups;
  GVariant *http;
  GVariant *operators;
  char **operators_listen;
  const char *plugin_dir;
  SseHubOptions hub;
  SseToken *token;
  guint shutdown_seconds;
  GBusType bus_type;
  SseStoreOptions store;
  char *directory;
  gboolean shared;
  SseNatsOptions nats;
  const char **nats_urls;
} SseOptions;

SseOptions *sse_options_read         (SseConfig   *config,
                                      const char  *state_dirs,
                                      const char  *runtime_dirs,
                                      GError     **error);
void        sse_options_free         (SseOptions  *self);

void        sse_options_tell_restart (SseOptions  *self,
                                      GHashTable  *running);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SseOptions, sse_options_free)

G_END_DECLS
