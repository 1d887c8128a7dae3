/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-event-counts.h"

#include <string.h>

#include "sse-error.h"
#include "sse-rules.h"

#define STATE_TYPE "(xa(sx))"
#define MAX_COUNT  (G_MAXINT64 / 4) /* never reached one by one; two of them can be added */

struct _SseEventCounts
{
  guint max_audiences;
  gsize max_bytes;
  gsize bytes; /* of all names */
  gint64 everyone;
  GHashTable *table; /* user: gint64, above 0 */
};

/**
 * sse_event_counts_new:
 * @max_audiences: users whose count is kept
 * @max_bytes: of all their names together
 *
 * Returns: (transfer full): counts that are all 0
 */
SseEventCounts *
sse_event_counts_new (guint max_audiences, gsize max_bytes)
{
  SseEventCounts *self = g_new0 (SseEventCounts, 1);

  self->max_audiences = max_audiences;
  self->max_bytes = max_bytes;
  self->table = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return self;
}

void
sse_event_counts_free (SseEventCounts *self)
{
  g_hash_table_unref (self->table);
  g_free (self);
}

static gboolean
add_audience (SseEventCounts *self, const char *audience, gint64 count, GError **error)
{
  if (g_hash_table_size (self->table) >= self->max_audiences)
    {
      g_set_error (error, SSE_ERROR, SSE_ERROR_REFUSED,
                   "audience: the stream knows %u audiences already, and no more are taken",
                   self->max_audiences);
      return FALSE;
    }
  if (strlen (audience) > self->max_bytes - self->bytes)
    {
      g_set_error (error, SSE_ERROR, SSE_ERROR_REFUSED,
                   "audience: the stream would keep more than %" G_GSIZE_FORMAT " bytes",
                   self->max_bytes);
      return FALSE;
    }
  self->bytes += strlen (audience);
  g_hash_table_insert (self->table, g_strdup (audience), g_memdup2 (&count, sizeof count));
  return TRUE;
}

/**
 * sse_event_counts_set:
 * @audience: (nullable): whose count, %NULL for everyone's
 * @count: 0 or more
 * @error: %SSE_ERROR_REFUSED where a bound would be passed
 *
 * Returns: whether that count is now @count
 */
gboolean
sse_event_counts_set (SseEventCounts *self, const char *audience, gint64 count, GError **error)
{
  gint64 *old;

  if (audience == NULL)
    {
      self->everyone = count;
      return TRUE;
    }

  old = g_hash_table_lookup (self->table, audience);
  if (count == 0)
    {
      if (g_hash_table_remove (self->table, audience))
        self->bytes -= strlen (audience);
      return TRUE;
    }
  if (old == NULL)
    return add_audience (self, audience, count, error);
  *old = count;
  return TRUE;
}

/**
 * sse_event_counts_get:
 * @audience: (nullable): whose count, %NULL for everyone's
 *
 * Returns: that count alone, without everyone's
 */
gint64
sse_event_counts_get (const SseEventCounts *self, const char *audience)
{
  const gint64 *count;

  if (audience == NULL)
    return self->everyone;
  count = g_hash_table_lookup (self->table, audience);
  return count != NULL ? *count : 0;
}

/* Whether that user's own count is above 0. */
gboolean
sse_event_counts_has_audience (const SseEventCounts *self, const char *audience)
{
  return g_hash_table_contains (self->table, audience);
}

/**
 * sse_event_counts_save:
 *
 * Returns: (transfer floating): everyone's count and those of users, by the order of their names
 */
GVariant *
sse_event_counts_save (const SseEventCounts *self)
{
  guint n;
  g_autofree const char **audiences = sse_rules_dup_audiences (self->table, &n);
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(sx)"));
  for (guint i = 0; i < n; i++)
    g_variant_builder_add (&builder, "(sx)", audiences[i],
                           sse_event_counts_get (self, audiences[i]));
  return g_variant_new ("(xa(sx))", self->everyone, &builder);
}

/**
 * sse_event_counts_restore:
 * @self: counts that are all 0
 * @state: what may be a saved state
 * @error: where sse_event_counts_save() cannot have made it, or it is beyond a bound
 *
 * Returns: whether @self now is what was saved; else it is good for nothing
 */
gboolean
sse_event_counts_restore (SseEventCounts *self, GVariant *state, GError **error)
{
  g_autoptr (GVariantIter) iter = NULL;
  const char *previous = NULL;
  const char *audience;
  gint64 count;

  if (!sse_rules_check_state (state, STATE_TYPE, error))
    return FALSE;
  g_variant_get (state, "(xa(sx))", &self->everyone, &iter);
  if (self->everyone < 0 || self->everyone > MAX_COUNT)
    {
      sse_rules_set_invalid (error, "a count below 0 or beyond all bounds");
      return FALSE;
    }
  while (g_variant_iter_next (iter, "(&sx)", &audience, &count))
    {
      if (!sse_rules_check_audience (previous, audience, error))
        return FALSE;
      if (count <= 0 || count > MAX_COUNT)
        {
          sse_rules_set_invalid (error, "a user's count of 0 or less, or beyond all bounds");
          return FALSE;
        }
      if (!sse_event_counts_set (self, audience, count, error))
        return FALSE;
      previous = audience;
    }
  return TRUE;
}
