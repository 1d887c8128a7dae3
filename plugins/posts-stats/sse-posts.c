/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-posts.h"

#include <string.h>

#include "sse-error.h"
#include "sse-json.h"

static void
free_audience (gpointer data)
{
  sse_audience_posts_free (data);
}

/**
 * sse_posts_new:
 * @max_posts: posts that are known, all audiences together
 * @max_audiences: users with posts or counters of their own
 * @max_bytes: of all that is kept
 *
 * Returns: (transfer full): posts of nobody
 */
SsePosts *
sse_posts_new (guint max_posts, guint max_audiences, gsize max_bytes)
{
  SsePosts *self = g_new0 (SsePosts, 1);

  self->max_posts = max_posts;
  self->max_audiences = max_audiences;
  self->max_bytes = max_bytes;
  self->everyone = sse_audience_posts_new ();
  self->audiences = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, free_audience);
  return self;
}

void
sse_posts_free (SsePosts *self)
{
  g_hash_table_unref (self->audiences);
  sse_audience_posts_free (self->everyone);
  g_free (self);
}

/**
 * sse_posts_find:
 * @audience: (nullable): whose posts, %NULL for everyone's
 *
 * Returns: (nullable): these, %NULL for a user who has neither posts nor counters
 */
SseAudiencePosts *
sse_posts_find (const SsePosts *self, const char *audience)
{
  return audience != NULL ? g_hash_table_lookup (self->audiences, audience) : self->everyone;
}

static gboolean
check_bounds (const SsePosts *self, const char *member, gsize n_posts, gsize bytes, GError **error)
{
  if (n_posts > self->max_posts)
    g_set_error (error, SSE_ERROR, SSE_ERROR_REFUSED,
                 "%s: the stream would know more than %u posts", member, self->max_posts);
  else if (bytes > self->max_bytes)
    g_set_error (error, SSE_ERROR, SSE_ERROR_REFUSED,
                 "%s: the stream would keep more than %" G_GSIZE_FORMAT " bytes", member,
                 self->max_bytes);
  else
    return TRUE;
  return FALSE;
}

/* An audience of which nothing is left is as if it had never been. */
static void
forget_if_empty (SsePosts *self, const char *audience)
{
  if (audience == NULL || !sse_audience_posts_is_empty (sse_posts_find (self, audience)))
    return;
  self->bytes -= strlen (audience);
  g_hash_table_remove (self->audiences, audience);
}

/**
 * sse_posts_adopt:
 * @audience: (nullable): whose posts, %NULL for everyone's
 * @posts: (transfer full): what they are from now on
 * @member: the member for the message
 * @error: %SSE_ERROR_REFUSED where a bound would be passed
 *
 * Returns: whether @audience now has these posts; if not, it has those it had
 */
gboolean
sse_posts_adopt (SsePosts *self,
                 const char *audience,
                 SseAudiencePosts *posts,
                 const char *member,
                 GError **error)
{
  g_autoptr (SseAudiencePosts) adopted = posts;
  SseAudiencePosts *old = sse_posts_find (self, audience);
  gsize n_posts = self->n_posts + sse_audience_posts_get_size (posts);
  gsize bytes = self->bytes + posts->bytes;

  if (old == NULL && sse_audience_posts_is_empty (posts))
    return TRUE;
  if (old == NULL && g_hash_table_size (self->audiences) >= self->max_audiences)
    {
      g_set_error (error, SSE_ERROR, SSE_ERROR_REFUSED,
                   "audience: the stream knows %u audiences already, and no more are taken",
                   self->max_audiences);
      return FALSE;
    }

  if (old != NULL)
    {
      n_posts -= sse_audience_posts_get_size (old);
      bytes -= old->bytes;
    }
  else
    {
      bytes += strlen (audience);
    }
  if (!check_bounds (self, member, n_posts, bytes, error))
    return FALSE;

  self->n_posts = (guint) n_posts;
  self->bytes = bytes;
  if (audience != NULL)
    {
      g_hash_table_replace (self->audiences, g_strdup (audience), g_steal_pointer (&adopted));
      forget_if_empty (self, audience);
    }
  else
    {
      sse_audience_posts_free (self->everyone);
      self->everyone = g_steal_pointer (&adopted);
    }
  return TRUE;
}

/**
 * sse_posts_put:
 * @audience: (nullable): whose post, %NULL for everyone's
 * @post: a post of the right shape
 * @error: %SSE_ERROR_REFUSED where a bound would be passed
 *
 * Adds @post as the newest accepted one, or replaces the one with its id.
 *
 * Returns: whether it is known now
 */
gboolean
sse_posts_put (SsePosts *self, const char *audience, JsonObject *post, GError **error)
{
  SseAudiencePosts *posts = sse_posts_find (self, audience);
  g_autoptr (SsePost) added = sse_post_new (post, ++self->sequence);
  gsize n_posts = self->n_posts;
  gsize bytes = self->bytes;

  if (posts == NULL)
    {
      posts = sse_audience_posts_new ();
      sse_audience_posts_put (posts, g_steal_pointer (&added));
      return sse_posts_adopt (self, audience, posts, "post", error);
    }

  if (sse_audience_posts_find (posts, added->id) == NULL)
    n_posts++;
  bytes += sse_audience_posts_bytes_with (posts, added) - posts->bytes;
  if (!check_bounds (self, "post", n_posts, bytes, error))
    return FALSE;

  self->n_posts = (guint) n_posts;
  self->bytes = bytes;
  sse_audience_posts_put (posts, g_steal_pointer (&added));
  return TRUE;
}

/**
 * sse_posts_delete:
 * @audience: (nullable): whose post, %NULL for everyone's
 * @id: its id as text
 * @error: %SSE_ERROR_REFUSED where @audience has no such post
 *
 * Returns: whether it is gone
 */
gboolean
sse_posts_delete (SsePosts *self, const char *audience, const char *id, GError **error)
{
  SseAudiencePosts *posts = sse_posts_find (self, audience);
  SsePost *post = posts != NULL ? sse_audience_posts_find (posts, id) : NULL;

  if (post == NULL)
    {
      g_set_error (error, SSE_ERROR, SSE_ERROR_REFUSED,
                   "postId: no post with this id is known for %s",
                   audience != NULL ? "this audience" : "everyone");
      return FALSE;
    }

  self->n_posts--;
  self->bytes -= sse_post_get_bytes (post);
  sse_audience_posts_remove (posts, post);
  forget_if_empty (self, audience);
  return TRUE;
}

/**
 * sse_posts_replace:
 * @audience: (nullable): whose posts, %NULL for everyone's
 * @lists: all lists, of the right shape; the first of each counts as its newest accepted post
 * @error: %SSE_ERROR_REFUSED where a bound would be passed
 *
 * Replaces all of @audience's posts; the counters show their number.
 *
 * Returns: whether they were replaced
 */
gboolean
sse_posts_replace (SsePosts *self, const char *audience, JsonObject *lists, GError **error)
{
  SseAudiencePosts *posts = sse_audience_posts_new ();

  for (guint i = 0; i < SSE_N_POST_STATUSES; i++)
    {
      JsonArray *list = json_object_get_array_member (lists, sse_post_lists[i]);

      for (guint j = json_array_get_length (list); j-- > 0;)
        sse_audience_posts_put (
            posts, sse_post_new (json_array_get_object_element (list, j), ++self->sequence));
    }
  return sse_posts_adopt (self, audience, posts, "postsByStatus", error);
}

static void
set_counters (SseAudiencePosts *posts, JsonObject *counters)
{
  for (guint i = 0; i < SSE_N_POST_STATUSES; i++)
    sse_audience_posts_set_counter (posts, (SsePostStatus) i,
                                    json_object_get_int_member (counters, sse_post_lists[i]));
}

/**
 * sse_posts_set_counters:
 * @audience: (nullable): whose counters, %NULL for everyone's
 * @counters: all counters, of the right shape
 * @error: %SSE_ERROR_REFUSED where a bound would be passed
 *
 * Sets @audience's counters; posts that come and go change them from there.
 *
 * Returns: whether they were set
 */
gboolean
sse_posts_set_counters (SsePosts *self, const char *audience, JsonObject *counters, GError **error)
{
  SseAudiencePosts *posts = sse_posts_find (self, audience);

  if (posts == NULL)
    {
      posts = sse_audience_posts_new ();
      set_counters (posts, counters);
      return sse_posts_adopt (self, audience, posts, "stats", error);
    }
  set_counters (posts, counters);
  forget_if_empty (self, audience);
  return TRUE;
}
