/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-frame.h"

G_BEGIN_DECLS

SseFrame *sse_retry_frame_new (guint min_ms,
                               guint max_ms);

G_END_DECLS
