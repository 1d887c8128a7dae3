/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-post.h"

#include <string.h>

#include "sse-json.h"
#include "sse-rules.h"
#include "sse-time.h"

static const char *const statuses[]
    = { "draft", "ready", "scheduled", "published", "failed", NULL };

const char *const sse_post_lists[]
    = { "drafts", "ready", "scheduled", "published", "failed", NULL };

/* The place of @name in @statuses; %SSE_N_POST_STATUSES where it is not there. */
static SsePostStatus
find_status (const char *name)
{
  guint i = 0;

  while (i < SSE_N_POST_STATUSES && strcmp (statuses[i], name) != 0)
    i++;
  return (SsePostStatus) i;
}

/* An absent `createdAt` and one of null are the same. */
static gboolean
get_created (JsonObject *object, const char *where, gint64 *created, GError **error)
{
  JsonNode *node = json_object_get_member (object, "createdAt");

  *created = SSE_POST_UNDATED;
  if (node == NULL || JSON_NODE_HOLDS_NULL (node))
    return TRUE;
  if (JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING
      && sse_time_parse (json_node_get_string (node), created))
    return TRUE;
  sse_json_set_invalid (error, where, "createdAt",
                        "must be null or a time as RFC 3339 writes it, \"2024-01-01T00:00:00Z\"");
  return FALSE;
}

/**
 * sse_post_check:
 * @object: what should be a post
 * @where: its path for the message, "post"
 * @error: %SSE_ERROR_INVALID_UPDATE, naming the member that is wrong
 *
 * Returns: whether it is one
 */
gboolean
sse_post_check (JsonObject *object, const char *where, GError **error)
{
  g_autofree char *id = sse_json_dup_id (object, where, "id", error);
  g_autofree char *text = NULL;
  const char *status;
  gint64 ignored;

  if (id == NULL || !sse_json_get_string (object, where, "status", &status, error))
    return FALSE;
  if (find_status (status) == SSE_N_POST_STATUSES)
    {
      g_autofree char *list = g_strjoinv (", ", (char **) statuses);

      sse_json_set_invalid (error, where, "status", "unknown; there are %s", list);
      return FALSE;
    }
  if (!get_created (object, where, &ignored, error))
    return FALSE;
  text = sse_rules_encode (object, where, 0, NULL, error);
  return text != NULL;
}

/* The status of a post of the right shape. */
SsePostStatus
sse_post_get_status (JsonObject *object)
{
  return find_status (json_object_get_string_member (object, "status"));
}

/**
 * sse_post_new:
 * @object: a post of the right shape
 * @sequence: its place in the order of acceptance
 *
 * Returns: (transfer full): the post, in full
 */
SsePost *
sse_post_new (JsonObject *object, guint64 sequence)
{
  g_autofree char *id = sse_json_dup_id (object, "", "id", NULL);
  SsePost *self = sse_post_new_reduced (id, sse_post_get_status (object));

  get_created (object, "", &self->created, NULL);
  self->sequence = sequence;
  self->json = sse_rules_encode (object, "", 0, &self->length, NULL);
  return self;
}

/* A post of which only id and status are known. */
SsePost *
sse_post_new_reduced (const char *id, SsePostStatus status)
{
  SsePost *self = g_new0 (SsePost, 1);

  self->id = g_strdup (id);
  self->status = status;
  self->created = SSE_POST_UNDATED;
  return self;
}

void
sse_post_free (SsePost *self)
{
  g_free (self->id);
  g_free (self->json);
  g_free (self);
}

/* Forgets all but id and status. */
void
sse_post_reduce (SsePost *self)
{
  g_clear_pointer (&self->json, g_free);
  self->length = 0;
  self->created = SSE_POST_UNDATED;
  self->sequence = 0;
}

/**
 * sse_post_get_bytes:
 *
 * Returns: how much of the stream's bound it takes
 */
gsize
sse_post_get_bytes (const SsePost *self)
{
  return strlen (self->id) + self->length;
}

/* The order of a list: newest `createdAt` first, then the newest accepted first. */
int
sse_post_compare (const SsePost *self, const SsePost *other)
{
  if (self->created != other->created)
    return self->created > other->created ? -1 : 1;
  if (self->sequence != other->sequence)
    return self->sequence > other->sequence ? -1 : 1;
  return 0;
}
