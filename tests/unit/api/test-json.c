/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "sse-error.h"
#include "sse-json.h"

static const char everything[]
    = "{\"object\":{\"a\":1},\"array\":[{\"a\":1},2],\"string\":\"x\",\"empty\":\"\",\"count\":7,"
      "\"zero\":0,\"negative\":-7,\"double\":1.5,\"round\":1.0,\"true\":true,\"null\":null}";

/* The members of the object above, and which getters take them. */
static const struct
{
  const char *member;
  const char *takers; /* o: object, a: array, s: string, c: count, i: id */
} members[] = {
  { "object", "o" }, { "array", "a" }, { "string", "si" },  { "empty", "" },
  { "count", "ci" }, { "zero", "ci" }, { "negative", "i" }, { "double", "" },
  { "round", "" },   { "true", "" },   { "null", "" },      { "absent", "" },
};

static JsonNode *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  JsonNode *node = sse_json_parse (text, strlen (text), &error);

  g_assert_no_error (error);
  return node;
}

static gboolean
take (char getter, JsonObject *object, const char *member, GError **error)
{
  union
  {
    JsonObject *object;
    JsonArray *array;
    const char *string;
    gint64 count;
  } value;

  if (getter == 'o')
    return sse_json_get_object (object, "post", member, &value.object, error);
  if (getter == 'a')
    return sse_json_get_array (object, "post", member, &value.array, error);
  if (getter == 's')
    return sse_json_get_string (object, "post", member, &value.string, error);
  if (getter == 'c')
    return sse_json_get_count (object, "post", member, &value.count, error);

  g_autofree char *id = sse_json_dup_id (object, "post", member, error);
  return id != NULL;
}

/* Each getter takes its kind of value alone, and says of every other which member is wrong. */
static void
test_getters (void)
{
  g_autoptr (JsonNode) root = parse (everything);
  JsonObject *object = json_node_get_object (root);

  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    for (const char *getter = "oasci"; *getter != '\0'; getter++)
      {
        gboolean wanted = strchr (members[i].takers, *getter) != NULL;
        gboolean absent = g_str_equal (members[i].member, "absent");
        g_autofree char *beginning = NULL;
        g_autoptr (GError) error = NULL;

        g_test_message ("%s by %c", members[i].member, *getter);
        g_assert_true (take (*getter, object, members[i].member, &error) == wanted);
        if (wanted)
          {
            g_assert_no_error (error);
            continue;
          }
        beginning = g_strdup_printf ("post.%s: %s", members[i].member,
                                     absent ? "missing; a" : "must be a");
        g_assert_error (error, SSE_ERROR, SSE_ERROR_INVALID_UPDATE);
        g_assert_true (g_str_has_prefix (error->message, beginning));
        g_assert_false (take (*getter, object, members[i].member, NULL));
      }
}

static void
test_values (void)
{
  g_autoptr (JsonNode) root = parse (everything);
  JsonObject *object = json_node_get_object (root);
  g_autofree char *text_id = sse_json_dup_id (object, "", "string", NULL);
  g_autofree char *number_id = sse_json_dup_id (object, "", "negative", NULL);
  JsonObject *inner = NULL;
  JsonArray *array = NULL;
  const char *string = NULL;
  gint64 count = -1;

  g_assert_true (sse_json_get_object (object, "", "object", &inner, NULL));
  g_assert_cmpint (json_object_get_int_member (inner, "a"), ==, 1);
  g_assert_true (sse_json_get_array (object, "", "array", &array, NULL));
  g_assert_cmpuint (json_array_get_length (array), ==, 2);
  g_assert_true (sse_json_get_string (object, "", "string", &string, NULL));
  g_assert_cmpstr (string, ==, "x");
  g_assert_true (sse_json_get_count (object, "", "count", &count, NULL));
  g_assert_cmpint (count, ==, 7);
  g_assert_cmpstr (text_id, ==, "x");
  g_assert_cmpstr (number_id, ==, "-7");
}

static void
test_path_of_outermost (void)
{
  g_autoptr (JsonNode) root = parse ("{}");
  g_autoptr (GError) error = NULL;
  const char *value;

  g_assert_false (sse_json_get_string (json_node_get_object (root), "", "type", &value, &error));
  g_assert_cmpstr (error->message, ==, "type: missing; a string is needed");
}

static void
test_elements (void)
{
  g_autoptr (JsonNode) root = parse (everything);
  JsonArray *array = json_object_get_array_member (json_node_get_object (root), "array");
  JsonObject *element = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (sse_json_get_element (array, "events", 0, &element, &error));
  g_assert_no_error (error);
  g_assert_cmpint (json_object_get_int_member (element, "a"), ==, 1);
  g_assert_false (sse_json_get_element (array, "events", 1, &element, &error));
  g_assert_error (error, SSE_ERROR, SSE_ERROR_INVALID_UPDATE);
  g_assert_cmpstr (error->message, ==, "events[1]: must be an object");
}

static void
test_unknown_members (void)
{
  static const char *const known[] = { "a", "b", NULL };
  g_autoptr (JsonNode) good = parse ("{\"b\":1}");
  g_autoptr (JsonNode) bad = parse ("{\"b\":1,\"c\":2,\"d\":3}");
  g_autoptr (GError) error = NULL;

  g_assert_true (sse_json_check_members (json_node_get_object (good), "stats", known, &error));
  g_assert_no_error (error);
  g_assert_false (sse_json_check_members (json_node_get_object (bad), "stats", known, &error));
  g_assert_error (error, SSE_ERROR, SSE_ERROR_INVALID_UPDATE);
  g_assert_cmpstr (error->message, ==, "stats.c: unknown; there are a, b");
}

/* A name comes from outside: neither a line break nor a megabyte of it goes into a message. */
static void
test_hostile_member_name (void)
{
  static const char *const known[] = { "a", NULL };
  g_autofree char *name = g_strnfill (100000, 'x');
  g_autofree char *text = g_strdup_printf ("{\"\\n%s\":1}", name);
  g_autoptr (JsonNode) root = parse (text);
  g_autoptr (GError) error = NULL;

  g_assert_false (sse_json_check_members (json_node_get_object (root), "", known, &error));
  g_assert_cmpuint (strlen (error->message), <, 500);
  g_assert_null (strchr (error->message, '\n'));
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
}

static void
test_parse_refused (void)
{
  static const char *const texts[]
      = { "", "[]", "1", "null", "\"a\"", "{", "{}x", "{\"a\":1,\"a\":2}" };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (sse_json_parse (texts[i], strlen (texts[i]), &error));
      g_assert_error (error, SSE_ERROR, SSE_ERROR_INVALID_UPDATE);
    }
  g_assert_null (sse_json_parse (NULL, 0, NULL));
}

/* What is written reads back as the same, and is the same bytes when written again. */
static void
test_round_trip (void)
{
  static const struct
  {
    const char *text;
    const char *written; /* NULL: the same */
  } cases[] = {
    { "{}", NULL },
    { " { \"b\" : [ ] , \"a\" : { } } ", "{\"b\":[],\"a\":{}}" },
    { "{\"z\":1,\"y\":{\"x\":[1,2,[3]]},\"a\":null}", NULL },
    { "{\"a\":true,\"b\":false}", NULL },
    { "{\"a\":0,\"b\":-1,\"c\":9007199254740991,\"d\":-9007199254740991}", NULL },
    { "{\"a\":0.5,\"b\":-0.1,\"c\":3.141592653589793,\"d\":0.30000000000000004}", NULL },
    { "{\"a\":1.0,\"b\":1e2,\"c\":1.5E3}", "{\"a\":1.0,\"b\":100.0,\"c\":1500.0}" },
    { "{\"a\":1e+22,\"b\":1e-07,\"c\":1.7976931348623157e+308,\"d\":2.2250738585072014e-308}",
      NULL },
    { "{\"a\":\"\"}", NULL },
    { "{\"a\":\"\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u000b\\u001f\"}", NULL },
    { "{\"a\":\"\\/\"}", "{\"a\":\"/\"}" },
    { "{\"a\":\"\\u00e9\\u2028\\ud83d\\ude00\"}",
      "{\"a\":\"\xc3\xa9\xe2\x80\xa8\xf0\x9f\x98\x80\"}" },
    { "{\"caf\xc3\xa9\\n\":1}", NULL },
    { "{\"\":1}", NULL },
    { "{\"a\":\"<script>&'\"}", NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const char *wanted = cases[i].written != NULL ? cases[i].written : cases[i].text;
      g_autoptr (JsonNode) root = parse (cases[i].text);
      g_autoptr (JsonNode) back = NULL;
      g_autoptr (GString) first = g_string_new (NULL);
      g_autoptr (GString) second = g_string_new (NULL);

      sse_json_append_node (first, root);
      g_assert_cmpstr (first->str, ==, wanted);
      back = parse (first->str);
      g_assert_true (json_node_equal (root, back));
      sse_json_append_object (second, json_node_get_object (back));
      g_assert_cmpstr (second->str, ==, wanted);
    }
}

static void
test_append_string (void)
{
  g_autoptr (GString) out = g_string_new ("x");
  g_autoptr (GString) all = g_string_new (NULL);
  g_autoptr (GString) object = g_string_new ("{\"a\":");
  g_autoptr (JsonNode) root = NULL;

  sse_json_append_string (out, "");
  g_assert_cmpstr (out->str, ==, "x\"\"");

  for (gunichar c = 1; c < 0x500; c++)
    g_string_append_unichar (all, c);
  sse_json_append_string (object, all->str);
  g_string_append_c (object, '}');
  for (const char *p = object->str; *p != '\0'; p++)
    g_assert_false (g_ascii_iscntrl (*p));
  root = parse (object->str);
  g_assert_cmpstr (json_object_get_string_member (json_node_get_object (root), "a"), ==, all->str);
}

static void
test_deep (void)
{
  g_autoptr (GString) text = g_string_new ("{\"a\":");
  g_autoptr (GString) out = g_string_new (NULL);
  g_autoptr (JsonNode) root = NULL;

  for (guint i = 1; i < SSE_JSON_MAX_DEPTH; i++)
    g_string_append_c (text, '[');
  for (guint i = 1; i < SSE_JSON_MAX_DEPTH; i++)
    g_string_append_c (text, ']');
  g_string_append_c (text, '}');
  root = parse (text->str);
  sse_json_append_node (out, root);
  g_assert_cmpstr (out->str, ==, text->str);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/api/json/getters", test_getters);
  g_test_add_func ("/api/json/values", test_values);
  g_test_add_func ("/api/json/path-of-outermost", test_path_of_outermost);
  g_test_add_func ("/api/json/elements", test_elements);
  g_test_add_func ("/api/json/unknown-members", test_unknown_members);
  g_test_add_func ("/api/json/hostile-member-name", test_hostile_member_name);
  g_test_add_func ("/api/json/parse-refused", test_parse_refused);
  g_test_add_func ("/api/json/round-trip", test_round_trip);
  g_test_add_func ("/api/json/append-string", test_append_string);
  g_test_add_func ("/api/json/deep", test_deep);
  return g_test_run ();
}
