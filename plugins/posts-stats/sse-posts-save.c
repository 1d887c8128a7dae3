/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-posts-state.h"

#include <string.h>

#include "sse-rules.h"

/* The first of a list with that `createdAt`, or the place behind all that are newer. */
guint
sse_posts_state_find_first (const GPtrArray *list, gint64 created)
{
  guint i = 0;

  while (list != NULL && i < list->len && ((const SsePost *) list->pdata[i])->created > created)
    i++;
  return i;
}

/* How many of a list with @created, those accepted after @sequence. */
guint32
sse_posts_state_count_newer (const GPtrArray *list, gint64 created, guint64 sequence)
{
  guint32 n = 0;

  for (guint i = sse_posts_state_find_first (list, created); list != NULL && i < list->len;
       i++, n++)
    {
      const SsePost *post = list->pdata[i];

      if (post->created != created || post->sequence < sequence)
        break;
    }
  return n;
}

/* Columns of posts that are being saved. */
typedef struct
{
  GArray *owners;   /* guint32 */
  GArray *statuses; /* guint8 */
  GPtrArray *texts; /* not owned */
  GArray *before;   /* guint32 */
} Columns;

static void
columns_init (Columns *self)
{
  self->owners = g_array_new (FALSE, FALSE, sizeof (guint32));
  self->statuses = g_array_new (FALSE, FALSE, sizeof (guint8));
  self->texts = g_ptr_array_new ();
  self->before = g_array_new (FALSE, FALSE, sizeof (guint32));
}

static void
columns_clear (Columns *self)
{
  g_array_unref (self->owners);
  g_array_unref (self->statuses);
  g_ptr_array_unref (self->texts);
  g_array_unref (self->before);
}

static void
columns_add (Columns *self, guint32 owner, const SsePost *post, char *text, guint32 before)
{
  guint8 status = (guint8) post->status;

  g_array_append_val (self->owners, owner);
  g_array_append_val (self->statuses, status);
  g_ptr_array_add (self->texts, text);
  g_array_append_val (self->before, before);
}

static GVariant *
new_column (const char *type, GArray *column)
{
  return g_variant_new_fixed_array (G_VARIANT_TYPE (type), column->data, column->len,
                                    g_array_get_element_size (column));
}

static GVariant *
new_texts (GPtrArray *column)
{
  return g_variant_new_strv ((const char *const *) column->pdata, column->len);
}

static void
save_full (const SsePosts *self, Columns *full, guint32 owner, const SseAudiencePosts *posts)
{
  for (guint i = 0; i < SSE_N_POST_STATUSES; i++)
    {
      const GPtrArray *list = posts->lists[i];

      for (guint j = 0; list != NULL && j < list->len; j++)
        {
          const SsePost *post = list->pdata[j];
          guint32 before = 0;

          if (posts != self->everyone)
            before = sse_posts_state_count_newer (self->everyone->lists[i], post->created,
                                                  post->sequence);
          columns_add (full, owner, post, post->json, before);
        }
    }
}

/* The order of posts of which only id and status are known; of pointers to pointers to them. */
int
sse_posts_state_compare_reduced (const void *a, const void *b)
{
  const SsePost *x = *(const SsePost *const *) a;
  const SsePost *y = *(const SsePost *const *) b;

  return x->status != y->status ? (int) x->status - (int) y->status : strcmp (x->id, y->id);
}

static void
save_reduced (Columns *reduced, guint32 owner, const SseAudiencePosts *posts)
{
  g_autoptr (GPtrArray) sorted = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, posts->posts);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if (((const SsePost *) value)->json == NULL)
      g_ptr_array_add (sorted, value);

  g_ptr_array_sort (sorted, sse_posts_state_compare_reduced);
  for (guint i = 0; i < sorted->len; i++)
    {
      const SsePost *post = sorted->pdata[i];

      columns_add (reduced, owner, post, post->id, 0);
    }
}

/**
 * sse_posts_save:
 *
 * Returns: (transfer floating): all that makes a difference, the same bytes for the same state
 */
GVariant *
sse_posts_save (const SsePosts *self)
{
  guint n;
  g_autofree const char **names = sse_rules_dup_audiences (self->audiences, &n);
  g_autoptr (GArray) offsets = g_array_new (FALSE, FALSE, sizeof (gint64));
  Columns full;
  Columns reduced;
  GVariant *state;

  columns_init (&full);
  columns_init (&reduced);
  for (guint32 i = 0; i <= n; i++)
    {
      const SseAudiencePosts *posts = sse_posts_find (self, i > 0 ? names[i - 1] : NULL);

      g_array_append_vals (offsets, posts->offsets, SSE_N_POST_STATUSES);
      save_full (self, &full, i, posts);
      save_reduced (&reduced, i, posts);
    }
  state = g_variant_new ("(@as@ax@au@ay@as@au@au@ay@as)", g_variant_new_strv (names, n),
                         new_column ("x", offsets), new_column ("u", full.owners),
                         new_column ("y", full.statuses), new_texts (full.texts),
                         new_column ("u", full.before), new_column ("u", reduced.owners),
                         new_column ("y", reduced.statuses), new_texts (reduced.texts));
  columns_clear (&full);
  columns_clear (&reduced);
  return state;
}
