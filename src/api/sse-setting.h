/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * SseSettingType:
 * @SSE_SETTING_BOOLEAN: `true` or `false`; a `b`
 * @SSE_SETTING_INTEGER: a decimal number within the bounds; an `x`
 * @SSE_SETTING_STRING: a text; an `s`
 * @SSE_SETTING_STRINGS: texts separated by semicolons; an `as`
 * @SSE_SETTING_SECRET: the path of a file whose content, less a final line end, is the secret; an
 *   `ay` with that content. Where it is not set, the systemd credential named `GROUP.KEY` is taken
 *   if there is one. @minimum and @maximum bound its length in bytes.
 */
typedef enum
{
  SSE_SETTING_BOOLEAN,
  SSE_SETTING_INTEGER,
  SSE_SETTING_STRING,
  SSE_SETTING_STRINGS,
  SSE_SETTING_SECRET,
} SseSettingType;

/**
 * SseSetting:
 * @key: its name in the configuration; %NULL ends an array of settings
 * @type: what its value is
 * @default_value: (nullable): as one would write it in the file; %NULL: unset
 * @minimum: the least value of a number
 * @maximum: the greatest
 * @help: what it does, with its unit, in English, in sentences for whoever configures it. What its
 *   type, its default and its bounds say is not repeated there
 *
 * One key of a group in the configuration: what it is checked with, and what the default
 * configuration and the manual are made from.
 */
typedef struct
{
  const char *key;
  SseSettingType type;
  const char *default_value;
  gint64 minimum;
  gint64 maximum;
  const char *help;
} SseSetting;

G_END_DECLS
