/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-rules.h"

#include <stdlib.h>
#include <string.h>

#include "sse-error.h"
#include "sse-json.h"

/**
 * sse_rules_check_kind:
 * @update: a parsed update
 * @known: the values of `type` that the stream takes; %NULL-terminated
 * @error: %SSE_ERROR_INVALID_UPDATE, naming `type` and listing @known
 *
 * Returns: whether the update's `type` is one of @known
 */
gboolean
sse_rules_check_kind (const SseUpdate *update, const char *const *known, GError **error)
{
  g_autofree char *list = NULL;

  if (g_strv_contains (known, sse_update_get_kind (update)))
    return TRUE;

  list = g_strjoinv (", ", (char **) known);
  sse_json_set_invalid (error, "", "type", "unknown to this stream; there are %s", list);
  return FALSE;
}

/**
 * sse_rules_encode:
 * @object: what a source wants to keep and pass on
 * @where: its path for the message
 * @reserve: bytes that will still be added to it
 * @length: (out) (optional): bytes, without the final NUL
 * @error: %SSE_ERROR_INVALID_UPDATE where @object with @reserve is over
 *   %SSE_RULES_MAX_OBJECT_BYTES
 *
 * Encodes an object as the bytes that a source keeps: JSON without white space.
 *
 * Returns: (transfer full) (nullable): the bytes, with a final NUL
 */
char *
sse_rules_encode (
    JsonObject *object, const char *where, gsize reserve, gsize *length, GError **error)
{
  GString *text = g_string_new (NULL);

  sse_json_append_object (text, object);
  if (text->len + reserve > SSE_RULES_MAX_OBJECT_BYTES)
    {
      sse_json_set_invalid (error, where, "",
                            "%" G_GSIZE_FORMAT " bytes as JSON; at most %d are taken",
                            text->len + reserve, SSE_RULES_MAX_OBJECT_BYTES);
      g_string_free (text, TRUE);
      return NULL;
    }
  if (length != NULL)
    *length = text->len;
  return g_string_free (text, FALSE);
}

/**
 * sse_rules_decode:
 * @text: bytes as sse_rules_encode() makes them, from a saved state
 * @error: %SSE_ERROR_INVALID_UPDATE where they are anything else
 *
 * Reads back what was kept of an object, making sure that encoding it gives the same bytes: they
 * are sent to clients as they stand, where a line end would break an event in two.
 *
 * Returns: (transfer full) (nullable): a node that holds the object
 */
JsonNode *
sse_rules_decode (const char *text, GError **error)
{
  g_autoptr (JsonNode) node = sse_json_parse (text, strlen (text), error);
  g_autofree char *again = NULL;

  if (node == NULL)
    return NULL;
  again = sse_rules_encode (json_node_get_object (node), "state", 0, NULL, error);
  if (again == NULL)
    return NULL;
  if (strcmp (text, again) != 0)
    {
      sse_rules_set_invalid (error, "an object that is not encoded as it would be kept");
      return NULL;
    }
  return g_steal_pointer (&node);
}

static int
compare_names (const void *a, const void *b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/**
 * sse_rules_dup_audiences:
 * @table: (element-type utf8 any): something by audience
 * @n_audiences: (out): how many there are
 *
 * Returns: (transfer container): the names in the order in which a state is saved: that of their
 *   bytes
 */
const char **
sse_rules_dup_audiences (GHashTable *table, guint *n_audiences)
{
  const char **names = (const char **) g_hash_table_get_keys_as_array (table, n_audiences);

  qsort (names, *n_audiences, sizeof *names, compare_names);
  return names;
}

/**
 * sse_rules_check_state:
 * @state: what may be a saved state
 * @type: the type that it should have
 * @error: %SSE_ERROR_INVALID_UPDATE where it has another, or is not in normal form
 *
 * Returns: whether it can be read as a @type
 */
gboolean
sse_rules_check_state (GVariant *state, const char *type, GError **error)
{
  if (!g_variant_is_of_type (state, G_VARIANT_TYPE (type)))
    {
      sse_rules_set_invalid (error, "of the type %s; %s is needed",
                             g_variant_get_type_string (state), type);
      return FALSE;
    }
  if (!g_variant_is_normal_form (state))
    {
      sse_rules_set_invalid (error, "not in normal form");
      return FALSE;
    }
  return TRUE;
}

/**
 * sse_rules_check_audience:
 * @previous: (nullable): the audience before it in the saved state
 * @audience: the next one
 * @error: %SSE_ERROR_INVALID_UPDATE where it is empty or not behind @previous
 *
 * Returns: whether a saved state can have @audience there
 */
gboolean
sse_rules_check_audience (const char *previous, const char *audience, GError **error)
{
  if (*audience == '\0')
    {
      sse_rules_set_invalid (error, "an empty audience");
      return FALSE;
    }
  if (previous != NULL && strcmp (previous, audience) >= 0)
    {
      sse_rules_set_invalid (error, "audiences out of order");
      return FALSE;
    }
  return TRUE;
}

/**
 * sse_rules_set_invalid:
 * @format: what is wrong with a saved state
 *
 * Sets %SSE_ERROR_INVALID_UPDATE with a message that begins with `state: `.
 */
void
sse_rules_set_invalid (GError **error, const char *format, ...)
{
  g_autofree char *what = NULL;
  va_list args;

  va_start (args, format);
  what = g_strdup_vprintf (format, args);
  va_end (args);
  sse_json_set_invalid (error, "state", "", "%s", what);
}
