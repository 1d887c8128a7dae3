/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-answer.h"

#include <string.h>

#include "sse-error.h"
#include "sse-json.h"

static const char *
find_field (const SseAnswer *answer, const char *name)
{
  guint n_fields;
  const SseAnswerField *fields = sse_answer_get_fields (answer, &n_fields);

  for (guint i = 0; i < n_fields; i++)
    if (g_ascii_strcasecmp (fields[i].name, name) == 0)
      return fields[i].value;
  return NULL;
}

static void
test_errors (void)
{
  const struct
  {
    SseError code;
    guint status;
    const char *reason;
    const char *retry_after;
  } cases[] = {
    { SSE_ERROR_UNKNOWN_STREAM, 404, "Not Found", NULL },
    { SSE_ERROR_INVALID_UPDATE, 400, "Bad Request", NULL },
    { SSE_ERROR_REFUSED, 409, "Conflict", NULL },
    { SSE_ERROR_NOT_AUTHORIZED, 401, "Unauthorized", NULL },
    { SSE_ERROR_TOO_LARGE, 413, "Content Too Large", NULL },
    { SSE_ERROR_BUSY, 503, "Service Unavailable", "1" },
    { SSE_ERROR_STORE_FAILED, 503, "Service Unavailable", "5" },
  };

  g_assert_cmpuint (G_N_ELEMENTS (cases), ==, SSE_N_ERRORS);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = g_error_new (SSE_ERROR, (int) cases[i].code, "because");
      g_autoptr (SseAnswer) answer = sse_answer_new_for_error (error);
      g_autofree char *expected
          = g_strdup_printf ("{\"statusCode\":%u,\"message\":\"because\",\"error\":\"%s\"}",
                             cases[i].status, cases[i].reason);
      gsize length;

      g_assert_cmpuint (sse_answer_get_status (answer), ==, cases[i].status);
      g_assert_cmpstr (sse_answer_get_reason (answer), ==, cases[i].reason);
      g_assert_cmpstr (sse_answer_get_body (answer, &length), ==, expected);
      g_assert_cmpuint (length, ==, strlen (expected));
      g_assert_cmpstr (find_field (answer, "Retry-After"), ==, cases[i].retry_after);
      g_assert_cmpstr (find_field (answer, "Content-Type"), ==, "application/json; charset=utf-8");
    }
}

/* Whatever is in a message, the body is JSON. */
static void
test_message (void)
{
  g_autoptr (SseAnswer) answer = sse_answer_new_message (400, "a \"quote\"\n\xff é");
  g_autoptr (JsonNode) node = NULL;
  g_autoptr (GError) error = NULL;
  gsize length;
  const char *body = sse_answer_get_body (answer, &length);
  const char *message;

  node = sse_json_parse (body, length, &error);
  g_assert_no_error (error);
  g_assert_true (
      sse_json_get_string (json_node_get_object (node), "", "message", &message, &error));
  g_assert_cmpstr (message, ==, "a \"quote\"\n\xef\xbf\xbd é");
}

static void
test_bytes (void)
{
  g_autoptr (SseAnswer) answer = sse_answer_new (200, "text/plain", "four");
  g_autoptr (SseAnswer) empty = sse_answer_new (204, NULL, NULL);
  g_autoptr (GString) bytes = NULL;
  g_autoptr (GString) head = NULL;
  g_autoptr (GString) nothing = NULL;
  g_autoptr (GRegex) date
      = g_regex_new ("^Date: (Mon|Tue|Wed|Thu|Fri|Sat|Sun), [0-9]{2} "
                     "(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [0-9]{4} "
                     "[0-9]{2}:[0-9]{2}:[0-9]{2} GMT\r$",
                     G_REGEX_MULTILINE | G_REGEX_NEWLINE_LF, 0, NULL);
  g_autofree char *without = NULL;

  sse_answer_add_field (answer, "X", "y");
  bytes = sse_answer_to_string (answer, TRUE);
  head = sse_answer_to_string (answer, FALSE);
  g_assert_true (g_regex_match (date, bytes->str, 0, NULL));
  without = g_regex_replace (date, bytes->str, -1, 0, "DATE\r", 0, NULL);
  g_assert_cmpstr (without, ==,
                   "HTTP/1.1 200 OK\r\nDATE\r\nContent-Type: text/plain\r\nConnection: close\r\n"
                   "X: y\r\nContent-Length: 4\r\n\r\nfour");
  g_assert_cmpuint (head->len, ==, bytes->len - strlen ("four"));
  g_assert_true (g_str_has_suffix (head->str, "Content-Length: 4\r\n\r\n"));

  /* RFC 9110, section 8.6: no Content-Length with 204. */
  nothing = sse_answer_to_string (empty, TRUE);
  g_assert_null (strstr (nothing->str, "Content-"));
  g_assert_true (g_str_has_prefix (nothing->str, "HTTP/1.1 204 No Content\r\n"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/http/answer/errors", test_errors);
  g_test_add_func ("/http/answer/message", test_message);
  g_test_add_func ("/http/answer/bytes", test_bytes);
  return g_test_run ();
}
