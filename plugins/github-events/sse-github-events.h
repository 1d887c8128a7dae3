/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

/**
 * SseGithubEvents:
 *
 * The source of `github-events`, and the receiver of GitHub's webhooks.
 */
#define SSE_TYPE_GITHUB_EVENTS (sse_github_events_get_type ())
G_DECLARE_FINAL_TYPE (SseGithubEvents, sse_github_events, SSE, GITHUB_EVENTS, GObject)

G_END_DECLS
