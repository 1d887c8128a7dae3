/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-audience-posts.h"

static void
free_post (gpointer data)
{
  sse_post_free (data);
}

SseAudiencePosts *
sse_audience_posts_new (void)
{
  SseAudiencePosts *self = g_new0 (SseAudiencePosts, 1);

  self->posts = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, free_post);
  return self;
}

void
sse_audience_posts_free (SseAudiencePosts *self)
{
  for (guint i = 0; i < SSE_N_POST_STATUSES; i++)
    g_clear_pointer (&self->lists[i], g_ptr_array_unref);
  g_hash_table_unref (self->posts);
  g_free (self);
}

/* Returns: (nullable): the post, where it is known */
SsePost *
sse_audience_posts_find (const SseAudiencePosts *self, const char *id)
{
  return g_hash_table_lookup (self->posts, id);
}

/* How many posts are known. */
guint
sse_audience_posts_get_size (const SseAudiencePosts *self)
{
  return g_hash_table_size (self->posts);
}

/* Where @post is, or belongs, in a list: how many are shown before it. */
static guint
find_place (GPtrArray *list, const SsePost *post)
{
  guint low = 0;
  guint high = list->len;

  while (low < high)
    {
      guint middle = low + (high - low) / 2;

      if (sse_post_compare (g_ptr_array_index (list, middle), post) < 0)
        low = middle + 1;
      else
        high = middle;
    }
  return low;
}

/**
 * sse_audience_posts_bytes_with:
 * @post: a post in full
 *
 * Returns: what the audience's bytes would be after sse_audience_posts_put() with @post
 */
gsize
sse_audience_posts_bytes_with (const SseAudiencePosts *self, const SsePost *post)
{
  const SsePost *old = sse_audience_posts_find (self, post->id);
  GPtrArray *list = self->lists[post->status];
  gsize bytes = self->bytes + sse_post_get_bytes (post);

  if (old != NULL)
    bytes -= sse_post_get_bytes (old);
  if (old != NULL && old->json != NULL && old->status == post->status)
    return bytes; /* its place in the list is free again */

  if (list != NULL && list->len == SSE_POSTS_MAX_LISTED)
    {
      const SsePost *last = g_ptr_array_index (list, list->len - 1);

      bytes -= sse_post_compare (post, last) < 0 ? last->length : post->length;
    }
  return bytes;
}

/**
 * sse_audience_posts_put:
 * @post: (transfer full): a post; one of which only id and status are known is not listed
 *
 * Adds a post, or replaces the one with its id. Of a list with too many, the last is reduced to
 * its id and status.
 */
void
sse_audience_posts_put (SseAudiencePosts *self, SsePost *post)
{
  SsePost *old = sse_audience_posts_find (self, post->id);
  GPtrArray **list = &self->lists[post->status];

  if (old != NULL)
    sse_audience_posts_remove (self, old);
  g_hash_table_insert (self->posts, post->id, post);
  self->known[post->status]++;
  self->bytes += sse_post_get_bytes (post);
  if (post->json == NULL)
    return;

  if (*list == NULL)
    *list = g_ptr_array_new ();
  g_ptr_array_insert (*list, (int) find_place (*list, post), post);
  if ((*list)->len > SSE_POSTS_MAX_LISTED)
    {
      SsePost *last = g_ptr_array_remove_index (*list, (*list)->len - 1);

      self->bytes -= last->length;
      sse_post_reduce (last);
    }
}

/* Removes a known post and frees it. */
void
sse_audience_posts_remove (SseAudiencePosts *self, SsePost *post)
{
  GPtrArray *list = self->lists[post->status];

  if (post->json != NULL)
    g_ptr_array_remove_index (list, find_place (list, post));
  self->known[post->status]--;
  self->bytes -= sse_post_get_bytes (post);
  g_hash_table_remove (self->posts, post->id);
}

/* From now on the counter shows @count, and follows the posts from there. */
void
sse_audience_posts_set_counter (SseAudiencePosts *self, SsePostStatus status, gint64 count)
{
  self->offsets[status] = count - (gint64) self->known[status];
}

gint64
sse_audience_posts_get_counter (const SseAudiencePosts *self, SsePostStatus status)
{
  return MAX ((gint64) self->known[status] + self->offsets[status], 0);
}

/* Whether it is as if it had never been: then it need not be kept. */
gboolean
sse_audience_posts_is_empty (const SseAudiencePosts *self)
{
  for (guint i = 0; i < SSE_N_POST_STATUSES; i++)
    if (self->offsets[i] != 0)
      return FALSE;
  return g_hash_table_size (self->posts) == 0;
}
