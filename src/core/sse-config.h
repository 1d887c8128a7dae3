/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-setting.h"

G_BEGIN_DECLS

/**
 * SseConfig:
 *
 * What configuration files and the command line say, as text with the place where it was said,
 * until a table of settings gives it types and bounds.
 */
typedef struct _SseConfig SseConfig;

/**
 * SseConfigError:
 * @SSE_CONFIG_ERROR_UNREADABLE: a file could not be read or parsed
 * @SSE_CONFIG_ERROR_UNKNOWN: a group or key that nothing knows
 * @SSE_CONFIG_ERROR_INVALID: a value of the wrong type or out of its bounds
 *
 * Messages name file, group and key.
 */
typedef enum
{
  SSE_CONFIG_ERROR_UNREADABLE,
  SSE_CONFIG_ERROR_UNKNOWN,
  SSE_CONFIG_ERROR_INVALID,
} SseConfigError;

#define SSE_CONFIG_ERROR (sse_config_error_quark ())
GQuark     sse_config_error_quark  (void);

SseConfig *sse_config_new          (const char       *credentials_dir);
void       sse_config_free         (SseConfig        *self);
gboolean   sse_config_load         (SseConfig        *self,
                                    const char       *path,
                                    gboolean          required,
                                    GError          **error);
void       sse_config_set          (SseConfig        *self,
                                    const char       *group,
                                    const char       *key,
                                    const char       *value,
                                    const char       *origin);
void       sse_config_ignore_group (SseConfig        *self,
                                    const char       *group);
GStrv      sse_config_list_groups  (SseConfig        *self,
                                    const char       *prefix);
GVariant  *sse_config_get_group    (SseConfig        *self,
                                    const char       *group,
                                    const SseSetting *settings,
                                    GError          **error);
char      *sse_config_describe     (SseConfig        *self,
                                    const char       *group,
                                    const char       *key);
gboolean   sse_config_fail         (SseConfig        *self,
                                    const char       *group,
                                    const char       *key,
                                    GError          **error,
                                    const char       *format,
                                    ...) G_GNUC_PRINTF (5, 6);
gboolean   sse_config_check_groups (SseConfig        *self,
                                    GError          **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SseConfig, sse_config_free)

G_END_DECLS
