/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-quota-table.h"

#include <string.h>

#include "sse-error.h"
#include "sse-json.h"
#include "sse-rules.h"

#define STATE_TYPE "(msa(ss))"

struct _SseQuotaTable
{
  guint max_audiences;
  gsize max_bytes;
  gsize bytes;       /* of all names and quotas */
  char *everyone;    /* NULL where none was published */
  GHashTable *table; /* user: quota, both as text */
};

/**
 * sse_quota_check:
 * @quota: what should be a quota
 * @where: its path for the message, "quota"
 * @error: %SSE_ERROR_INVALID_UPDATE, naming the member that is wrong
 *
 * Returns: whether it is one
 */
gboolean
sse_quota_check (JsonObject *quota, const char *where, GError **error)
{
  g_autofree char *text = NULL;
  gint64 ignored;

  if (!sse_json_get_count (quota, where, "used", &ignored, error)
      || !sse_json_get_count (quota, where, "remaining", &ignored, error))
    return FALSE;
  text = sse_rules_encode (quota, where, 0, NULL, error);
  return text != NULL;
}

/**
 * sse_quota_table_new:
 * @max_audiences: users of whom a quota is kept
 * @max_bytes: of all names and quotas together
 *
 * Returns: (transfer full): an empty table
 */
SseQuotaTable *
sse_quota_table_new (guint max_audiences, gsize max_bytes)
{
  SseQuotaTable *self = g_new0 (SseQuotaTable, 1);

  self->max_audiences = max_audiences;
  self->max_bytes = max_bytes;
  self->table = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return self;
}

void
sse_quota_table_free (SseQuotaTable *self)
{
  g_hash_table_unref (self->table);
  g_free (self->everyone);
  g_free (self);
}

static const char *
get_own (const SseQuotaTable *self, const char *audience)
{
  return audience != NULL ? g_hash_table_lookup (self->table, audience) : self->everyone;
}

/**
 * sse_quota_table_set:
 * @audience: (nullable): whose quota, %NULL for everyone's
 * @quota: a quota of the right shape
 * @error: %SSE_ERROR_REFUSED where a bound would be passed
 *
 * Returns: whether it is now kept
 */
gboolean
sse_quota_table_set (SseQuotaTable *self, const char *audience, JsonObject *quota, GError **error)
{
  gsize length;
  g_autofree char *text = sse_rules_encode (quota, "quota", 0, &length, error);
  const char *old = get_own (self, audience);
  gsize bytes;

  if (text == NULL)
    return FALSE;
  if (audience != NULL && old == NULL && g_hash_table_size (self->table) >= self->max_audiences)
    {
      g_set_error (error, SSE_ERROR, SSE_ERROR_REFUSED,
                   "audience: the stream knows %u audiences already, and no more are taken",
                   self->max_audiences);
      return FALSE;
    }
  bytes = self->bytes + length;
  if (old != NULL)
    bytes -= strlen (old);
  else if (audience != NULL)
    bytes += strlen (audience);
  if (bytes > self->max_bytes)
    {
      g_set_error (error, SSE_ERROR, SSE_ERROR_REFUSED,
                   "quota: the stream would keep more than %" G_GSIZE_FORMAT " bytes",
                   self->max_bytes);
      return FALSE;
    }

  self->bytes = bytes;
  if (audience != NULL)
    {
      g_hash_table_replace (self->table, g_strdup (audience), g_steal_pointer (&text));
    }
  else
    {
      g_free (self->everyone);
      self->everyone = g_steal_pointer (&text);
    }
  return TRUE;
}

/**
 * sse_quota_table_get:
 * @audience: (nullable): who looks
 *
 * Returns: (nullable): the quota that @audience sees, as JSON; %NULL where none was published
 */
const char *
sse_quota_table_get (const SseQuotaTable *self, const char *audience)
{
  const char *own = get_own (self, audience);

  return own != NULL ? own : self->everyone;
}

/* Whether a quota was published for that user. */
gboolean
sse_quota_table_has_audience (const SseQuotaTable *self, const char *audience)
{
  return g_hash_table_contains (self->table, audience);
}

/**
 * sse_quota_table_save:
 *
 * Returns: (transfer floating): everyone's quota and those of users, by the order of their names
 */
GVariant *
sse_quota_table_save (const SseQuotaTable *self)
{
  guint n;
  g_autofree const char **audiences = sse_rules_dup_audiences (self->table, &n);
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(ss)"));
  for (guint i = 0; i < n; i++)
    g_variant_builder_add (&builder, "(ss)", audiences[i],
                           g_hash_table_lookup (self->table, audiences[i]));
  return g_variant_new ("(msa(ss))", self->everyone, &builder);
}

static gboolean
restore_one (SseQuotaTable *self, const char *audience, const char *text, GError **error)
{
  g_autoptr (JsonNode) node = sse_rules_decode (text, error);

  return node != NULL && sse_quota_check (json_node_get_object (node), "state", error)
         && sse_quota_table_set (self, audience, json_node_get_object (node), error);
}

/**
 * sse_quota_table_restore:
 * @self: an empty table
 * @state: what may be a saved state
 * @error: where sse_quota_table_save() cannot have made it, or it is beyond a bound
 *
 * Returns: whether @self now is what was saved; else it is good for nothing
 */
gboolean
sse_quota_table_restore (SseQuotaTable *self, GVariant *state, GError **error)
{
  g_autoptr (GVariantIter) iter = NULL;
  const char *everyone;
  const char *previous = NULL;
  const char *audience;
  const char *text;

  if (!sse_rules_check_state (state, STATE_TYPE, error))
    return FALSE;
  g_variant_get (state, "(m&sa(ss))", &everyone, &iter);
  if (everyone != NULL && !restore_one (self, NULL, everyone, error))
    return FALSE;
  while (g_variant_iter_next (iter, "(&s&s)", &audience, &text))
    {
      if (!sse_rules_check_audience (previous, audience, error)
          || !restore_one (self, audience, text, error))
        return FALSE;
      previous = audience;
    }
  return TRUE;
}
