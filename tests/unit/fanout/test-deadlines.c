/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib.h>

#include "sse-deadlines.h"

#define N 2000

static void
test_empty (void)
{
  SseDeadlines deadlines = { 0 };
  SseDeadline stranger = { 5, G_MAXUINT };

  g_assert_null (sse_deadlines_get_next (&deadlines));
  sse_deadlines_remove (&deadlines, &stranger);
  g_assert_null (sse_deadlines_get_next (&deadlines));
}

static void
fill (SseDeadlines *deadlines, SseDeadline *items)
{
  for (guint i = 0; i < N; i++)
    {
      items[i] = (SseDeadline){ g_test_rand_int_range (0, N), G_MAXUINT };
      sse_deadlines_add (deadlines, &items[i]);
    }
}

/* Removes all, the earliest first, and returns how many there were. */
static guint
drain (SseDeadlines *deadlines)
{
  SseDeadline *next;
  gint64 last = G_MININT64;
  guint n = 0;

  while ((next = sse_deadlines_get_next (deadlines)) != NULL)
    {
      g_assert_cmpint (next->time, >=, last);
      last = next->time;
      sse_deadlines_remove (deadlines, next);
      g_assert_cmpuint (next->index, ==, G_MAXUINT);
      n++;
    }
  return n;
}

static void
test_order (void)
{
  SseDeadlines deadlines = { 0 };
  g_autofree SseDeadline *items = g_new (SseDeadline, N);

  fill (&deadlines, items);
  g_assert_cmpuint (drain (&deadlines), ==, N);
}

static void
test_remove_anywhere (void)
{
  SseDeadlines deadlines = { 0 };
  g_autofree SseDeadline *items = g_new (SseDeadline, N);

  fill (&deadlines, items);
  for (guint i = 0; i < N; i += 3)
    sse_deadlines_remove (&deadlines, &items[i]);
  for (guint i = 0; i < deadlines.length; i++)
    g_assert_cmpuint (deadlines.items[i]->index, ==, i);
  g_assert_cmpuint (drain (&deadlines), ==, N - (N + 2) / 3);
}

/* What was needed for many does not stay. */
static void
test_memory_returns (void)
{
  SseDeadlines deadlines = { 0 };
  g_autofree SseDeadline *items = g_new (SseDeadline, N);

  fill (&deadlines, items);
  for (guint i = 0; i < N - 10; i++)
    sse_deadlines_remove (&deadlines, &items[i]);
  g_assert_cmpuint (deadlines.capacity, <=, 64);
  g_assert_cmpuint (drain (&deadlines), ==, 10);
  g_assert_null (deadlines.items);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/deadlines/empty", test_empty);
  g_test_add_func ("/deadlines/order", test_order);
  g_test_add_func ("/deadlines/remove-anywhere", test_remove_anywhere);
  g_test_add_func ("/deadlines/memory-returns", test_memory_returns);
  return g_test_run ();
}
