/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-frame.h"

G_BEGIN_DECLS

SseFrame *sse_set_back (const SseFrame *event);

G_END_DECLS
