/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-json.h"

#include <math.h>
#include <string.h>

#include "sse-error.h"

/**
 * sse_json_parse_again:
 * @text: @length bytes that were scanned before (sse_json_scan())
 * @error: %SSE_ERROR_INVALID_UPDATE
 *
 * Parses one JSON object.
 *
 * Returns: (transfer full) (nullable): a node that holds an object
 */
JsonNode *
sse_json_parse_again (const char *text, gsize length, GError **error)
{
  g_autoptr (JsonParser) parser = json_parser_new_immutable ();
  g_autoptr (GError) local = NULL;
  JsonNode *root;

  if (!json_parser_load_from_data (parser, text, (gssize) length, &local))
    {
      g_set_error (error, SSE_ERROR, SSE_ERROR_INVALID_UPDATE, "not JSON: %s", local->message);
      return NULL;
    }

  root = json_parser_get_root (parser);
  if (root == NULL || !JSON_NODE_HOLDS_OBJECT (root))
    {
      g_set_error_literal (error, SSE_ERROR, SSE_ERROR_INVALID_UPDATE, "not a JSON object");
      return NULL;
    }
  return json_parser_steal_root (parser);
}

/**
 * sse_json_parse:
 * @text: @length bytes from outside
 * @error: %SSE_ERROR_INVALID_UPDATE, with the byte's offset
 *
 * Parses one JSON object, having scanned it first.
 *
 * Returns: (transfer full) (nullable): a node that holds an object
 */
JsonNode *
sse_json_parse (const char *text, gsize length, GError **error)
{
  return sse_json_scan (text, length, error) ? sse_json_parse_again (text, length, error) : NULL;
}

/**
 * sse_json_set_invalid:
 * @where: the path of the object that @member is in, "" for the outermost
 * @member: the member's name
 * @format: what is wrong with it and what would be right
 *
 * Sets %SSE_ERROR_INVALID_UPDATE with a message that begins with the member's whole path.
 */
void
sse_json_set_invalid (
    GError **error, const char *where, const char *member, const char *format, ...)
{
  g_autofree char *told = sse_error_clip (member);
  g_autofree char *what = NULL;
  va_list args;

  va_start (args, format);
  what = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, SSE_ERROR, SSE_ERROR_INVALID_UPDATE, "%s%s%s: %s", where,
               *where != '\0' && *member != '\0' ? "." : "", told, what);
}

static JsonNode *
get_member (
    JsonObject *parent, const char *where, const char *member, const char *wanted, GError **error)
{
  JsonNode *node = json_object_get_member (parent, member);

  if (node == NULL)
    sse_json_set_invalid (error, where, member, "missing; %s is needed", wanted);
  return node;
}

/**
 * sse_json_get_object:
 * @parent: an object
 * @where: @parent's path for the message, "" for the outermost object
 * @member: the member's name
 * @value: (out) (transfer none): its value
 * @error: %SSE_ERROR_INVALID_UPDATE where it is missing or no object
 */
gboolean
sse_json_get_object (
    JsonObject *parent, const char *where, const char *member, JsonObject **value, GError **error)
{
  JsonNode *node = get_member (parent, where, member, "an object", error);

  if (node == NULL)
    return FALSE;
  if (!JSON_NODE_HOLDS_OBJECT (node))
    {
      sse_json_set_invalid (error, where, member, "must be an object");
      return FALSE;
    }
  *value = json_node_get_object (node);
  return TRUE;
}

/* Like sse_json_get_object(), for an array. */
gboolean
sse_json_get_array (
    JsonObject *parent, const char *where, const char *member, JsonArray **value, GError **error)
{
  JsonNode *node = get_member (parent, where, member, "an array", error);

  if (node == NULL)
    return FALSE;
  if (!JSON_NODE_HOLDS_ARRAY (node))
    {
      sse_json_set_invalid (error, where, member, "must be an array");
      return FALSE;
    }
  *value = json_node_get_array (node);
  return TRUE;
}

/* Like sse_json_get_object(), for a string that is not empty. */
gboolean
sse_json_get_string (
    JsonObject *parent, const char *where, const char *member, const char **value, GError **error)
{
  JsonNode *node = get_member (parent, where, member, "a string", error);

  if (node == NULL)
    return FALSE;
  if (!JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_STRING
      || *json_node_get_string (node) == '\0')
    {
      sse_json_set_invalid (error, where, member, "must be a string that is not empty");
      return FALSE;
    }
  *value = json_node_get_string (node);
  return TRUE;
}

/* Like sse_json_get_object(), for an integer of 0 or more. */
gboolean
sse_json_get_count (
    JsonObject *parent, const char *where, const char *member, gint64 *value, GError **error)
{
  JsonNode *node = get_member (parent, where, member, "an integer", error);

  if (node == NULL)
    return FALSE;
  if (!JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_INT64
      || json_node_get_int (node) < 0)
    {
      sse_json_set_invalid (error, where, member, "must be an integer of 0 or more");
      return FALSE;
    }
  *value = json_node_get_int (node);
  return TRUE;
}

/**
 * sse_json_dup_id:
 *
 * Like sse_json_get_object(), for an id: a string that is not empty, or an integer, which is the
 * same id as its decimal text.
 *
 * Returns: (transfer full) (nullable): the id as text
 */
char *
sse_json_dup_id (JsonObject *parent, const char *where, const char *member, GError **error)
{
  JsonNode *node = get_member (parent, where, member, "a string or an integer", error);

  if (node == NULL)
    return NULL;
  if (JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_INT64)
    return g_strdup_printf ("%" G_GINT64_FORMAT, json_node_get_int (node));
  if (JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING
      && *json_node_get_string (node) != '\0')
    return g_strdup (json_node_get_string (node));
  sse_json_set_invalid (error, where, member, "must be a string that is not empty, or an integer");
  return NULL;
}

/**
 * sse_json_get_element:
 * @array: an array of objects
 * @where: its path for the message, "events"
 * @index: less than its length
 * @value: (out) (transfer none): the object there
 * @error: %SSE_ERROR_INVALID_UPDATE where that is no object
 */
gboolean
sse_json_get_element (
    JsonArray *array, const char *where, guint index, JsonObject **value, GError **error)
{
  JsonNode *node = json_array_get_element (array, index);

  if (!JSON_NODE_HOLDS_OBJECT (node))
    {
      g_autofree char *element = g_strdup_printf ("%s[%u]", where, index);

      sse_json_set_invalid (error, element, "", "must be an object");
      return FALSE;
    }
  *value = json_node_get_object (node);
  return TRUE;
}

/**
 * sse_json_check_members:
 * @known: %NULL-terminated names
 * @error: %SSE_ERROR_INVALID_UPDATE, naming the first member of @object that is not among them
 */
gboolean
sse_json_check_members (JsonObject *object,
                        const char *where,
                        const char *const *known,
                        GError **error)
{
  JsonObjectIter iter;
  const char *name;

  json_object_iter_init_ordered (&iter, object);
  while (json_object_iter_next_ordered (&iter, &name, NULL))
    if (!g_strv_contains (known, name))
      {
        g_autofree char *list = g_strjoinv (", ", (char **) known);

        sse_json_set_invalid (error, where, name, "unknown; there are %s", list);
        return FALSE;
      }
  return TRUE;
}

/**
 * sse_json_append_string:
 * @utf8: valid UTF-8
 *
 * Appends @utf8 as a JSON string, quotes included.
 */
void
sse_json_append_string (GString *out, const char *utf8)
{
  static const char escapes[] = "btn\0fr"; /* of U+0008 to U+000D */

  g_string_append_c (out, '"');
  for (const char *p = utf8; *p != '\0'; p++)
    {
      const char *plain = p;
      guchar c;

      while ((guchar) *p >= 0x20 && *p != '"' && *p != '\\' && *p != 0x7f)
        p++;
      g_string_append_len (out, plain, p - plain);

      c = (guchar) *p;
      if (c == '\0')
        break;
      if (c == '"' || c == '\\')
        {
          g_string_append_c (out, '\\');
          g_string_append_c (out, (char) c);
        }
      else if (c >= 0x08 && c <= 0x0d && escapes[c - 0x08] != '\0')
        {
          g_string_append_c (out, '\\');
          g_string_append_c (out, escapes[c - 0x08]);
        }
      else
        {
          g_string_append_printf (out, "\\u%04x", c);
        }
    }
  g_string_append_c (out, '"');
}

/* A decimal text that reads back as the same number, of 15 to 17 digits where it needs as many. */
static void
append_double (GString *out, double value)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];

  for (int precision = 15; precision <= 17; precision++)
    {
      char format[8];

      g_snprintf (format, sizeof format, "%%.%dg", precision);
      g_ascii_formatd (text, sizeof text, format, value);
      if (!(g_ascii_strtod (text, NULL) < value) && !(g_ascii_strtod (text, NULL) > value))
        break;
    }
  g_string_append (out, text);
  if (strpbrk (text, ".e") == NULL)
    g_string_append (out, ".0");
}

static void
append_array (GString *out, JsonArray *array)
{
  guint length = json_array_get_length (array);

  g_string_append_c (out, '[');
  for (guint i = 0; i < length; i++)
    {
      if (i > 0)
        g_string_append_c (out, ',');
      sse_json_append_node (out, json_array_get_element (array, i));
    }
  g_string_append_c (out, ']');
}

/**
 * sse_json_append_node:
 * @node: a value at most %SSE_JSON_MAX_DEPTH deep
 *
 * Appends @node as JSON without white space, members in the order in which they were added.
 */
void
sse_json_append_node (GString *out, JsonNode *node)
{
  if (JSON_NODE_HOLDS_OBJECT (node))
    sse_json_append_object (out, json_node_get_object (node));
  else if (JSON_NODE_HOLDS_ARRAY (node))
    append_array (out, json_node_get_array (node));
  else if (JSON_NODE_HOLDS_NULL (node))
    g_string_append (out, "null");
  else if (json_node_get_value_type (node) == G_TYPE_STRING)
    sse_json_append_string (out, json_node_get_string (node));
  else if (json_node_get_value_type (node) == G_TYPE_BOOLEAN)
    g_string_append (out, json_node_get_boolean (node) ? "true" : "false");
  else if (json_node_get_value_type (node) == G_TYPE_INT64)
    g_string_append_printf (out, "%" G_GINT64_FORMAT, json_node_get_int (node));
  else
    append_double (out, json_node_get_double (node));
}

/* Like sse_json_append_node(), for an object. */
void
sse_json_append_object (GString *out, JsonObject *object)
{
  JsonObjectIter iter;
  const char *name;
  JsonNode *value;
  gboolean first = TRUE;

  g_string_append_c (out, '{');
  json_object_iter_init_ordered (&iter, object);
  while (json_object_iter_next_ordered (&iter, &name, &value))
    {
      if (!first)
        g_string_append_c (out, ',');
      first = FALSE;
      sse_json_append_string (out, name);
      g_string_append_c (out, ':');
      sse_json_append_node (out, value);
    }
  g_string_append_c (out, '}');
}
