/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-nats-tail.h"

static void
add (SseNatsTail *tail, guint64 sequence, guint n)
{
  for (guint i = 0; i < n; i++)
    sse_nats_tail_add (tail, sequence);
}

/* As many updates as are wanted are in the messages from the first on, and would not be without it.
 */
static void
test_first (void)
{
  SseNatsTail *tail = sse_nats_tail_new (10);

  g_assert_cmpuint (sse_nats_tail_get_first (tail), ==, 0);
  add (tail, 3, 4);
  add (tail, 5, 5);
  g_assert_cmpuint (sse_nats_tail_get_first (tail), ==, 0);
  add (tail, 6, 1);
  g_assert_cmpuint (sse_nats_tail_get_first (tail), ==, 3);
  add (tail, 7, 3);
  g_assert_cmpuint (sse_nats_tail_get_first (tail), ==, 3);
  add (tail, 7, 1);
  g_assert_cmpuint (sse_nats_tail_get_first (tail), ==, 5);
  add (tail, 9, 50);
  g_assert_cmpuint (sse_nats_tail_get_first (tail), ==, 9);
  sse_nats_tail_free (tail);
}

static void
test_one (void)
{
  SseNatsTail *tail = sse_nats_tail_new (1);

  for (guint64 sequence = 1; sequence < 5; sequence++)
    {
      add (tail, sequence, 2);
      g_assert_cmpuint (sse_nats_tail_get_first (tail), ==, sequence);
    }
  sse_nats_tail_free (tail);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/nats/tail/first", test_first);
  g_test_add_func ("/nats/tail/one", test_one);
  return g_test_run ();
}
