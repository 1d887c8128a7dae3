/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-setting.h"

G_BEGIN_DECLS

/* The daemon's own groups of the configuration; each array ends with a NULL key. */
extern const SseSetting sse_settings_http[];
extern const SseSetting sse_settings_auth[];
extern const SseSetting sse_settings_hub[];
extern const SseSetting sse_settings_clients[];
extern const SseSetting sse_settings_bus[];
extern const SseSetting sse_settings_plugins[];

G_END_DECLS
