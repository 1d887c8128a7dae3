/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>
#include <gmodule.h>

#include "sse-error.h"
#include "sse-json.h"
#include "sse-receiver.h"
#include "sse-source.h"
#include "sse-time.h"

G_BEGIN_DECLS

/* Grows with every change of these headers that a plugin would have to be built anew for. */
#define SSE_PLUGIN_ABI 1

#define SSE_PLUGIN_SYMBOL "sse_plugin_info"

/**
 * SsePluginInfo:
 * @abi_version: %SSE_PLUGIN_ABI as the plugin was built with; compared before all else
 * @struct_size: sizeof (SsePluginInfo), likewise
 * @name: the plugin's name, that of its stream
 * @version: its own version
 * @get_type: a type that implements #SseSource; if it is also a #GInitable it is initialised
 *
 * The one symbol that a plugin exports, as data: it can be looked at before any of its code runs.
 */
typedef struct
{
  guint32 abi_version;
  guint32 struct_size;
  const char *name;
  const char *version;
  GType (*get_type) (void);
} SsePluginInfo;

/**
 * SSE_PLUGIN_DEFINE:
 * @plugin_name: a string
 * @plugin_version: a string
 * @plugin_get_type: the function that returns the source's type
 *
 * Defines and exports the plugin's symbol.
 */
#define SSE_PLUGIN_DEFINE(plugin_name, plugin_version, plugin_get_type)                            \
  G_MODULE_EXPORT extern const SsePluginInfo sse_plugin_info;                                      \
  const SsePluginInfo sse_plugin_info = {                                                          \
    SSE_PLUGIN_ABI, sizeof (SsePluginInfo), plugin_name, plugin_version, plugin_get_type           \
  };

G_END_DECLS
