/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-cors.h"

#include <gio/gio.h>

#include "sse-stream-head.h"

static const char *const origins[] = { "http://localhost:3000", "https://app.example.org",
                                       "tauri://localhost", "http://[::1]:8080", NULL };

static void
test_choose (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SseCors) cors = sse_cors_new (origins, &error);
  const char *const strangers[] = { "",
                                    "*",
                                    "null",
                                    "http://localhost",
                                    "http://localhost:3001",
                                    "http://localhost:3000/",
                                    "https://localhost:3000",
                                    "HTTP://localhost:3000",
                                    "http://localhost:30000",
                                    "https://app.example.org.evil.example",
                                    " http://localhost:3000" };

  g_assert_no_error (error);
  for (guint i = 0; origins[i] != NULL; i++)
    g_assert_cmpstr (sse_cors_choose_origin (cors, origins[i]), ==, origins[i]);
  for (guint i = 0; i < G_N_ELEMENTS (strangers); i++)
    g_assert_cmpstr (sse_cors_choose_origin (cors, strangers[i]), ==, origins[0]);
  g_assert_cmpstr (sse_cors_choose_origin (cors, NULL), ==, origins[0]);
}

static void
test_refused (void)
{
  const char *const wrong[] = { "",
                                "*",
                                "null",
                                "localhost:3000",
                                "http://",
                                "://x",
                                "http://localhost:3000/",
                                "http://localhost/path",
                                "http://LOCALHOST",
                                "HTTP://localhost",
                                "http://localhost:",
                                "http://localhost:0",
                                "http://localhost:080",
                                "http://localhost:65536",
                                "http://localhost:80",
                                "https://localhost:443",
                                "http://user@localhost",
                                "http://a b",
                                "http://a\r\nX: y",
                                "http://[::1",
                                "http://[]",
                                "http://[::1]x",
                                "http://*.example.org",
                                "http://é.example" };

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      const char *const list[] = { "http://localhost:3000", wrong[i], NULL };
      g_autoptr (GError) error = NULL;

      g_test_message ("%s", wrong[i]);
      g_assert_null (sse_cors_new (list, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
      g_assert_nonnull (strstr (error->message, wrong[i]));
    }
}

static void
test_none (void)
{
  const char *const list[] = { NULL };
  g_autoptr (GError) error = NULL;

  g_assert_null (sse_cors_new (list, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
}

#define CORS                                                                                       \
  "Access-Control-Allow-Origin: https://app.example.org\r\n"                                       \
  "Access-Control-Allow-Credentials: true\r\n"                                                     \
  "Access-Control-Allow-Methods: GET\r\n"                                                          \
  "Access-Control-Allow-Headers: Cache-Control, Last-Event-ID, Authorization\r\n"                  \
  "Vary: Origin\r\n"

static void
test_fields (void)
{
  g_autoptr (SseCors) cors = sse_cors_new (origins, NULL);
  g_autoptr (SseAnswer) answer = sse_answer_new (204, NULL, NULL);
  g_autoptr (GString) bytes = NULL;

  sse_cors_add_fields (cors, SSE_CORS_FOLLOW, origins[1], answer);
  bytes = sse_answer_to_string (answer, TRUE);
  g_assert_true (g_str_has_suffix (bytes->str, "\r\n" CORS "\r\n"));
}

/* Where updates are published, a page may do that, and nothing else. */
static void
test_publish_fields (void)
{
  g_autoptr (SseCors) cors = sse_cors_new (origins, NULL);
  g_autoptr (SseAnswer) answer = sse_answer_new (204, NULL, NULL);
  g_autoptr (GString) bytes = NULL;

  sse_cors_add_fields (cors, SSE_CORS_PUBLISH, "https://stranger.example", answer);
  bytes = sse_answer_to_string (answer, TRUE);
  g_assert_true (g_str_has_suffix (bytes->str,
                                   "\r\nAccess-Control-Allow-Origin: http://localhost:3000\r\n"
                                   "Access-Control-Allow-Credentials: true\r\n"
                                   "Access-Control-Allow-Methods: POST\r\n"
                                   "Access-Control-Allow-Headers: Content-Type, Authorization\r\n"
                                   "Vary: Origin\r\n\r\n"));
}

static void
test_reader (void)
{
  g_autoptr (SseCors) cors = sse_cors_new (origins, NULL);

  g_assert_true (sse_cors_is_reader (cors, origins[1], "cross-site"));
  g_assert_true (sse_cors_is_reader (cors, NULL, NULL));
  g_assert_true (sse_cors_is_reader (cors, NULL, "same-origin"));
  g_assert_true (sse_cors_is_reader (cors, NULL, "none"));
  g_assert_false (sse_cors_is_reader (cors, NULL, "same-site"));
  g_assert_false (sse_cors_is_reader (cors, NULL, "cross-site"));
  g_assert_false (sse_cors_is_reader (cors, "https://stranger.example", "same-origin"));
}

static void
assert_head (gboolean chunked, const char *expected)
{
  g_autoptr (SseCors) cors = sse_cors_new (origins, NULL);
  g_autoptr (SseFrame) head = sse_stream_head_new (cors, origins[1], chunked);
  gsize length;
  const char *bytes = sse_frame_get_bytes (head, chunked, &length);
  g_autofree char *text = g_strndup (bytes, length);

  g_assert_cmpstr (text, ==, expected);
}

static void
test_stream_head (void)
{
  assert_head (TRUE, "HTTP/1.1 200 OK\r\n"
                     "Content-Type: text/event-stream; charset=utf-8\r\n"
                     "Cache-Control: no-cache\r\n"
                     "Connection: keep-alive\r\n"
                     "X-Accel-Buffering: no\r\n"
                     "Transfer-Encoding: chunked\r\n" CORS "\r\n");
  assert_head (FALSE, "HTTP/1.1 200 OK\r\n"
                      "Content-Type: text/event-stream; charset=utf-8\r\n"
                      "Cache-Control: no-cache\r\n"
                      "Connection: keep-alive\r\n"
                      "X-Accel-Buffering: no\r\n" CORS "\r\n");
}

/* A daemon that is full answers so that an EventSource comes back, and not all at once. */
static void
test_stream_refused (void)
{
  g_autoptr (SseCors) cors = sse_cors_new (origins, NULL);
  g_autoptr (GHashTable) seen = g_hash_table_new (g_direct_hash, g_direct_equal);

  for (guint i = 0; i < 100; i++)
    {
      g_autoptr (SseAnswer) answer = sse_stream_head_refuse (cors, NULL);
      gsize length;
      const char *body = sse_answer_get_body (answer, &length);
      guint64 retry;

      g_assert_cmpuint (sse_answer_get_status (answer), ==, 200);
      g_assert_true (g_str_has_prefix (body, "retry: "));
      g_assert_true (g_str_has_suffix (body, "\n\n"));
      retry = g_ascii_strtoull (body + strlen ("retry: "), NULL, 10);
      g_assert_cmpuint (retry, >=, 5000);
      g_assert_cmpuint (retry, <=, 30000);
      g_hash_table_add (seen, GUINT_TO_POINTER (retry));
    }
  g_assert_cmpuint (g_hash_table_size (seen), >, 50);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/http/cors/choose", test_choose);
  g_test_add_func ("/http/cors/refused", test_refused);
  g_test_add_func ("/http/cors/none", test_none);
  g_test_add_func ("/http/cors/fields", test_fields);
  g_test_add_func ("/http/cors/publish-fields", test_publish_fields);
  g_test_add_func ("/http/cors/reader", test_reader);
  g_test_add_func ("/http/cors/stream-head", test_stream_head);
  g_test_add_func ("/http/cors/stream-refused", test_stream_refused);
  return g_test_run ();
}
