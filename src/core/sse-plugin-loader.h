/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-config.h"
#include "sse-source.h"

G_BEGIN_DECLS

/**
 * SsePlugin:
 * @file: the shared object's path
 * @name: its own name, or its file's where that could not be learnt
 * @version: (nullable): its own version
 * @source: (nullable): its source; %NULL where the plugin is disabled
 * @settings: (nullable): the settings that its source has
 * @error: (nullable): why it is disabled
 *
 * One shared object in the plugins' directory, usable or not.
 */
typedef struct
{
  char *file;
  char *name;
  char *version;
  SseSource *source;
  GVariant *settings;
  GError *error;
} SsePlugin;

/**
 * SsePluginsConfigure:
 * @plugin: a plugin with a source
 * @settings: other settings for it
 * @error: why it does not take them; then it keeps those that it had
 */
typedef gboolean (*SsePluginsConfigure) (SsePlugin *plugin,
                                         GVariant  *settings,
                                         gpointer   user_data,
                                         GError   **error);

/**
 * SsePluginError:
 * @SSE_PLUGIN_ERROR_OPEN: no shared object, or what it needs is missing
 * @SSE_PLUGIN_ERROR_SYMBOL: it does not export %SSE_PLUGIN_SYMBOL
 * @SSE_PLUGIN_ERROR_ABI: it was built against another version of the interface
 * @SSE_PLUGIN_ERROR_TYPE: what it makes is no proper source
 * @SSE_PLUGIN_ERROR_DUPLICATE: another plugin has its stream or path
 */
typedef enum
{
  SSE_PLUGIN_ERROR_OPEN,
  SSE_PLUGIN_ERROR_SYMBOL,
  SSE_PLUGIN_ERROR_ABI,
  SSE_PLUGIN_ERROR_TYPE,
  SSE_PLUGIN_ERROR_DUPLICATE,
} SsePluginError;

#define SSE_PLUGIN_ERROR (sse_plugin_error_quark ())
GQuark     sse_plugin_error_quark (void);

GPtrArray *sse_plugins_load        (const char         *directory,
                                    GError            **error);
gboolean   sse_plugins_configure   (GPtrArray          *plugins,
                                    SseConfig          *config,
                                    GError            **error);
gboolean   sse_plugins_reconfigure (GPtrArray          *plugins,
                                    SseConfig          *config,
                                    SsePluginsConfigure configure,
                                    gpointer            user_data,
                                    GError            **error);

G_END_DECLS
