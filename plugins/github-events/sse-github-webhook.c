/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-github-webhook.h"

#include <string.h>

#include "sse-error.h"
#include "sse-github-form.h"
#include "sse-github-signature.h"
#include "sse-json.h"

static gboolean
check_signature (
    GHashTable *headers, GBytes *body, GBytes *secret, GBytes *previous_secret, GError **error)
{
  const char *signature = g_hash_table_lookup (headers, "x-hub-signature-256");

  if (secret == NULL)
    {
      g_set_error_literal (error, SSE_ERROR, SSE_ERROR_NOT_AUTHORIZED,
                           "no webhook secret is configured");
      return FALSE;
    }
  if (signature == NULL)
    {
      g_set_error_literal (error, SSE_ERROR, SSE_ERROR_NOT_AUTHORIZED,
                           "X-Hub-Signature-256: missing");
      return FALSE;
    }
  if (sse_github_signature_check (signature, body, secret)
      || (previous_secret != NULL && sse_github_signature_check (signature, body, previous_secret)))
    return TRUE;

  g_set_error_literal (error, SSE_ERROR, SSE_ERROR_NOT_AUTHORIZED,
                       "X-Hub-Signature-256: not this body's signature with the webhook's secret");
  return FALSE;
}

static gboolean
get_header (GHashTable *headers, const char *name, const char **value, GError **error)
{
  g_autofree char *key = g_ascii_strdown (name, -1);

  *value = g_hash_table_lookup (headers, key);
  if (*value == NULL || **value == '\0')
    {
      sse_json_set_invalid (error, "", name, "missing");
      return FALSE;
    }
  if (!g_utf8_validate (*value, -1, NULL))
    {
      sse_json_set_invalid (error, "", name, "must be UTF-8");
      return FALSE;
    }
  return TRUE;
}

/* Whether @value's media type is @type, whatever parameters follow. */
static gboolean
has_media_type (const char *value, const char *type)
{
  gsize length = strlen (type);

  return g_ascii_strncasecmp (value, type, length) == 0
         && (value[length] == '\0' || strchr ("; \t", value[length]) != NULL);
}

static JsonNode *
parse_body (GHashTable *headers, GBytes *body, GError **error)
{
  g_autoptr (GString) payload = NULL;
  const char *content_type;
  gsize length;
  const char *text = g_bytes_get_data (body, &length);

  if (!get_header (headers, "Content-Type", &content_type, error))
    return NULL;
  if (text == NULL)
    text = "";
  if (has_media_type (content_type, "application/json"))
    return sse_json_parse (text, length, error);
  if (has_media_type (content_type, "application/x-www-form-urlencoded"))
    {
      payload = sse_github_form_dup_value (text, length, "payload", error);
      return payload != NULL ? sse_json_parse (payload->str, payload->len, error) : NULL;
    }
  sse_json_set_invalid (error, "", "Content-Type",
                        "must be application/json or application/x-www-form-urlencoded");
  return NULL;
}

/* A member of the payload, or of the object @parent in it, where it is a text. */
static const char *
find_text (JsonObject *payload, const char *parent, const char *member)
{
  const char *text = NULL;

  if (parent != NULL && !sse_json_get_object (payload, "", parent, &payload, NULL))
    return NULL;
  return sse_json_get_string (payload, "", member, &text, NULL) ? text : NULL;
}

static void
append_text (GString *json, const char *name, const char *value)
{
  if (value == NULL)
    return;
  g_string_append_printf (json, ",\"%s\":", name);
  sse_json_append_string (json, value);
}

/* Of the payload, only what says who did what where: never the payload itself. */
static SseUpdate *
make_update (const char *delivery, const char *event, JsonObject *payload)
{
  GString *json = g_string_new ("{\"type\":\"new-event\",\"event\":{\"delivery_id\":");
  const char *repository = find_text (payload, "repository", "full_name");
  g_autoptr (GBytes) bytes = NULL;

  sse_json_append_string (json, delivery);
  append_text (json, "event", event);
  append_text (json, "action", find_text (payload, NULL, "action"));
  append_text (json, "sender", find_text (payload, "sender", "login"));
  append_text (json, "repo_full_name", repository != NULL ? repository : "unknown");
  append_text (json, "status", "pending");
  g_string_append (json, "}}");

  bytes = g_string_free_to_bytes (json);
  return sse_update_new ("github-events", NULL, bytes);
}

/**
 * sse_github_webhook_receive:
 * @headers: (element-type utf8 utf8): by names in lower case
 * @body: the raw body
 * @secret: (nullable): the webhook's secret; without one nothing is taken
 * @previous_secret: (nullable): the one before, which still counts during a rotation
 * @update: (out) (transfer full) (nullable): the update, %NULL for a `ping`
 * @error: %SSE_ERROR_NOT_AUTHORIZED where the signature is missing or wrong,
 *   %SSE_ERROR_INVALID_UPDATE, naming the header or the byte, for all else
 *
 * Makes an update of one delivery of a GitHub webhook. The signature is checked before anything of
 * the request is parsed. A `ping` is checked like any other delivery, so that GitHub shows at once
 * whether they will arrive.
 *
 * Returns: whether the request was in order
 */
gboolean
sse_github_webhook_receive (GHashTable *headers,
                            GBytes *body,
                            GBytes *secret,
                            GBytes *previous_secret,
                            SseUpdate **update,
                            GError **error)
{
  g_autoptr (JsonNode) payload = NULL;
  const char *delivery;
  const char *event;

  *update = NULL;
  if (!check_signature (headers, body, secret, previous_secret, error)
      || !get_header (headers, "X-GitHub-Delivery", &delivery, error)
      || !get_header (headers, "X-GitHub-Event", &event, error))
    return FALSE;
  payload = parse_body (headers, body, error);
  if (payload == NULL)
    return FALSE;

  if (strcmp (event, "ping") != 0)
    *update = make_update (delivery, event, json_node_get_object (payload));
  return TRUE;
}
