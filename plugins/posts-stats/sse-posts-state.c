/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A saved state says of each post what can still make a difference, and nothing else of how it
 * came about: full posts in the order in which they are shown, the others by id. Where a user's
 * post has the `createdAt` of some of everyone's, it also says how many of those were accepted
 * after it: these are shown before it. That is all that is left of the order of acceptance. */

#include "sse-posts.h"

#include <string.h>

#include "sse-rules.h"

#define AUDIENCE_TYPE "(msaxaa(su)aas)"
#define STATE_TYPE    "a" AUDIENCE_TYPE

#define MAX_OFFSET G_GINT64_CONSTANT (9007199254740991) /* 2^53 - 1 */

/* Restored sequence numbers: everyone's posts in a list are this far apart, so that a whole list of
 * a user's fits between two of them. */
#define SEQUENCE_STEP 128
G_STATIC_ASSERT (SEQUENCE_STEP > SSE_POSTS_MAX_LISTED);

/* The first of a list with that `createdAt`, or the place behind all that are newer. */
static guint
find_first (const GPtrArray *list, gint64 created)
{
  guint i = 0;

  while (list != NULL && i < list->len && ((const SsePost *) list->pdata[i])->created > created)
    i++;
  return i;
}

/* How many of a list with @created, those accepted after @sequence. */
static guint32
count_newer (const GPtrArray *list, gint64 created, guint64 sequence)
{
  guint32 n = 0;

  for (guint i = find_first (list, created); list != NULL && i < list->len; i++, n++)
    {
      const SsePost *post = list->pdata[i];

      if (post->created != created || post->sequence < sequence)
        break;
    }
  return n;
}

static int
compare_ids (const void *a, const void *b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

static GVariant *
save_full (const SsePosts *self, const SseAudiencePosts *posts)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa(su)"));
  for (guint i = 0; i < SSE_N_POST_STATUSES; i++)
    {
      const GPtrArray *list = posts->lists[i];

      g_variant_builder_open (&builder, G_VARIANT_TYPE ("a(su)"));
      for (guint j = 0; list != NULL && j < list->len; j++)
        {
          const SsePost *post = list->pdata[j];
          guint32 before = 0;

          if (posts != self->everyone)
            before = count_newer (self->everyone->lists[i], post->created, post->sequence);
          g_variant_builder_add (&builder, "(su)", post->json, before);
        }
      g_variant_builder_close (&builder);
    }
  return g_variant_builder_end (&builder);
}

static GVariant *
save_reduced (const SseAudiencePosts *posts)
{
  GPtrArray *ids[SSE_N_POST_STATUSES];
  GVariantBuilder builder;
  GHashTableIter iter;
  gpointer value;

  for (guint i = 0; i < SSE_N_POST_STATUSES; i++)
    ids[i] = g_ptr_array_new ();
  g_hash_table_iter_init (&iter, posts->posts);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      const SsePost *post = value;

      if (post->json == NULL)
        g_ptr_array_add (ids[post->status], post->id);
    }

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aas"));
  for (guint i = 0; i < SSE_N_POST_STATUSES; i++)
    {
      g_ptr_array_sort (ids[i], compare_ids);
      g_variant_builder_open (&builder, G_VARIANT_TYPE ("as"));
      for (guint j = 0; j < ids[i]->len; j++)
        g_variant_builder_add (&builder, "s", ids[i]->pdata[j]);
      g_variant_builder_close (&builder);
      g_ptr_array_unref (ids[i]);
    }
  return g_variant_builder_end (&builder);
}

static void
save_audience (const SsePosts *self,
               GVariantBuilder *builder,
               const char *audience,
               const SseAudiencePosts *posts)
{
  g_variant_builder_add (builder, "(ms@ax@aa(su)@aas)", audience,
                         g_variant_new_fixed_array (G_VARIANT_TYPE_INT64, posts->offsets,
                                                    SSE_N_POST_STATUSES, sizeof *posts->offsets),
                         save_full (self, posts), save_reduced (posts));
}

/**
 * sse_posts_save:
 *
 * Returns: (transfer floating): everyone's posts and those of users, by the order of their names;
 *   of each the offsets of the counters, the full posts by status and the other ids by status
 */
GVariant *
sse_posts_save (const SsePosts *self)
{
  guint n;
  g_autofree const char **audiences = sse_rules_dup_audiences (self->audiences, &n);
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE (STATE_TYPE));
  if (!sse_audience_posts_is_empty (self->everyone))
    save_audience (self, &builder, NULL, self->everyone);
  for (guint i = 0; i < n; i++)
    save_audience (self, &builder, audiences[i], sse_posts_find (self, audiences[i]));
  return g_variant_builder_end (&builder);
}

static gboolean
restore_offsets (SseAudiencePosts *posts, GVariant *state, GError **error)
{
  gsize n;
  const gint64 *offsets = g_variant_get_fixed_array (state, &n, sizeof *offsets);

  if (n != SSE_N_POST_STATUSES)
    {
      sse_rules_set_invalid (error, "not one offset for each status");
      return FALSE;
    }
  for (guint i = 0; i < SSE_N_POST_STATUSES; i++)
    {
      if (offsets[i] < -MAX_OFFSET || offsets[i] > MAX_OFFSET)
        {
          sse_rules_set_invalid (error, "an offset beyond all bounds");
          return FALSE;
        }
      posts->offsets[i] = offsets[i];
    }
  return TRUE;
}

/* Gives the post at @index of a list its place in the order of acceptance. @everyone is everyone's
 * list for a user's post, of which @before with its `createdAt` are shown before it; %NULL where
 * there is none. */
static gboolean
restore_sequence (
    SsePost *post, guint index, const GPtrArray *everyone, guint32 before, GError **error)
{
  guint newer = find_first (everyone, post->created);

  if (before > count_newer (everyone, post->created, 0))
    {
      sse_rules_set_invalid (error, "a post behind more of everyone's than there are");
      return FALSE;
    }
  if (everyone == NULL)
    post->sequence = (guint64) (SSE_POSTS_MAX_LISTED - index) * SEQUENCE_STEP;
  else
    post->sequence = (guint64) (SSE_POSTS_MAX_LISTED - newer - before) * SEQUENCE_STEP
                     + SSE_POSTS_MAX_LISTED - index;
  return TRUE;
}

static SsePost *
restore_post (const char *json, SsePostStatus status, GError **error)
{
  g_autoptr (JsonNode) node = sse_rules_decode (json, error);
  g_autoptr (SsePost) post = NULL;

  if (node == NULL || !sse_post_check (json_node_get_object (node), "state", error))
    return NULL;
  post = sse_post_new (json_node_get_object (node), 0);
  if (post->status != status)
    {
      sse_rules_set_invalid (error, "a post in the list of another status");
      return NULL;
    }
  return g_steal_pointer (&post);
}

/* Takes @post. */
static gboolean
add_restored (SseAudiencePosts *posts, SsePost *post, GError **error)
{
  g_autoptr (SsePost) added = post;

  if (*added->id == '\0' || sse_audience_posts_find (posts, added->id) != NULL)
    {
      sse_rules_set_invalid (error, "a post whose id is empty or there for the second time");
      return FALSE;
    }
  sse_audience_posts_put (posts, g_steal_pointer (&added));
  return TRUE;
}

static gboolean
restore_full (SseAudiencePosts *posts,
              const GPtrArray *everyone,
              SsePostStatus status,
              GVariant *saved,
              GError **error)
{
  const SsePost *previous = NULL;

  if (g_variant_n_children (saved) > SSE_POSTS_MAX_LISTED)
    {
      sse_rules_set_invalid (error, "more than %d posts in a list", SSE_POSTS_MAX_LISTED);
      return FALSE;
    }
  for (guint i = 0; i < g_variant_n_children (saved); i++)
    {
      g_autoptr (SsePost) post = NULL;
      const char *json;
      guint32 before;

      g_variant_get_child (saved, i, "(&su)", &json, &before);
      post = restore_post (json, status, error);
      if (post == NULL || !restore_sequence (post, i, everyone, before, error))
        return FALSE;
      if (previous != NULL && sse_post_compare (previous, post) >= 0)
        {
          sse_rules_set_invalid (error, "a list that is out of order");
          return FALSE;
        }
      previous = post;
      if (!add_restored (posts, g_steal_pointer (&post), error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
restore_reduced (SseAudiencePosts *posts, SsePostStatus status, GVariant *saved, GError **error)
{
  const char *previous = NULL;
  const char *id;
  GVariantIter iter;

  g_variant_iter_init (&iter, saved);
  while (g_variant_iter_next (&iter, "&s", &id))
    {
      if (previous != NULL && strcmp (previous, id) >= 0)
        {
          sse_rules_set_invalid (error, "ids out of order");
          return FALSE;
        }
      if (!add_restored (posts, sse_post_new_reduced (id, status), error))
        return FALSE;
      previous = id;
    }
  return TRUE;
}

static SseAudiencePosts *
restore_posts (const SseAudiencePosts *everyone,
               GVariant *offsets,
               GVariant *full,
               GVariant *reduced,
               GError **error)
{
  g_autoptr (SseAudiencePosts) posts = sse_audience_posts_new ();

  if (g_variant_n_children (full) != SSE_N_POST_STATUSES
      || g_variant_n_children (reduced) != SSE_N_POST_STATUSES)
    {
      sse_rules_set_invalid (error, "not one list for each status");
      return NULL;
    }
  if (!restore_offsets (posts, offsets, error))
    return NULL;

  for (guint i = 0; i < SSE_N_POST_STATUSES; i++)
    {
      g_autoptr (GVariant) full_list = g_variant_get_child_value (full, i);
      g_autoptr (GVariant) reduced_list = g_variant_get_child_value (reduced, i);
      const GPtrArray *everyones = everyone != NULL ? everyone->lists[i] : NULL;

      if (!restore_full (posts, everyones, (SsePostStatus) i, full_list, error)
          || !restore_reduced (posts, (SsePostStatus) i, reduced_list, error))
        return NULL;
    }
  if (sse_audience_posts_is_empty (posts))
    {
      sse_rules_set_invalid (error, "an audience without posts and counters");
      return NULL;
    }
  return g_steal_pointer (&posts);
}

/**
 * sse_posts_restore:
 * @self: posts of nobody
 * @state: what may be a saved state
 * @error: where sse_posts_save() cannot have made it, or it is beyond a bound
 *
 * Returns: whether @self now is what was saved; else it is good for nothing
 */
gboolean
sse_posts_restore (SsePosts *self, GVariant *state, GError **error)
{
  const char *previous = NULL;

  if (!sse_rules_check_state (state, STATE_TYPE, error))
    return FALSE;
  for (gsize i = 0; i < g_variant_n_children (state); i++)
    {
      g_autoptr (GVariant) offsets = NULL;
      g_autoptr (GVariant) full = NULL;
      g_autoptr (GVariant) reduced = NULL;
      SseAudiencePosts *posts;
      const char *audience;

      g_variant_get_child (state, i, "(m&s@ax@aa(su)@aas)", &audience, &offsets, &full, &reduced);
      if (audience == NULL && i > 0)
        {
          sse_rules_set_invalid (error, "everyone's posts behind a user's");
          return FALSE;
        }
      if (audience != NULL && !sse_rules_check_audience (previous, audience, error))
        return FALSE;
      posts
          = restore_posts (audience != NULL ? self->everyone : NULL, offsets, full, reduced, error);
      if (posts == NULL || !sse_posts_adopt (self, audience, posts, "state", error))
        return FALSE;
      previous = audience;
    }
  self->sequence = (SSE_POSTS_MAX_LISTED + 1) * SEQUENCE_STEP;
  return TRUE;
}
