/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-update.h"

#include "sse-error.h"
#include "sse-json.h"

struct _SseUpdate
{
  gatomicrefcount ref_count;
  char *stream;
  char *audience;
  GBytes *json;
  JsonNode *root; /* NULL until parsed */
  const char *kind;
  guint64 position;
  gint64 accepted;
};

/**
 * sse_update_new:
 * @stream: the stream's name
 * @audience: (nullable): the user it is for, a JWT's `sub`; %NULL for everyone
 * @json: the JSON text as the publisher sent it
 *
 * Makes an update whose text has not been looked at yet; see sse_update_parse().
 *
 * Returns: (transfer full): the update
 */
SseUpdate *
sse_update_new (const char *stream, const char *audience, GBytes *json)
{
  SseUpdate *self = g_new0 (SseUpdate, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->stream = g_strdup (stream);
  self->audience = g_strdup (audience);
  self->json = g_bytes_ref (json);
  return self;
}

SseUpdate *
sse_update_ref (SseUpdate *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
sse_update_unref (SseUpdate *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_clear_pointer (&self->root, json_node_unref);
  g_bytes_unref (self->json);
  g_free (self->audience);
  g_free (self->stream);
  g_free (self);
}

static gboolean
take_root (SseUpdate *self, JsonNode *root, GError **error)
{
  const char *kind;

  if (!sse_json_get_string (json_node_get_object (root), "", "type", &kind, error))
    return FALSE;
  self->kind = kind;
  self->root = json_node_ref (root);
  return TRUE;
}

/**
 * sse_update_parse:
 * @self: an update
 * @error: %SSE_ERROR_INVALID_UPDATE where the text is not one JSON object with a string `type`
 *
 * Parses the text, once; later calls do nothing. A text of some size is better parsed in a
 * thread than on the main one.
 *
 * Returns: whether the update now has an object and a kind
 */
gboolean
sse_update_parse (SseUpdate *self, GError **error)
{
  g_autoptr (JsonNode) root = NULL;
  gsize length;
  const char *text = g_bytes_get_data (self->json, &length);

  if (self->root != NULL)
    return TRUE;
  root = sse_json_parse (text, length, error);
  return root != NULL && take_root (self, root, error);
}

/**
 * sse_update_parse_again:
 * @self: an update whose text sse_update_parse() took before, from where it was kept
 *
 * Does the same, without scanning the text once more.
 */
gboolean
sse_update_parse_again (SseUpdate *self, GError **error)
{
  g_autoptr (JsonNode) root = NULL;
  gsize length;
  const char *text = g_bytes_get_data (self->json, &length);

  root = sse_json_parse_again (text, length, error);
  return root != NULL && take_root (self, root, error);
}

const char *
sse_update_get_stream (const SseUpdate *self)
{
  return self->stream;
}

/**
 * sse_update_get_audience:
 *
 * Returns: (nullable): the user this update is for, or %NULL for everyone
 */
const char *
sse_update_get_audience (const SseUpdate *self)
{
  return self->audience;
}

/**
 * sse_update_get_json:
 *
 * Returns: (transfer none): the text as the publisher sent it
 */
GBytes *
sse_update_get_json (const SseUpdate *self)
{
  return self->json;
}

/**
 * sse_update_get_object:
 *
 * Returns: (transfer none): the JSON object; the update must have been parsed. Not to be changed.
 */
JsonObject *
sse_update_get_object (const SseUpdate *self)
{
  g_return_val_if_fail (self->root != NULL, NULL);
  return json_node_get_object (self->root);
}

/**
 * sse_update_get_kind:
 *
 * Returns: the object's `type` member; the update must have been parsed
 */
const char *
sse_update_get_kind (const SseUpdate *self)
{
  g_return_val_if_fail (self->root != NULL, NULL);
  return self->kind;
}

/**
 * sse_update_get_position:
 *
 * Returns: its place in the log, or 0 before the log has it
 */
guint64
sse_update_get_position (const SseUpdate *self)
{
  return self->position;
}

/* Called by a log, once. */
void
sse_update_set_position (SseUpdate *self, guint64 position)
{
  self->position = position;
}

/**
 * sse_update_get_accepted:
 *
 * Returns: when the daemon accepted it, in µs since 1970 UTC: the only clock a source may look at
 */
gint64
sse_update_get_accepted (const SseUpdate *self)
{
  return self->accepted;
}

/* Called by the hub when it accepts the update, or by a log that reads it back. */
void
sse_update_set_accepted (SseUpdate *self, gint64 accepted)
{
  self->accepted = accepted;
}
