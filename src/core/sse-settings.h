/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "sse-config.h"

G_BEGIN_DECLS

/* What the name of a group with a key for tokens begins with; the rest is the key's name. */
#define SSE_SETTINGS_KEY_PREFIX "key "

/**
 * SseSettingsGroup:
 * @name: as in the configuration; behind %SSE_SETTINGS_KEY_PREFIX it stands for any
 * @settings: its keys; ends with a %NULL key
 * @help: (nullable): what it is for, in sentences, where that is more than its name says
 *
 * One of the daemon's own groups of the configuration.
 */
typedef struct
{
  const char *name;
  const SseSetting *settings;
  const char *help;
} SseSettingsGroup;

/**
 * SseSettingsName:
 *
 * One key of one group.
 */
typedef struct
{
  const char *group;
  const char *key;
} SseSettingsName;

/* All of them, as rivuletd lists them; a new one is a line here. Ends with a NULL name. */
extern const SseSettingsGroup sse_settings_groups[];

/* What is only looked at when the daemon starts. Ends with a NULL group. */
extern const SseSettingsName sse_settings_at_start[];

GVariant    *sse_settings_read        (SseConfig  *config,
                                       const char *group,
                                       GError    **error);
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
