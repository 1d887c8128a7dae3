/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-update.h"

G_BEGIN_DECLS

gboolean sse_posts_shape_check (const SseUpdate *update,
                                GError         **error);

G_END_DECLS
