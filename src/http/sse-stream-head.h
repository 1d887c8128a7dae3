/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-cors.h"
#include "sse-frame.h"

G_BEGIN_DECLS

/* How the response to a stream's client begins. */

SseFrame  *sse_stream_head_new    (const SseCors *cors,
                                   const char    *origin,
                                   gboolean       chunked);
SseAnswer *sse_stream_head_refuse (const SseCors *cors,
                                   const char    *origin);

G_END_DECLS
