/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-test-source.h"

G_BEGIN_DECLS

/* Updates and views of `posts-stats`, written with ' for ". */

enum
{
  STATS,
  POSTS,
};

#define P(id, status)        "{'id':" #id ",'status':'" #status "'}"
#define AT(id, status, time) "{'id':" #id ",'status':'" #status "','createdAt':'" time "'}"
#define POST(post)           "{'type':'post','post':" post "}"
#define DELETE(id)           "{'type':'post-delete','postId':" #id "}"
#define S(d, r, s, p, f)                                                                           \
  "{'drafts':" #d ",'ready':" #r ",'scheduled':" #s ",'published':" #p ",'failed':" #f "}"
#define L(d, r, s, p, f)                                                                           \
  "{'drafts':[" d "],'ready':[" r "],'scheduled':[" s "],'published':[" p "],'failed':[" f "]}"
#define SET(d, r, s, p, f)   "{'type':'stats','stats':" S (d, r, s, p, f) "}"
#define LISTS(d, r, s, p, f) "{'type':'posts-by-status','postsByStatus':" L (d, r, s, p, f) "}"

#define T1 "2024-01-01T00:00:01Z"
#define T2 "2024-01-01T00:00:02Z"
#define T3 "2024-01-01T00:00:03Z"

void sse_test_posts_assert_stats (SseTestSource *test,
                                  const char    *audience,
                                  const char    *stats);
void sse_test_posts_assert_posts (SseTestSource *test,
                                  const char    *audience,
                                  const char    *posts);

G_END_DECLS
