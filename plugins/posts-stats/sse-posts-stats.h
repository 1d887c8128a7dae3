/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

/**
 * SsePostsStats:
 *
 * The source of `posts-stats`.
 */
#define SSE_TYPE_POSTS_STATS (sse_posts_stats_get_type ())
G_DECLARE_FINAL_TYPE (SsePostsStats, sse_posts_stats, SSE, POSTS_STATS, GObject)

G_END_DECLS
