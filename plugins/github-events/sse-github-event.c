/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-github-event.h"

#include <string.h>

#include "sse-error.h"
#include "sse-json.h"
#include "sse-rules.h"
#include "sse-time.h"

#define DEFAULT_STATUS ",\"status\":\"pending\""
#define DEFAULT_TIME   ",\"received_at\":\"2024-01-01T00:00:00.000Z\"" /* all have this length */

static gboolean
check_optional (JsonObject *object, const char *where, const char *member, GError **error)
{
  const char *ignored;

  return !json_object_has_member (object, member)
         || sse_json_get_string (object, where, member, &ignored, error);
}

/* `received_at`, where there is one, is a time. */
static gboolean
check_received (JsonObject *object, const char *where, GError **error)
{
  const char *text;
  gint64 ignored;

  if (!json_object_has_member (object, "received_at"))
    return TRUE;
  if (!sse_json_get_string (object, where, "received_at", &text, error))
    return FALSE;
  if (sse_time_parse (text, &ignored))
    return TRUE;
  sse_json_set_invalid (error, where, "received_at",
                        "must be a time as RFC 3339 writes it, \"2024-01-01T00:00:00Z\"");
  return FALSE;
}

static gboolean
check_size (JsonObject *object, const char *where, gsize reserve, GError **error)
{
  g_autofree char *text = sse_rules_encode (object, where, reserve, NULL, error);

  return text != NULL;
}

/**
 * sse_github_event_check:
 * @object: what should be an event
 * @where: its path for the message, "event"
 * @error: %SSE_ERROR_INVALID_UPDATE, naming the member that is wrong
 *
 * Checks a whole event, of which only `status` and `received_at` may be left out; its size with
 * the defaults for these.
 *
 * Returns: whether it is one
 */
gboolean
sse_github_event_check (JsonObject *object, const char *where, GError **error)
{
  static const char *const required[] = { "delivery_id", "event", "repo_full_name" };
  const char *ignored;
  gsize reserve = 0;

  for (guint i = 0; i < G_N_ELEMENTS (required); i++)
    if (!sse_json_get_string (object, where, required[i], &ignored, error))
      return FALSE;
  if (!check_optional (object, where, "status", error) || !check_received (object, where, error))
    return FALSE;

  if (!json_object_has_member (object, "status"))
    reserve += strlen (DEFAULT_STATUS);
  if (!json_object_has_member (object, "received_at"))
    reserve += strlen (DEFAULT_TIME);
  return check_size (object, where, reserve, error);
}

/* Like sse_github_event_check(), for the members of an event that change. */
gboolean
sse_github_event_check_changes (JsonObject *object, const char *where, GError **error)
{
  static const char *const known[] = { "event", "repo_full_name", "status" };
  const char *ignored;

  if (!sse_json_get_string (object, where, "delivery_id", &ignored, error))
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (known); i++)
    if (!check_optional (object, where, known[i], error))
      return FALSE;
  return check_received (object, where, error) && check_size (object, where, 0, error);
}

static SseGithubEvent *
event_new (const char *audience, const char *id, gint64 received, GString *json)
{
  SseGithubEvent *self = g_new0 (SseGithubEvent, 1);

  sse_github_key_init (&self->key, audience, id);
  self->received = received;
  self->length = json->len;
  self->json = g_string_free (json, FALSE);
  self->link.data = self;
  return self;
}

/**
 * sse_github_event_new:
 * @audience: (nullable): whose event it is
 * @object: an event of the right shape
 * @accepted: its `received_at` where it has none, in µs since 1970 UTC
 *
 * Returns: (transfer full): the event, with its defaults
 */
SseGithubEvent *
sse_github_event_new (const char *audience, JsonObject *object, gint64 accepted)
{
  g_autofree char *now = NULL;
  const char *time = NULL;
  gint64 received = 0;
  GString *json = g_string_new (NULL);

  sse_json_append_object (json, object);
  g_string_truncate (json, json->len - 1);
  if (!json_object_has_member (object, "status"))
    g_string_append (json, DEFAULT_STATUS);
  if (json_object_has_member (object, "received_at"))
    {
      time = json_object_get_string_member (object, "received_at");
    }
  else
    {
      time = now = sse_time_format (accepted);
      g_string_append_printf (json, ",\"received_at\":\"%s\"", now);
    }
  g_string_append_c (json, '}');

  /* The text's instant, not @accepted: what is restored from the text has to sort alike. */
  sse_time_parse (time, &received);
  return event_new (audience, json_object_get_string_member (object, "delivery_id"), received,
                    json);
}

static void
append_member (GString *json, const char *name, JsonNode *value)
{
  g_string_append_c (json, json->len == 0 ? '{' : ',');
  sse_json_append_string (json, name);
  g_string_append_c (json, ':');
  sse_json_append_node (json, value);
}

/* @changes' members in the places of the old ones, and behind them those that are new. */
static GString *
merge (JsonObject *object, JsonObject *changes)
{
  GString *json = g_string_new (NULL);
  JsonObjectIter iter;
  const char *name;
  JsonNode *value;

  json_object_iter_init_ordered (&iter, object);
  while (json_object_iter_next_ordered (&iter, &name, &value))
    {
      JsonNode *changed = json_object_get_member (changes, name);

      append_member (json, name, changed != NULL ? changed : value);
    }
  json_object_iter_init_ordered (&iter, changes);
  while (json_object_iter_next_ordered (&iter, &name, &value))
    if (!json_object_has_member (object, name))
      append_member (json, name, value);
  g_string_append_c (json, '}');
  return json;
}

/**
 * sse_github_event_new_changed:
 * @event: an event
 * @changes: members of the right shape, to be put in the places of @event's or behind them
 * @error: %SSE_ERROR_REFUSED where the result would be too large
 *
 * Returns: (transfer full) (nullable): the changed event
 */
SseGithubEvent *
sse_github_event_new_changed (const SseGithubEvent *event, JsonObject *changes, GError **error)
{
  g_autoptr (JsonNode) node = sse_rules_decode (event->json, error);
  gint64 received = event->received;
  GString *json;

  if (node == NULL)
    return NULL;

  json = merge (json_node_get_object (node), changes);
  if (json->len > SSE_RULES_MAX_OBJECT_BYTES)
    {
      g_set_error (error, SSE_ERROR, SSE_ERROR_REFUSED,
                   "event: with these changes it would have %" G_GSIZE_FORMAT
                   " bytes as JSON; at most %d are kept",
                   json->len, SSE_RULES_MAX_OBJECT_BYTES);
      g_string_free (json, TRUE);
      return NULL;
    }

  if (json_object_has_member (changes, "received_at"))
    sse_time_parse (json_object_get_string_member (changes, "received_at"), &received);
  return event_new (event->key.audience, event->key.id, received, json);
}

/**
 * sse_github_event_new_saved:
 * @json: an event's bytes, from a saved state
 * @error: %SSE_ERROR_INVALID_UPDATE where they are not those of a whole event
 *
 * Returns: (transfer full) (nullable): the event
 */
SseGithubEvent *
sse_github_event_new_saved (const char *audience, const char *json, GError **error)
{
  g_autoptr (JsonNode) node = sse_rules_decode (json, error);
  JsonObject *object;

  if (node == NULL)
    return NULL;
  object = json_node_get_object (node);
  if (!sse_github_event_check (object, "state", error))
    return NULL;
  if (!json_object_has_member (object, "status") || !json_object_has_member (object, "received_at"))
    {
      sse_rules_set_invalid (error, "an event without status or received_at");
      return NULL;
    }
  return sse_github_event_new (audience, object, 0);
}

void
sse_github_event_free (SseGithubEvent *self)
{
  sse_github_key_clear (&self->key);
  g_free (self->json);
  g_free (self);
}

/* The order of the list: newest `received_at` first, then the newest accepted first. */
int
sse_github_event_compare (const SseGithubEvent *self, const SseGithubEvent *other)
{
  if (self->received != other->received)
    return self->received > other->received ? -1 : 1;
  if (self->sequence != other->sequence)
    return self->sequence > other->sequence ? -1 : 1;
  return 0;
}
