/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-auth.h"
#include "sse-hub.h"
#include "sse-pending.h"

G_BEGIN_DECLS

/* POST /publish/STREAM: an update of whoever has a token for that. */

SseAnswer *sse_publishing_refuse      (SseAuth           *auth,
                                       SseHub            *hub,
                                       const char        *stream,
                                       const SseRequest  *request);
SseUpdate *sse_publishing_make_update (SseAuth           *auth,
                                       SseHub            *hub,
                                       const char        *stream,
                                       const SseUpload   *upload,
                                       char             **user,
                                       SseAnswer        **refusal);

G_END_DECLS
