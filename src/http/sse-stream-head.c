/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-stream-head.h"

#define EVENT_STREAM "text/event-stream; charset=utf-8"

/* When to come back to a daemon that is full, in ms: spread, so that not all come at once. */
#define MIN_RETRY 5000
#define MAX_RETRY 30000

/**
 * sse_stream_head_new:
 * @origin: (nullable): the request's Origin
 * @chunked: whether the events come in chunks (HTTP/1.1), or until the connection closes
 *
 * Returns: (transfer full): the head of a stream's response. It has no Date: what comes behind it
 *   lasts for hours, and is never kept by a cache.
 */
SseFrame *
sse_stream_head_new (const SseCors *cors, const char *origin, gboolean chunked)
{
  g_autoptr (GString) head = g_string_sized_new (512);

  g_string_append (head, "HTTP/1.1 200 OK\r\n"
                         "Content-Type: " EVENT_STREAM "\r\n"
                         "Cache-Control: no-cache\r\n"
                         "Connection: keep-alive\r\n"
                         "X-Accel-Buffering: no\r\n");
  if (chunked)
    g_string_append (head, "Transfer-Encoding: chunked\r\n");
  sse_cors_append_fields (cors, origin, head);
  g_string_append (head, "\r\n");
  return sse_frame_new_raw (head->str, head->len);
}

/**
 * sse_stream_head_refuse:
 * @origin: (nullable): the request's Origin
 *
 * A browser's EventSource gives up for good at any status but 200, so this is how one is asked to
 * come back later (WHATWG HTML, "Server-sent events").
 *
 * Returns: (transfer full): a stream of nothing but a `retry:`
 */
SseAnswer *
sse_stream_head_refuse (const SseCors *cors, const char *origin)
{
  char body[32];
  SseAnswer *answer;

  g_snprintf (body, sizeof body, "retry: %d\n\n", g_random_int_range (MIN_RETRY, MAX_RETRY + 1));
  answer = sse_answer_new (200, EVENT_STREAM, body);
  sse_answer_add_field (answer, "Cache-Control", "no-cache");
  sse_answer_add_field (answer, "X-Accel-Buffering", "no");
  sse_cors_add_fields (cors, SSE_CORS_FOLLOW, origin, answer);
  return answer;
}
