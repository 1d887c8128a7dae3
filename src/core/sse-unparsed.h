/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-update.h"

G_BEGIN_DECLS

/* What can be said of an update before it is parsed. */

gboolean sse_unparsed_check_size     (gsize             size,
                                      gsize             max,
                                      GError          **error);
gboolean sse_unparsed_check_audience (const char       *audience,
                                      GError          **error);
gsize    sse_unparsed_estimate_bytes (const SseUpdate  *update);

G_END_DECLS
