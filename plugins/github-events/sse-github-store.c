/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-github-store.h"

#include "sse-rules.h"

struct _SseGithubStore
{
  GHashTable *events;  /* owned, by their key */
  GQueue accepted;     /* of the same events, oldest accepted first */
  GHashTable *lists;   /* audience: its list, in the order of sse_github_event_compare() */
  GPtrArray *everyone; /* the list of those without audience */
  guint64 sequence;    /* the newest accepted event's */
};

static void
free_event (gpointer data)
{
  sse_github_event_free (data);
}

SseGithubStore *
sse_github_store_new (void)
{
  SseGithubStore *self = g_new0 (SseGithubStore, 1);

  self->events
      = g_hash_table_new_full (sse_github_key_hash, sse_github_key_equal, free_event, NULL);
  g_queue_init (&self->accepted);
  self->lists
      = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_ptr_array_unref);
  self->everyone = g_ptr_array_new ();
  return self;
}

void
sse_github_store_free (SseGithubStore *self)
{
  g_ptr_array_unref (self->everyone);
  g_hash_table_unref (self->lists);
  g_hash_table_unref (self->events);
  g_free (self);
}

/* NULL where that audience has no events. */
static GPtrArray *
get_list (const SseGithubStore *self, const char *audience)
{
  return audience != NULL ? g_hash_table_lookup (self->lists, audience) : self->everyone;
}

/* Where @event is, or belongs, in a list: how many are shown before it. */
static guint
find_place (GPtrArray *list, const SseGithubEvent *event)
{
  guint low = 0;
  guint high = list->len;

  while (low < high)
    {
      guint middle = low + (high - low) / 2;

      if (sse_github_event_compare (g_ptr_array_index (list, middle), event) < 0)
        low = middle + 1;
      else
        high = middle;
    }
  return low;
}

static void
enlist (SseGithubStore *self, SseGithubEvent *event)
{
  const char *audience = event->key.audience;
  GPtrArray *list = get_list (self, audience);

  if (list == NULL)
    {
      list = g_ptr_array_new ();
      g_hash_table_insert (self->lists, g_strdup (audience), list);
    }
  g_ptr_array_insert (list, (int) find_place (list, event), event);
}

static void
delist (SseGithubStore *self, SseGithubEvent *event)
{
  GPtrArray *list = get_list (self, event->key.audience);

  g_ptr_array_remove_index (list, find_place (list, event));
  if (list->len == 0 && list != self->everyone)
    g_hash_table_remove (self->lists, event->key.audience);
}

/**
 * sse_github_store_find:
 * @audience: (nullable): whose event, %NULL for everyone's
 *
 * Returns: (transfer none) (nullable): the event, where it is kept
 */
SseGithubEvent *
sse_github_store_find (const SseGithubStore *self, const char *audience, const char *id)
{
  const SseGithubKey key = { (char *) audience, (char *) id };

  return g_hash_table_lookup (self->events, &key);
}

/**
 * sse_github_store_add:
 * @event: (transfer full): an event that is not kept yet
 *
 * Adds the newest accepted event; the oldest accepted one, of whatever audience, goes where there
 * are too many.
 *
 * Returns: whether one went
 */
gboolean
sse_github_store_add (SseGithubStore *self, SseGithubEvent *event)
{
  event->sequence = ++self->sequence;
  g_hash_table_add (self->events, event);
  g_queue_push_tail_link (&self->accepted, &event->link);
  enlist (self, event);

  if (self->accepted.length <= SSE_GITHUB_MAX_EVENTS)
    return FALSE;
  sse_github_store_remove (self, self->accepted.head->data);
  return TRUE;
}

/**
 * sse_github_store_replace:
 * @event: a kept event; freed
 * @changed: (transfer full): what it is now, with the same identity
 *
 * Puts @changed in the place of @event; it counts as accepted when that was.
 */
void
sse_github_store_replace (SseGithubStore *self, SseGithubEvent *event, SseGithubEvent *changed)
{
  delist (self, event);
  changed->sequence = event->sequence;
  g_queue_insert_before_link (&self->accepted, &event->link, &changed->link);
  g_queue_unlink (&self->accepted, &event->link);
  g_hash_table_remove (self->events, event);

  g_hash_table_add (self->events, changed);
  enlist (self, changed);
}

/* Removes a kept event and frees it. */
void
sse_github_store_remove (SseGithubStore *self, SseGithubEvent *event)
{
  delist (self, event);
  g_queue_unlink (&self->accepted, &event->link);
  g_hash_table_remove (self->events, event);
}

/* Removes all events of one audience, or of everyone (%NULL), and no other's. */
void
sse_github_store_clear_audience (SseGithubStore *self, const char *audience)
{
  GPtrArray *list;

  while ((list = get_list (self, audience)) != NULL && list->len > 0)
    sse_github_store_remove (self, g_ptr_array_index (list, list->len - 1));
}

/* Whether @audience has events of its own. */
gboolean
sse_github_store_has_audience (const SseGithubStore *self, const char *audience)
{
  return g_hash_table_contains (self->lists, audience);
}

/**
 * sse_github_store_append_list:
 * @audience: (nullable): who looks
 *
 * Appends the %SSE_GITHUB_MAX_LISTED first of everyone's and @audience's events in one list, as a
 * JSON array.
 */
void
sse_github_store_append_list (const SseGithubStore *self, const char *audience, GString *out)
{
  GPtrArray *own = audience != NULL ? get_list (self, audience) : NULL;
  guint n_own = own != NULL ? own->len : 0;
  guint i = 0;
  guint j = 0;

  g_string_append_c (out, '[');
  while (i + j < SSE_GITHUB_MAX_LISTED && (i < self->everyone->len || j < n_own))
    {
      const SseGithubEvent *event = i < self->everyone->len ? self->everyone->pdata[i] : NULL;

      if (j < n_own && (event == NULL || sse_github_event_compare (own->pdata[j], event) < 0))
        event = own->pdata[j++];
      else
        i++;
      if (i + j > 1)
        g_string_append_c (out, ',');
      g_string_append_len (out, event->json, (gssize) event->length);
    }
  g_string_append_c (out, ']');
}

/**
 * sse_github_store_save:
 *
 * Returns: (transfer floating): an `a(mss)`: audience and bytes, oldest accepted first
 */
GVariant *
sse_github_store_save (const SseGithubStore *self)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(mss)"));
  for (GList *l = self->accepted.head; l != NULL; l = l->next)
    {
      const SseGithubEvent *event = l->data;

      g_variant_builder_add (&builder, "(mss)", event->key.audience, event->json);
    }
  return g_variant_builder_end (&builder);
}

/**
 * sse_github_store_restore:
 * @state: an `a(mss)` in normal form
 * @error: %SSE_ERROR_INVALID_UPDATE where sse_github_store_save() cannot have made it
 *
 * Returns: (transfer full) (nullable): the store
 */
SseGithubStore *
sse_github_store_restore (GVariant *state, GError **error)
{
  g_autoptr (SseGithubStore) self = sse_github_store_new ();
  GVariantIter iter;
  const char *audience;
  const char *json;

  if (g_variant_n_children (state) > SSE_GITHUB_MAX_EVENTS)
    {
      sse_rules_set_invalid (error, "more than %d events", SSE_GITHUB_MAX_EVENTS);
      return NULL;
    }

  g_variant_iter_init (&iter, state);
  while (g_variant_iter_next (&iter, "(m&s&s)", &audience, &json))
    {
      g_autoptr (SseGithubEvent) event = NULL;

      if (audience != NULL && !sse_rules_check_audience (NULL, audience, error))
        return NULL;
      event = sse_github_event_new_saved (audience, json, error);
      if (event == NULL)
        return NULL;
      if (sse_github_store_find (self, audience, event->key.id) != NULL)
        {
          sse_rules_set_invalid (error, "an event for the second time");
          return NULL;
        }
      sse_github_store_add (self, g_steal_pointer (&event));
    }
  return g_steal_pointer (&self);
}
