/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-log-load.h"

G_BEGIN_DECLS

gboolean sse_log_ahead_load (SseDatabase  *database,
                             guint64       after,
                             guint64       dense,
                             SseLogEach    func,
                             gpointer      user_data,
                             GError      **error);

G_END_DECLS
