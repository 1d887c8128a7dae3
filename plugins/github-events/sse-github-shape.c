/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-github-shape.h"

#include "sse-github-event.h"
#include "sse-json.h"
#include "sse-rules.h"

/* A list has each event once: two with one id could not both be kept. */
static gboolean
check_list (JsonObject *object, GError **error)
{
  g_autoptr (GHashTable) ids = g_hash_table_new (g_str_hash, g_str_equal);
  JsonArray *events;

  if (!sse_json_get_array (object, "", "events", &events, error))
    return FALSE;
  for (guint i = 0; i < json_array_get_length (events); i++)
    {
      g_autofree char *where = g_strdup_printf ("events[%u]", i);
      JsonObject *event;

      if (!sse_json_get_element (events, "events", i, &event, error)
          || !sse_github_event_check (event, where, error))
        return FALSE;
      if (!g_hash_table_add (ids, (char *) json_object_get_string_member (event, "delivery_id")))
        {
          sse_json_set_invalid (error, where, "delivery_id", "in the list for the second time");
          return FALSE;
        }
    }
  return TRUE;
}

/**
 * sse_github_shape_check:
 * @update: a parsed update of `github-events`
 * @error: %SSE_ERROR_INVALID_UPDATE, naming the member that is wrong
 *
 * Returns: whether the update has the shape that the contract gives its type
 */
gboolean
sse_github_shape_check (const SseUpdate *update, GError **error)
{
  static const char *const kinds[]
      = { "new-event", "event-update", "event-delete", "events", NULL };
  JsonObject *object = sse_update_get_object (update);
  const char *kind = sse_update_get_kind (update);
  JsonObject *event;
  const char *id;

  if (!sse_rules_check_kind (update, kinds, error))
    return FALSE;
  if (g_str_equal (kind, "events"))
    return check_list (object, error);
  if (g_str_equal (kind, "event-delete"))
    return sse_json_get_string (object, "", "eventId", &id, error);
  if (!sse_json_get_object (object, "", "event", &event, error))
    return FALSE;
  if (g_str_equal (kind, "new-event"))
    return sse_github_event_check (event, "event", error);
  return sse_github_event_check_changes (event, "event", error);
}
