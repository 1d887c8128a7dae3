/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-posts.h"

G_BEGIN_DECLS

/* A saved state says of each post what can still make a difference, and nothing else of how it
 * came about: full posts in the order in which they are shown, the others by id. Where a user's
 * post has the `createdAt` of some of everyone's, it also says how many of those were accepted
 * after it: these are shown before it. That is all that is left of the order of acceptance.
 *
 * It is made of columns, since a GVariant's containers cost more than what is in them. */

/* Users' names in their order; five offsets for everyone and for each user. Then for posts in full
 * and for those of which only the id is known: whose (0 is everyone, 1 the first user), status, and
 * bytes or id; and for those in full, how many of everyone's are shown before it. */
#define SSE_POSTS_STATE_TYPE "(asaxauayasauauayas)"

guint   sse_posts_state_find_first      (const GPtrArray *list,
                                         gint64           created);
guint32 sse_posts_state_count_newer     (const GPtrArray *list,
                                         gint64           created,
                                         guint64          sequence);
int     sse_posts_state_compare_reduced (const void      *a,
                                         const void      *b);

G_END_DECLS
