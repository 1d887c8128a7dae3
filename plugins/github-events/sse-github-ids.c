/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-github-ids.h"

#include "sse-github-key.h"
#include "sse-rules.h"

typedef struct
{
  SseGithubKey key; /* first: the table holds entries by it */
  GList link;
} Entry;

struct _SseGithubIds
{
  GHashTable *entries;
  GQueue order; /* oldest first */
};

static void
entry_free (gpointer data)
{
  Entry *entry = data;

  sse_github_key_clear (&entry->key);
  g_free (entry);
}

SseGithubIds *
sse_github_ids_new (void)
{
  SseGithubIds *self = g_new0 (SseGithubIds, 1);

  self->entries
      = g_hash_table_new_full (sse_github_key_hash, sse_github_key_equal, entry_free, NULL);
  g_queue_init (&self->order);
  return self;
}

void
sse_github_ids_free (SseGithubIds *self)
{
  g_hash_table_unref (self->entries);
  g_free (self);
}

/**
 * sse_github_ids_contains:
 * @audience: (nullable): whose id it is, %NULL for everyone's
 *
 * Returns: whether @id is among the newest
 */
gboolean
sse_github_ids_contains (const SseGithubIds *self, const char *audience, const char *id)
{
  const SseGithubKey key = { (char *) audience, (char *) id };

  return g_hash_table_contains (self->entries, &key);
}

/* Makes @id the newest; what was there before it moves, what is too old is forgotten. */
void
sse_github_ids_add (SseGithubIds *self, const char *audience, const char *id)
{
  const SseGithubKey key = { (char *) audience, (char *) id };
  Entry *entry = g_hash_table_lookup (self->entries, &key);

  if (entry != NULL)
    {
      g_queue_unlink (&self->order, &entry->link);
      g_queue_push_tail_link (&self->order, &entry->link);
      return;
    }

  entry = g_new0 (Entry, 1);
  sse_github_key_init (&entry->key, audience, id);
  entry->link.data = entry;
  g_hash_table_add (self->entries, entry);
  g_queue_push_tail_link (&self->order, &entry->link);

  if (self->order.length > SSE_GITHUB_MAX_IDS)
    {
      Entry *oldest = g_queue_pop_head_link (&self->order)->data;

      g_hash_table_remove (self->entries, oldest);
    }
}

/**
 * sse_github_ids_save:
 *
 * Returns: (transfer floating): an `a(mss)`: audience and id, oldest first
 */
GVariant *
sse_github_ids_save (const SseGithubIds *self)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(mss)"));
  for (GList *l = self->order.head; l != NULL; l = l->next)
    {
      const Entry *entry = l->data;

      g_variant_builder_add (&builder, "(mss)", entry->key.audience, entry->key.id);
    }
  return g_variant_builder_end (&builder);
}

/**
 * sse_github_ids_restore:
 * @state: an `a(mss)` in normal form
 * @error: %SSE_ERROR_INVALID_UPDATE where sse_github_ids_save() cannot have made it
 *
 * Returns: (transfer full) (nullable): the ids
 */
SseGithubIds *
sse_github_ids_restore (GVariant *state, GError **error)
{
  g_autoptr (SseGithubIds) self = sse_github_ids_new ();
  GVariantIter iter;
  const char *audience;
  const char *id;

  if (g_variant_n_children (state) > SSE_GITHUB_MAX_IDS)
    {
      sse_rules_set_invalid (error, "more than %d ids", SSE_GITHUB_MAX_IDS);
      return NULL;
    }

  g_variant_iter_init (&iter, state);
  while (g_variant_iter_next (&iter, "(m&s&s)", &audience, &id))
    {
      if (audience != NULL && !sse_rules_check_audience (NULL, audience, error))
        return NULL;
      if (*id == '\0' || sse_github_ids_contains (self, audience, id))
        {
          sse_rules_set_invalid (error, "an id that is empty or there for the second time");
          return NULL;
        }
      sse_github_ids_add (self, audience, id);
    }
  return g_steal_pointer (&self);
}
