/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-audience-posts.h"

G_BEGIN_DECLS

/**
 * SsePosts:
 * @max_posts: posts known, all audiences together
 * @max_audiences: users with posts or counters of their own
 * @max_bytes: of all that is kept
 * @everyone: the posts of those without audience
 * @audiences: (element-type utf8 SseAudiencePosts): those of users; none of them is empty
 * @n_posts: how many posts are known
 * @bytes: of users' names, ids and posts
 * @sequence: the newest accepted post's
 *
 * The posts of all audiences, and the bounds of the stream. A user's and everyone's posts of one
 * status and `createdAt` are shown in the order in which they were accepted, so one sequence
 * counts for all.
 */
typedef struct
{
  guint max_posts;
  guint max_audiences;
  gsize max_bytes;

  SseAudiencePosts *everyone;
  GHashTable *audiences;
  guint n_posts;
  gsize bytes;
  guint64 sequence;
} SsePosts;

SsePosts         *sse_posts_new          (guint             max_posts,
                                          guint             max_audiences,
                                          gsize             max_bytes);
void              sse_posts_free         (SsePosts         *self);

SseAudiencePosts *sse_posts_find         (const SsePosts   *self,
                                          const char       *audience);
gboolean          sse_posts_put          (SsePosts         *self,
                                          const char       *audience,
                                          JsonObject       *post,
                                          GError          **error);
gboolean          sse_posts_delete       (SsePosts         *self,
                                          const char       *audience,
                                          const char       *id,
                                          GError          **error);
gboolean          sse_posts_replace      (SsePosts         *self,
                                          const char       *audience,
                                          JsonObject       *lists,
                                          GError          **error);
gboolean          sse_posts_set_counters (SsePosts         *self,
                                          const char       *audience,
                                          JsonObject       *counters,
                                          GError          **error);
gboolean          sse_posts_adopt        (SsePosts         *self,
                                          const char       *audience,
                                          SseAudiencePosts *posts,
                                          const char       *member,
                                          GError          **error);

void              sse_posts_append_stats (const SsePosts   *self,
                                          const char       *audience,
                                          GString          *out);
void              sse_posts_append_lists (const SsePosts   *self,
                                          const char       *audience,
                                          GString          *out);

GVariant         *sse_posts_save         (const SsePosts   *self);
gboolean          sse_posts_restore      (SsePosts         *self,
                                          GVariant         *state,
                                          GError          **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SsePosts, sse_posts_free)

G_END_DECLS
