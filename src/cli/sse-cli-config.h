/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "sse-claims.h"
#include "sse-config.h"

G_BEGIN_DECLS

SseConfig *sse_cli_config_load       (const char  *file,
                                      GError     **error);
SseConfig *sse_cli_config_load_signing
                                     (const char  *file,
                                      const char  *secret_file,
                                      gboolean     own,
                                      GError     **error);
gboolean   sse_cli_config_get_bus    (SseConfig   *config,
                                      GBusType    *bus,
                                      GError     **error);
char      *sse_cli_config_get_url    (SseConfig   *config,
                                      GError     **error);
char      *sse_cli_config_find_own_url
                                     (GError     **error);
char      *sse_cli_config_sign       (SseConfig   *config,
                                      const SseClaims
                                                  *claims,
                                      GError     **error);

G_END_DECLS
