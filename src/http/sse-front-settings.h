/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-listener.h"

G_BEGIN_DECLS

/* What the settings of the group `http` say. */

gboolean           sse_front_settings_check (GVariant    *settings,
                                             const char **key,
                                             GError     **error);
SseListenerOptions sse_front_settings_read  (GVariant    *settings);

G_END_DECLS
