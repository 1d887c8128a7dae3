/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-posts-shape.h"

#include <string.h>

#include "sse-json.h"
#include "sse-post.h"
#include "sse-rules.h"

static gboolean
check_list (
    JsonObject *lists, SsePostStatus status, GHashTable *ids, const char *member, GError **error)
{
  g_autofree char *path = g_strdup_printf ("%s.%s", member, sse_post_lists[status]);
  JsonArray *list;

  if (!sse_json_get_array (lists, member, sse_post_lists[status], &list, error))
    return FALSE;
  for (guint i = 0; i < json_array_get_length (list); i++)
    {
      g_autofree char *where = g_strdup_printf ("%s[%u]", path, i);
      JsonObject *post;

      if (!sse_json_get_element (list, path, i, &post, error)
          || !sse_post_check (post, where, error))
        return FALSE;
      if (sse_post_get_status (post) != status)
        {
          sse_json_set_invalid (error, where, "status", "not that of the list it is in");
          return FALSE;
        }
      if (!g_hash_table_add (ids, sse_json_dup_id (post, where, "id", NULL)))
        {
          sse_json_set_invalid (error, where, "id", "in the lists for the second time");
          return FALSE;
        }
    }
  return TRUE;
}

static gboolean
check_lists (JsonObject *object, GError **error)
{
  static const char member[] = "postsByStatus";
  g_autoptr (GHashTable) ids = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  JsonObject *lists;

  if (!sse_json_get_object (object, "", member, &lists, error)
      || !sse_json_check_members (lists, member, sse_post_lists, error))
    return FALSE;
  for (guint i = 0; i < SSE_N_POST_STATUSES; i++)
    if (!check_list (lists, (SsePostStatus) i, ids, member, error))
      return FALSE;
  return TRUE;
}

static gboolean
check_counters (JsonObject *object, GError **error)
{
  JsonObject *counters;
  gint64 count;

  if (!sse_json_get_object (object, "", "stats", &counters, error)
      || !sse_json_check_members (counters, "stats", sse_post_lists, error))
    return FALSE;
  for (guint i = 0; i < SSE_N_POST_STATUSES; i++)
    if (!sse_json_get_count (counters, "stats", sse_post_lists[i], &count, error))
      return FALSE;
  return TRUE;
}

/**
 * sse_posts_shape_check:
 * @update: a parsed update of `posts-stats`
 * @error: %SSE_ERROR_INVALID_UPDATE, naming the member that is wrong
 *
 * Returns: whether the update has the shape that the contract gives its type
 */
gboolean
sse_posts_shape_check (const SseUpdate *update, GError **error)
{
  static const char *const kinds[] = { "post", "post-delete", "posts-by-status", "stats", NULL };
  JsonObject *object = sse_update_get_object (update);
  const char *kind = sse_update_get_kind (update);
  g_autofree char *id = NULL;
  JsonObject *post;

  if (!sse_rules_check_kind (update, kinds, error))
    return FALSE;
  if (g_str_equal (kind, "posts-by-status"))
    return check_lists (object, error);
  if (g_str_equal (kind, "stats"))
    return check_counters (object, error);
  if (g_str_equal (kind, "post"))
    return sse_json_get_object (object, "", "post", &post, error)
           && sse_post_check (post, "post", error);
  id = sse_json_dup_id (object, "", "postId", error);
  return id != NULL;
}
