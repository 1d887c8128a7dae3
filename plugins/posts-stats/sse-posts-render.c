/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-posts.h"

static void
append_name (GString *out, guint status)
{
  g_string_append_printf (out, "%c\"%s\":", status == 0 ? '{' : ',', sse_post_lists[status]);
}

/* NULL where @audience has nothing of its own. */
static const SseAudiencePosts *
find_own (const SsePosts *self, const char *audience)
{
  return audience != NULL ? sse_posts_find (self, audience) : NULL;
}

/**
 * sse_posts_append_stats:
 * @audience: (nullable): who looks
 *
 * Appends the counters, everyone's and @audience's added up, as a JSON object.
 */
void
sse_posts_append_stats (const SsePosts *self, const char *audience, GString *out)
{
  const SseAudiencePosts *own = find_own (self, audience);

  for (guint i = 0; i < SSE_N_POST_STATUSES; i++)
    {
      gint64 count = sse_audience_posts_get_counter (self->everyone, (SsePostStatus) i);

      if (own != NULL)
        count += sse_audience_posts_get_counter (own, (SsePostStatus) i);
      append_name (out, i);
      g_string_append_printf (out, "%" G_GINT64_FORMAT, count);
    }
  g_string_append_c (out, '}');
}

static void
append_list (GString *out, const GPtrArray *everyone, const GPtrArray *own)
{
  guint n_everyone = everyone != NULL ? everyone->len : 0;
  guint n_own = own != NULL ? own->len : 0;
  guint i = 0;
  guint j = 0;

  g_string_append_c (out, '[');
  while (i + j < SSE_POSTS_MAX_LISTED && (i < n_everyone || j < n_own))
    {
      const SsePost *post = i < n_everyone ? everyone->pdata[i] : NULL;

      if (j < n_own && (post == NULL || sse_post_compare (own->pdata[j], post) < 0))
        post = own->pdata[j++];
      else
        i++;
      if (i + j > 1)
        g_string_append_c (out, ',');
      g_string_append_len (out, post->json, (gssize) post->length);
    }
  g_string_append_c (out, ']');
}

/**
 * sse_posts_append_lists:
 * @audience: (nullable): who looks
 *
 * Appends the posts by status, everyone's and @audience's in one list, %SSE_POSTS_MAX_LISTED at
 * most in each, as a JSON object.
 */
void
sse_posts_append_lists (const SsePosts *self, const char *audience, GString *out)
{
  const SseAudiencePosts *own = find_own (self, audience);

  for (guint i = 0; i < SSE_N_POST_STATUSES; i++)
    {
      append_name (out, i);
      append_list (out, self->everyone->lists[i], own != NULL ? own->lists[i] : NULL);
    }
  g_string_append_c (out, '}');
}
