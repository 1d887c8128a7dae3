/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-answer.h"
#include "sse-hub.h"

G_BEGIN_DECLS

/**
 * SseDashboard:
 *
 * The page on which operators see the streams live, and what belongs to it. It follows them as any
 * other client does, with a token, where clients do: nothing of a user's is in what is answered
 * here.
 */
typedef struct _SseDashboard SseDashboard;

SseDashboard *sse_dashboard_new           (void);
void          sse_dashboard_free          (SseDashboard       *self);
SseAnswer    *sse_dashboard_answer        (const SseDashboard *self,
                                           const char         *path,
                                           const char         *if_none_match,
                                           const char         *streams_url);

char         *sse_dashboard_render_config (SseHub             *hub,
                                           const char         *streams_url,
                                           GVariant           *http);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SseDashboard, sse_dashboard_free)

G_END_DECLS
