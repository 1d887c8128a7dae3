/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-config.h"

G_BEGIN_DECLS

GVariant *sse_config_value_parse (SseConfig        *config,
                                  const char       *group,
                                  const SseSetting *setting,
                                  const char       *text,
                                  GError          **error);

G_END_DECLS
