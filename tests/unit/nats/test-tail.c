/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-nats-tail.h"

#define SECOND G_USEC_PER_SEC

static void
add (SseNatsTail *tail, guint64 sequence, guint n, gint64 now)
{
  for (guint i = 0; i < n; i++)
    sse_nats_tail_add (tail, sequence, now);
}

/* As many updates as are wanted are in the messages from the first on, and would not be without it.
 */
static void
test_updates (void)
{
  SseNatsTail *tail = sse_nats_tail_new (10, 0, 0);

  add (tail, 30, 4, 0);
  add (tail, 50, 6, 0);
  g_assert_cmpuint (sse_nats_tail_get_first (tail, 0), ==, 30);
  add (tail, 70, 3, 0);
  g_assert_cmpuint (sse_nats_tail_get_first (tail, 0), ==, 30);
  add (tail, 70, 1, 0);
  g_assert_cmpuint (sse_nats_tail_get_first (tail, 0), ==, 50);
  add (tail, 90, 50, 0);
  g_assert_cmpuint (sse_nats_tail_get_first (tail, 0), ==, 90);
  sse_nats_tail_free (tail);
}

/* What it has not counted itself is taken for messages of one update. */
static void
test_before (void)
{
  SseNatsTail *tail = sse_nats_tail_new (10, 0, 0);

  g_assert_cmpuint (sse_nats_tail_get_first (tail, 0), ==, 0);
  add (tail, 7, 3, 0);
  g_assert_cmpuint (sse_nats_tail_get_first (tail, 0), ==, 0);
  add (tail, 8, 1, 0);
  g_assert_cmpuint (sse_nats_tail_get_first (tail, 0), ==, 1);
  add (tail, 9, 5, 0);
  g_assert_cmpuint (sse_nats_tail_get_first (tail, 0), ==, 6);
  sse_nats_tail_free (tail);
}

/* However many there are, none leaves that has just been there, be it from before it counted. */
static void
test_age (void)
{
  SseNatsTail *tail = sse_nats_tail_new (1, 60 * SECOND, 5 * SECOND);

  add (tail, 3, 100, 10 * SECOND);
  add (tail, 4, 100, 20 * SECOND);
  g_assert_cmpuint (sse_nats_tail_get_first (tail, 65 * SECOND - 1), ==, 0);
  g_assert_cmpuint (sse_nats_tail_get_first (tail, 65 * SECOND), ==, 3);
  add (tail, 5, 1, 70 * SECOND - 1);
  g_assert_cmpuint (sse_nats_tail_get_first (tail, 70 * SECOND - 1), ==, 3);
  add (tail, 6, 1, 70 * SECOND);
  g_assert_cmpuint (sse_nats_tail_get_first (tail, 70 * SECOND), ==, 4);
  add (tail, 7, 1, 200 * SECOND);
  g_assert_cmpuint (sse_nats_tail_get_first (tail, 200 * SECOND), ==, 7);
  sse_nats_tail_free (tail);
}

/* Where many messages come in a short time, some are remembered together, and leave together. */
static void
test_together (void)
{
  SseNatsTail *tail = sse_nats_tail_new (1000, 0, 0);

  for (guint64 sequence = 1; sequence <= 1005; sequence++)
    add (tail, sequence, 1, 0);
  g_assert_cmpuint (sse_nats_tail_get_first (tail, 0), ==, 1);
  for (guint64 sequence = 1006; sequence <= 1010; sequence++)
    add (tail, sequence, 1, 0);
  g_assert_cmpuint (sse_nats_tail_get_first (tail, 0), ==, 11);
  sse_nats_tail_free (tail);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/nats/tail/updates", test_updates);
  g_test_add_func ("/nats/tail/before", test_before);
  g_test_add_func ("/nats/tail/age", test_age);
  g_test_add_func ("/nats/tail/together", test_together);
  return g_test_run ();
}
