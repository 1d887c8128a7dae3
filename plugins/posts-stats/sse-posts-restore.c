/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-posts-state.h"

#include "sse-rules.h"

#define MAX_OFFSET G_GINT64_CONSTANT (9007199254740991) /* 2^53 - 1 */

/* Restored sequence numbers: everyone's posts in a list are this far apart, so that a whole list of
 * a user's fits between two of them. */
#define SEQUENCE_STEP 128
G_STATIC_ASSERT (SEQUENCE_STEP > SSE_POSTS_MAX_LISTED);

/* Gives the post at @index of a list its place in the order of acceptance. @everyone is everyone's
 * list for a user's post, of which @before with its `createdAt` are shown before it; %NULL where
 * there is none. */
static gboolean
restore_sequence (
    SsePost *post, guint index, const GPtrArray *everyone, guint32 before, GError **error)
{
  guint newer = sse_posts_state_find_first (everyone, post->created);

  if (before > sse_posts_state_count_newer (everyone, post->created, 0))
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

/* The same columns when they are read; each audience in turn takes the rows that are its own. */
typedef struct
{
  const guint32 *owners;
  const guint8 *statuses;
  const char **texts;
  const guint32 *before; /* NULL for those of which only the id is known */
  gsize n_rows;
  gsize next;
} Rows;

static gboolean
rows_init (Rows *self,
           GVariant *owners,
           GVariant *statuses,
           GVariant *texts,
           GVariant *before,
           GError **error)
{
  gsize n_statuses;
  gsize n_texts;
  gsize n_before;

  self->owners = g_variant_get_fixed_array (owners, &self->n_rows, sizeof *self->owners);
  self->statuses = g_variant_get_fixed_array (statuses, &n_statuses, sizeof *self->statuses);
  self->texts = g_variant_get_strv (texts, &n_texts);
  self->before = NULL;
  n_before = self->n_rows;
  if (before != NULL)
    self->before = g_variant_get_fixed_array (before, &n_before, sizeof *self->before);
  self->next = 0;

  if (n_statuses == self->n_rows && n_texts == self->n_rows && n_before == self->n_rows)
    return TRUE;
  sse_rules_set_invalid (error, "columns of different lengths");
  return FALSE;
}

static gboolean
restore_full (SseAudiencePosts *posts,
              const SseAudiencePosts *everyone,
              guint32 owner,
              Rows *rows,
              GError **error)
{
  const SsePost *previous = NULL;
  guint place = 0;

  for (; rows->next < rows->n_rows && rows->owners[rows->next] == owner; rows->next++)
    {
      guint8 status = rows->statuses[rows->next];
      const GPtrArray *list = NULL;
      g_autoptr (SsePost) post = NULL;

      if (status >= SSE_N_POST_STATUSES || (previous != NULL && status < previous->status))
        {
          sse_rules_set_invalid (error, "lists out of order");
          return FALSE;
        }
      place = previous != NULL && previous->status == status ? place + 1 : 0;
      if (place == SSE_POSTS_MAX_LISTED)
        {
          sse_rules_set_invalid (error, "more than %d posts in a list", SSE_POSTS_MAX_LISTED);
          return FALSE;
        }
      if (everyone != NULL)
        list = everyone->lists[status];
      post = restore_post (rows->texts[rows->next], (SsePostStatus) status, error);
      if (post == NULL || !restore_sequence (post, place, list, rows->before[rows->next], error))
        return FALSE;
      if (place > 0 && sse_post_compare (previous, post) >= 0)
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
restore_reduced (SseAudiencePosts *posts, guint32 owner, Rows *rows, GError **error)
{
  const SsePost *previous = NULL;

  for (; rows->next < rows->n_rows && rows->owners[rows->next] == owner; rows->next++)
    {
      guint8 status = rows->statuses[rows->next];
      g_autoptr (SsePost) post
          = sse_post_new_reduced (rows->texts[rows->next], (SsePostStatus) status);

      if (status >= SSE_N_POST_STATUSES
          || (previous != NULL && sse_posts_state_compare_reduced (&previous, &post) >= 0))
        {
          sse_rules_set_invalid (error, "ids out of order");
          return FALSE;
        }
      previous = post;
      if (!add_restored (posts, g_steal_pointer (&post), error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
restore_audience (SsePosts *self,
                  const char *name,
                  const gint64 *offsets,
                  guint32 owner,
                  Rows *full,
                  Rows *reduced,
                  GError **error)
{
  g_autoptr (SseAudiencePosts) posts = sse_audience_posts_new ();
  const SseAudiencePosts *everyone = name != NULL ? self->everyone : NULL;

  for (guint i = 0; i < SSE_N_POST_STATUSES; i++)
    {
      if (offsets[i] < -MAX_OFFSET || offsets[i] > MAX_OFFSET)
        {
          sse_rules_set_invalid (error, "an offset beyond all bounds");
          return FALSE;
        }
      posts->offsets[i] = offsets[i];
    }
  if (!restore_full (posts, everyone, owner, full, error)
      || !restore_reduced (posts, owner, reduced, error))
    return FALSE;
  if (name != NULL && sse_audience_posts_is_empty (posts))
    {
      sse_rules_set_invalid (error, "a user without posts and counters");
      return FALSE;
    }
  return sse_posts_adopt (self, name, g_steal_pointer (&posts), "state", error);
}

static gboolean
restore_audiences (SsePosts *self,
                   GVariant *names_column,
                   GVariant *offsets_column,
                   Rows *full,
                   Rows *reduced,
                   GError **error)
{
  gsize n_names;
  gsize n_offsets;
  g_autofree const char **names = g_variant_get_strv (names_column, &n_names);
  const gint64 *offsets = g_variant_get_fixed_array (offsets_column, &n_offsets, sizeof *offsets);

  if (n_offsets != (n_names + 1) * SSE_N_POST_STATUSES)
    {
      sse_rules_set_invalid (error, "not one offset for each counter");
      return FALSE;
    }
  for (guint32 i = 0; i <= n_names; i++)
    {
      const char *name = i > 0 ? names[i - 1] : NULL;

      if (name != NULL && !sse_rules_check_audience (i > 1 ? names[i - 2] : NULL, name, error))
        return FALSE;
      if (!restore_audience (self, name, &offsets[i * SSE_N_POST_STATUSES], i, full, reduced,
                             error))
        return FALSE;
    }
  if (full->next < full->n_rows || reduced->next < reduced->n_rows)
    {
      sse_rules_set_invalid (error, "a post of nobody, or out of its order");
      return FALSE;
    }
  return TRUE;
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
  GVariant *columns[9];
  Rows full = { 0 };
  Rows reduced = { 0 };
  gboolean ok;

  if (!sse_rules_check_state (state, SSE_POSTS_STATE_TYPE, error))
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (columns); i++)
    columns[i] = g_variant_get_child_value (state, i);

  ok = rows_init (&full, columns[2], columns[3], columns[4], columns[5], error)
       && rows_init (&reduced, columns[6], columns[7], columns[8], NULL, error)
       && restore_audiences (self, columns[0], columns[1], &full, &reduced, error);
  self->sequence = (SSE_POSTS_MAX_LISTED + 1) * SEQUENCE_STEP;

  g_free (full.texts);
  g_free (reduced.texts);
  for (gsize i = 0; i < G_N_ELEMENTS (columns); i++)
    g_variant_unref (columns[i]);
  return ok;
}
