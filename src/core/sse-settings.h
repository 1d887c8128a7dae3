/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "sse-config.h"

G_BEGIN_DECLS

/* What the name of a group with a key for tokens begins with; the rest is the key's name. */
#define SSE_SETTINGS_KEY_PREFIX "key "

/* The daemon's own groups of the configuration; each array ends with a NULL key. */
extern const SseSetting sse_settings_http[];
extern const SseSetting sse_settings_operators[];
extern const SseSetting sse_settings_auth[];
extern const SseSetting sse_settings_key[]; /* of each group [key NAME] */
extern const SseSetting sse_settings_hub[];
extern const SseSetting sse_settings_log[];
extern const SseSetting sse_settings_clients[];
extern const SseSetting sse_settings_bus[];
extern const SseSetting sse_settings_plugins[];

gboolean     sse_settings_get_boolean (GVariant   *settings,
                                       const char *key);
gsize        sse_settings_get_number  (GVariant   *settings,
                                       const char *key);
const char **sse_settings_get_strings (GVariant   *settings,
                                       const char *key);
const char  *sse_settings_get_string  (GVariant   *settings,
                                       const char *key);
gboolean     sse_settings_read_bus    (SseConfig  *config,
                                       GBusType   *type,
                                       GError    **error);

G_END_DECLS
