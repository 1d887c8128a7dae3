/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-batch.h"

static const SseView views[]
    = { { "stats", "stats-update" }, { "posts-by-status", "posts-update" }, { NULL, NULL } };

static void
assert_empty (SseBatch *batch)
{
  gsize length = 42;

  g_assert_null (sse_batch_get_event_type (batch));
  g_assert_cmpstr (sse_batch_get_members (batch, &length), ==, "");
  g_assert_cmpuint (length, ==, 0);
  g_assert_cmpint (sse_batch_get_touch (batch, &views[0]), ==, SSE_TOUCH_NONE);
  g_assert_cmpint (sse_batch_get_touch (batch, &views[1]), ==, SSE_TOUCH_NONE);
}

static void
test_empty (void)
{
  g_autoptr (SseBatch) batch = sse_batch_new ();

  assert_empty (batch);
}

static void
test_append (void)
{
  g_autoptr (SseBatch) batch = sse_batch_new ();
  char event_type[] = "new-event";
  char members[] = "\"event\":{}";
  gsize length;

  sse_batch_append (batch, event_type, members);
  event_type[0] = members[0] = '?';

  g_assert_cmpstr (sse_batch_get_event_type (batch), ==, "new-event");
  g_assert_cmpstr (sse_batch_get_members (batch, &length), ==, "\"event\":{}");
  g_assert_cmpuint (length, ==, 10);
}

static void
test_touch (void)
{
  g_autoptr (SseBatch) batch = sse_batch_new ();

  sse_batch_touch (batch, &views[1], SSE_TOUCH_STALE);
  g_assert_cmpint (sse_batch_get_touch (batch, &views[0]), ==, SSE_TOUCH_NONE);
  g_assert_cmpint (sse_batch_get_touch (batch, &views[1]), ==, SSE_TOUCH_STALE);
}

static void
test_stronger_touch_counts (void)
{
  g_autoptr (SseBatch) batch = sse_batch_new ();

  sse_batch_touch (batch, &views[0], SSE_TOUCH_STALE);
  sse_batch_touch (batch, &views[0], SSE_TOUCH_SEND);
  sse_batch_touch (batch, &views[0], SSE_TOUCH_STALE);
  sse_batch_touch (batch, &views[0], SSE_TOUCH_NONE);
  g_assert_cmpint (sse_batch_get_touch (batch, &views[0]), ==, SSE_TOUCH_SEND);
}

static void
test_all_views (void)
{
  static const SseView many[SSE_MAX_VIEWS] = { 0 };
  g_autoptr (SseBatch) batch = sse_batch_new ();

  for (int again = 0; again < 2; again++)
    for (guint i = 0; i < SSE_MAX_VIEWS; i++)
      sse_batch_touch (batch, &many[i], SSE_TOUCH_SEND);
  for (guint i = 0; i < SSE_MAX_VIEWS; i++)
    g_assert_cmpint (sse_batch_get_touch (batch, &many[i]), ==, SSE_TOUCH_SEND);
}

static void
test_clear (void)
{
  g_autoptr (SseBatch) batch = sse_batch_new ();
  gsize length;

  sse_batch_append (batch, "new-event", "\"event\":{}");
  sse_batch_touch (batch, &views[0], SSE_TOUCH_SEND);
  sse_batch_clear (batch);
  assert_empty (batch);

  sse_batch_append (batch, "event-delete", "\"eventId\":\"1\"");
  g_assert_cmpstr (sse_batch_get_members (batch, &length), ==, "\"eventId\":\"1\"");
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/api/batch/empty", test_empty);
  g_test_add_func ("/api/batch/append", test_append);
  g_test_add_func ("/api/batch/touch", test_touch);
  g_test_add_func ("/api/batch/stronger-touch-counts", test_stronger_touch_counts);
  g_test_add_func ("/api/batch/all-views", test_all_views);
  g_test_add_func ("/api/batch/clear", test_clear);
  return g_test_run ();
}
