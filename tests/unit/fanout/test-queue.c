/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib.h>
#include <limits.h>
#include <string.h>

#include "sse-fanout.h"
#include "sse-queue.h"

#define ANY       G_MAXSIZE
#define NO_VIEW   SSE_FANOUT_NO_VIEW
#define HIGH_VIEW 1000

static gboolean
push (SseQueue **queue, guint view, const char *text, gsize bound)
{
  g_autoptr (SseFrame) frame = sse_frame_new_body (text, strlen (text));

  return sse_queue_push (queue, frame, view, FALSE, bound);
}

static void
assert_waiting (SseQueue *queue, const char *expected)
{
  struct iovec iov[IOV_MAX];
  g_autoptr (GString) text = g_string_new (NULL);
  gsize total;
  guint n = sse_queue_peek (queue, FALSE, iov, IOV_MAX, &total);

  for (guint i = 0; i < n; i++)
    g_string_append_len (text, iov[i].iov_base, (gssize) iov[i].iov_len);
  g_assert_cmpstr (text->str, ==, expected);
  g_assert_cmpuint (total, ==, text->len);
  g_assert_cmpuint (sse_queue_get_bytes (queue), ==, text->len);
}

static void
test_order (void)
{
  SseQueue *queue = NULL;

  assert_waiting (queue, "");
  push (&queue, NO_VIEW, "one ", ANY);
  push (&queue, NO_VIEW, "two ", ANY);
  push (&queue, NO_VIEW, "three ", ANY);
  assert_waiting (queue, "one two three ");

  sse_queue_drop (&queue, FALSE, 0);
  assert_waiting (queue, "one two three ");
  sse_queue_drop (&queue, FALSE, 6);
  assert_waiting (queue, "o three ");
  sse_queue_drop (&queue, FALSE, 2);
  assert_waiting (queue, "three ");
  sse_queue_drop (&queue, FALSE, 6);
  g_assert_null (queue);
}

static void
test_chunked (void)
{
  g_autoptr (SseFrame) frame = sse_frame_new_body (":\n\n", 3);
  SseQueue *queue = NULL;
  struct iovec iov[1];
  gsize total;

  sse_queue_push (&queue, frame, NO_VIEW, TRUE, ANY);
  g_assert_cmpuint (sse_queue_peek (queue, TRUE, iov, 1, &total), ==, 1);
  g_assert_cmpuint (total, ==, 8);
  g_assert_cmpuint (iov[0].iov_len, ==, 8);
  g_assert_cmpint (strncmp (iov[0].iov_base, "3\r\n:\n\n\r\n", 8), ==, 0);
  sse_queue_drop (&queue, TRUE, 8);
  g_assert_null (queue);
}

/* Many frames pass through a queue that never holds many, and then it holds many. */
static void
test_growth (void)
{
  SseQueue *queue = NULL;
  struct iovec iov[10];
  gsize total;

  push (&queue, NO_VIEW, "ab", ANY);
  for (guint i = 0; i < 1000; i++)
    {
      push (&queue, NO_VIEW, "ab", ANY);
      sse_queue_drop (&queue, FALSE, 2);
    }
  assert_waiting (queue, "ab");
  for (guint i = 0; i < 1000; i++)
    push (&queue, NO_VIEW, "ab", ANY);
  g_assert_cmpuint (sse_queue_get_bytes (queue), ==, 2002);
  g_assert_cmpuint (sse_queue_peek (queue, FALSE, iov, 10, &total), ==, 10);
  g_assert_cmpuint (total, ==, 20);
  sse_queue_clear (&queue);
  g_assert_null (queue);
}

static void
test_empty_frame (void)
{
  SseQueue *queue = NULL;

  g_assert_true (push (&queue, NO_VIEW, "", ANY));
  g_assert_null (queue);
}

static void
test_view_replaces (gconstpointer data)
{
  guint view = GPOINTER_TO_UINT (data);
  SseQueue *queue = NULL;

  push (&queue, view, "view-1 ", ANY);
  push (&queue, NO_VIEW, "event-1 ", ANY);
  push (&queue, view + 1, "other-1 ", ANY);
  push (&queue, view, "view-2 ", ANY);
  push (&queue, NO_VIEW, "event-2 ", ANY);
  assert_waiting (queue, "event-1 other-1 view-2 event-2 ");
  push (&queue, view, "view-3 ", ANY);
  assert_waiting (queue, "event-1 other-1 event-2 view-3 ");
  sse_queue_clear (&queue);
}

static void
test_view_partly_written (gconstpointer data)
{
  guint view = GPOINTER_TO_UINT (data);
  SseQueue *queue = NULL;

  push (&queue, view, "view-1 ", ANY);
  sse_queue_drop (&queue, FALSE, 2);
  push (&queue, view, "view-2 ", ANY);
  push (&queue, NO_VIEW, "event ", ANY);
  assert_waiting (queue, "ew-1 view-2 event ");
  push (&queue, view, "view-3 ", ANY);
  assert_waiting (queue, "ew-1 event view-3 ");

  /* Also when what was partly written is gone. */
  sse_queue_drop (&queue, FALSE, 5);
  push (&queue, view, "view-4 ", ANY);
  assert_waiting (queue, "event view-4 ");
  sse_queue_drop (&queue, FALSE, 6);
  push (&queue, view, "view-5 ", ANY);
  assert_waiting (queue, "view-5 ");
  sse_queue_clear (&queue);
}

static void
test_bound (void)
{
  SseQueue *queue = NULL;

  g_assert_true (push (&queue, NO_VIEW, "123456", 10));
  g_assert_true (push (&queue, NO_VIEW, "7890", 10));
  g_assert_false (push (&queue, NO_VIEW, "x", 10));
  assert_waiting (queue, "1234567890");

  sse_queue_drop (&queue, FALSE, 6);
  g_assert_true (push (&queue, NO_VIEW, "123456", 10));
  g_assert_false (push (&queue, NO_VIEW, "7", 10));
  sse_queue_clear (&queue);
}

/* Views are few, however large: what is bounded is what they do not replace. */
static void
test_views_beside_bound (void)
{
  SseQueue *queue = NULL;

  g_assert_true (push (&queue, 0, "small", 10));
  g_assert_true (push (&queue, 1, "larger than the bound", 10));
  g_assert_true (push (&queue, NO_VIEW, "12345678", 10));
  g_assert_true (push (&queue, 1, "as large as it was before", 10));
  g_assert_false (push (&queue, NO_VIEW, "abc", 10));
  assert_waiting (queue, "small12345678as large as it was before");

  /* One that is partly written, and those behind it. */
  sse_queue_drop (&queue, FALSE, 15);
  g_assert_true (push (&queue, 0, "small", 10));
  g_assert_true (push (&queue, NO_VIEW, "1234567890", 10));
  g_assert_false (push (&queue, NO_VIEW, "x", 10));
  sse_queue_clear (&queue);
}

static void
test_bound_after_replacing (void)
{
  SseQueue *queue = NULL;

  g_assert_true (push (&queue, NO_VIEW, "1234", 10));
  g_assert_true (push (&queue, 0, "567890", 10));
  g_assert_true (push (&queue, 0, "abcdef", 10));
  assert_waiting (queue, "1234abcdef");
  sse_queue_clear (&queue);
}

static void
test_one_large_frame (void)
{
  SseQueue *queue = NULL;

  g_assert_true (push (&queue, NO_VIEW, "larger than the bound", 10));
  g_assert_false (push (&queue, NO_VIEW, "x", 10));

  /* What is partly written finishes whatever comes, so it leaves room for all else. */
  sse_queue_drop (&queue, FALSE, 1);
  g_assert_true (push (&queue, NO_VIEW, "also larger", 10));
  g_assert_false (push (&queue, NO_VIEW, "x", 10));
  assert_waiting (queue, "arger than the boundalso larger");
  sse_queue_clear (&queue);
}

static void
test_exempt (void)
{
  SseQueue *queue = NULL;

  sse_queue_exempt (queue);
  push (&queue, NO_VIEW, "the first ", ANY);
  push (&queue, NO_VIEW, "frames ", ANY);
  sse_queue_exempt (queue);
  g_assert_true (push (&queue, NO_VIEW, "123456", 10));
  g_assert_true (push (&queue, NO_VIEW, "7890", 10));
  g_assert_false (push (&queue, NO_VIEW, "x", 10));

  /* Writing them makes no room, and costs none. */
  sse_queue_drop (&queue, FALSE, 12);
  g_assert_false (push (&queue, NO_VIEW, "x", 10));
  sse_queue_drop (&queue, FALSE, 5);
  assert_waiting (queue, "1234567890");
  g_assert_false (push (&queue, NO_VIEW, "x", 10));
  sse_queue_drop (&queue, FALSE, 6);
  g_assert_true (push (&queue, NO_VIEW, "123456", 10));
  sse_queue_clear (&queue);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/queue/order", test_order);
  g_test_add_func ("/queue/chunked", test_chunked);
  g_test_add_func ("/queue/growth", test_growth);
  g_test_add_func ("/queue/views-beside-bound", test_views_beside_bound);
  g_test_add_func ("/queue/empty-frame", test_empty_frame);
  g_test_add_data_func ("/queue/view-replaces", GUINT_TO_POINTER (0), test_view_replaces);
  g_test_add_data_func ("/queue/high-view-replaces", GUINT_TO_POINTER (HIGH_VIEW),
                        test_view_replaces);
  g_test_add_data_func ("/queue/view-partly-written", GUINT_TO_POINTER (63),
                        test_view_partly_written);
  g_test_add_data_func ("/queue/high-view-partly-written", GUINT_TO_POINTER (HIGH_VIEW),
                        test_view_partly_written);
  g_test_add_func ("/queue/bound", test_bound);
  g_test_add_func ("/queue/bound-after-replacing", test_bound_after_replacing);
  g_test_add_func ("/queue/one-large-frame", test_one_large_frame);
  g_test_add_func ("/queue/exempt", test_exempt);
  return g_test_run ();
}
