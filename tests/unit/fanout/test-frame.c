/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib.h>
#include <pthread.h>
#include <string.h>

#include "sse-frame.h"

static void
assert_bytes (SseFrame *frame, gboolean chunked, const char *expected)
{
  gsize length;
  const char *bytes = sse_frame_get_bytes (frame, chunked, &length);

  g_autofree char *copy = g_strndup (bytes, length);

  g_assert_cmpuint (length, ==, strlen (expected));
  g_assert_cmpstr (copy, ==, expected);
}

static void
test_event (void)
{
  static const char members[] = "\"count\":1";
  g_autoptr (SseFrame) frame = sse_frame_new_event ("e-7", "count", members, strlen (members));

  assert_bytes (frame, FALSE, "id: e-7\nevent: count\ndata: {\"type\":\"count\",\"count\":1}\n\n");
  assert_bytes (frame, TRUE,
                "37\r\nid: e-7\nevent: count\ndata: {\"type\":\"count\",\"count\":1}\n\n\r\n");
}

static void
test_event_without_members (void)
{
  g_autoptr (SseFrame) frame = sse_frame_new_event ("e-7", "bye", NULL, 0);

  assert_bytes (frame, FALSE, "id: e-7\nevent: bye\ndata: {\"type\":\"bye\"}\n\n");
}

static void
test_event_without_id (void)
{
  g_autoptr (SseFrame) frame = sse_frame_new_event (NULL, "bye", "\"a\":0", 5);

  assert_bytes (frame, TRUE, "27\r\nevent: bye\ndata: {\"type\":\"bye\",\"a\":0}\n\n\r\n");
}

/* Its type alone is another, and only as the event's. */
static void
test_prefixed (void)
{
  g_autoptr (SseFrame) event = sse_frame_new_event ("e-7", "count", "\"a\":\"event: b\"", 14);
  g_autoptr (SseFrame) without_id = sse_frame_new_event (NULL, "bye", NULL, 0);
  g_autoptr (SseFrame) one = sse_frame_new_prefixed (event, "quota");
  g_autoptr (SseFrame) other = sse_frame_new_prefixed (without_id, "quota");

  assert_bytes (one, FALSE,
                "id: e-7\nevent: quota/count\ndata: {\"type\":\"count\",\"a\":\"event: b\"}\n\n");
  assert_bytes (one, TRUE,
                "42\r\nid: e-7\nevent: quota/count\n"
                "data: {\"type\":\"count\",\"a\":\"event: b\"}\n\n\r\n");
  assert_bytes (other, FALSE, "event: quota/bye\ndata: {\"type\":\"bye\"}\n\n");
}

static void
test_body (void)
{
  g_autoptr (SseFrame) frame = sse_frame_new_body ("retry: 5\n\n", 10);

  assert_bytes (frame, FALSE, "retry: 5\n\n");
  assert_bytes (frame, TRUE, "a\r\nretry: 5\n\n\r\n");
}

/* An empty chunk would end the response. */
static void
test_empty_body (void)
{
  g_autoptr (SseFrame) frame = sse_frame_new_body ("", 0);

  assert_bytes (frame, FALSE, "");
  assert_bytes (frame, TRUE, "");
}

static void
test_large_body (void)
{
  g_autofree char *body = g_strnfill (0x123456, 'x');
  g_autofree char *chunk = g_strconcat ("123456\r\n", body, "\r\n", NULL);
  g_autoptr (SseFrame) frame = sse_frame_new_body (body, strlen (body));

  assert_bytes (frame, FALSE, body);
  assert_bytes (frame, TRUE, chunk);
}

static void
test_raw (void)
{
  g_autoptr (SseFrame) frame = sse_frame_new_raw ("HTTP/1.1 200 OK\r\n\r\n", 19);

  assert_bytes (frame, FALSE, "HTTP/1.1 200 OK\r\n\r\n");
  assert_bytes (frame, TRUE, "HTTP/1.1 200 OK\r\n\r\n");
}

static gpointer
ref_and_unref (gpointer frame)
{
  for (guint i = 0; i < 20000; i++)
    {
      sse_frame_ref (frame);
      sse_frame_unref (frame);
    }
  sse_frame_unref (frame);
  return NULL;
}

static void
test_references_in_threads (void)
{
  SseFrame *frame = sse_frame_new_body (":\n\n", 3);
  pthread_t threads[4];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    pthread_create (&threads[i], NULL, ref_and_unref, sse_frame_ref (frame));
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    pthread_join (threads[i], NULL);
  assert_bytes (frame, FALSE, ":\n\n");
  sse_frame_unref (frame);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/frame/event", test_event);
  g_test_add_func ("/frame/event-without-members", test_event_without_members);
  g_test_add_func ("/frame/event-without-id", test_event_without_id);
  g_test_add_func ("/frame/prefixed", test_prefixed);
  g_test_add_func ("/frame/body", test_body);
  g_test_add_func ("/frame/empty-body", test_empty_body);
  g_test_add_func ("/frame/large-body", test_large_body);
  g_test_add_func ("/frame/raw", test_raw);
  g_test_add_func ("/frame/references-in-threads", test_references_in_threads);
  return g_test_run ();
}
