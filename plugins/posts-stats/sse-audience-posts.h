/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-post.h"

G_BEGIN_DECLS

#define SSE_POSTS_MAX_LISTED 100

/**
 * SseAudiencePosts:
 * @posts: (element-type utf8 SsePost): all known posts by id
 * @lists: by status: the posts that are kept in full, in the order of sse_post_compare(), at most
 *   %SSE_POSTS_MAX_LISTED; %NULL as long as there was none
 * @known: by status: how many posts are known
 * @offsets: by status: what a publisher's own counters add to @known
 * @bytes: of all ids and posts
 *
 * The posts and counters of one audience.
 */
typedef struct
{
  GHashTable *posts;
  GPtrArray *lists[SSE_N_POST_STATUSES];
  guint known[SSE_N_POST_STATUSES];
  gint64 offsets[SSE_N_POST_STATUSES];
  gsize bytes;
} SseAudiencePosts;

SseAudiencePosts *sse_audience_posts_new         (void);
void              sse_audience_posts_free        (SseAudiencePosts       *self);

SsePost          *sse_audience_posts_find        (const SseAudiencePosts *self,
                                                  const char             *id);
guint             sse_audience_posts_get_size    (const SseAudiencePosts *self);
gsize             sse_audience_posts_bytes_with  (const SseAudiencePosts *self,
                                                  const SsePost          *post);
void              sse_audience_posts_put         (SseAudiencePosts       *self,
                                                  SsePost                *post);
void              sse_audience_posts_remove      (SseAudiencePosts       *self,
                                                  SsePost                *post);

void              sse_audience_posts_set_counter (SseAudiencePosts       *self,
                                                  SsePostStatus           status,
                                                  gint64                  count);
gint64            sse_audience_posts_get_counter (const SseAudiencePosts *self,
                                                  SsePostStatus           status);
gboolean          sse_audience_posts_is_empty    (const SseAudiencePosts *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SseAudiencePosts, sse_audience_posts_free)

G_END_DECLS
