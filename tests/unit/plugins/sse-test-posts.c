/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-test-posts.h"

/* Asserts that @audience sees these counters. */
void
sse_test_posts_assert_stats (SseTestSource *test, const char *audience, const char *stats)
{
  g_autofree char *members = g_strdup_printf ("'stats':%s", stats);

  sse_test_source_assert_view (test, STATS, audience, members);
}

/* Asserts that @audience sees these lists. */
void
sse_test_posts_assert_posts (SseTestSource *test, const char *audience, const char *posts)
{
  g_autofree char *members = g_strdup_printf ("'postsByStatus':%s", posts);

  sse_test_source_assert_view (test, POSTS, audience, members);
}
