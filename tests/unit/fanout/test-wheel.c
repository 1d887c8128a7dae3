/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib.h>

#include "sse-wheel.h"

#define N           1000
#define INTERVAL_MS 15000

typedef struct
{
  SseLink link;
  guint turns;
} Member;

static guint
take_turn (SseLink *slot)
{
  guint n = 0;

  for (SseLink *link = slot->next; link != slot; link = link->next)
    {
      sse_link_get (link, Member, link)->turns++;
      n++;
    }
  return n;
}

static guint
take_turns (SseWheel *wheel, gint64 now)
{
  SseLink *slot;
  guint n = 0;

  while ((slot = sse_wheel_turn (wheel, now)) != NULL)
    n += take_turn (slot);
  return n;
}

static Member *
add_members (SseWheel *wheel)
{
  Member *members = g_new0 (Member, N);

  for (guint i = 0; i < N; i++)
    sse_wheel_add (wheel, &members[i].link);
  return members;
}

/* All came at once; still each has its own turn, and a turn is for few. */
static void
test_spread (void)
{
  gint64 interval = (gint64) INTERVAL_MS * 1000;
  g_autofree Member *members = NULL;
  SseWheel wheel;

  sse_wheel_init (&wheel, INTERVAL_MS);
  members = add_members (&wheel);
  sse_wheel_start (&wheel, 0);
  g_assert_cmpuint (take_turns (&wheel, 0), ==, 0);

  for (gint64 now = wheel.due; now <= interval; now = wheel.due)
    {
      guint n;

      g_assert_cmpuint (take_turns (&wheel, now - 1), ==, 0);
      n = take_turns (&wheel, now);
      g_assert_cmpuint (n, >=, N / wheel.n_slots);
      g_assert_cmpuint (n, <=, N / wheel.n_slots + 1);
    }
  for (guint i = 0; i < N; i++)
    g_assert_cmpuint (members[i].turns, ==, 1);

  /* The next revolution is the same again. */
  take_turns (&wheel, 2 * interval);
  for (guint i = 0; i < N; i++)
    g_assert_cmpuint (members[i].turns, ==, 2);

  for (guint i = 0; i < N; i++)
    sse_link_remove (&members[i].link);
  g_assert_cmpuint (take_turns (&wheel, 3 * interval), ==, 0);
  sse_wheel_clear (&wheel);
}

/* After a machine slept for a day nobody gets a day's heartbeats. */
static void
test_long_sleep (void)
{
  gint64 day = (gint64) 24 * 3600 * G_USEC_PER_SEC;
  g_autofree Member *members = NULL;
  SseWheel wheel;

  sse_wheel_init (&wheel, INTERVAL_MS);
  members = add_members (&wheel);
  sse_wheel_start (&wheel, 0);
  take_turns (&wheel, day);
  for (guint i = 0; i < N; i++)
    {
      g_assert_cmpuint (members[i].turns, >=, 1);
      g_assert_cmpuint (members[i].turns, <=, 2);
    }
  g_assert_cmpint (wheel.due, >, day);
  sse_wheel_clear (&wheel);
}

static void
test_short_interval (void)
{
  g_autofree Member *members = NULL;
  SseWheel wheel;

  sse_wheel_init (&wheel, 1);
  members = add_members (&wheel);
  sse_wheel_start (&wheel, 0);
  g_assert_cmpuint (take_turns (&wheel, 1000), ==, N);
  sse_wheel_clear (&wheel);
}

/* Each has its turn within the new interval, and they are spread over it. */
static void
test_another_interval (void)
{
  g_autofree Member *members = NULL;
  SseWheel wheel;

  sse_wheel_init (&wheel, INTERVAL_MS);
  members = add_members (&wheel);
  sse_wheel_start (&wheel, 0);
  sse_wheel_set_interval (&wheel, 2000, 5000);
  g_assert_cmpuint (take_turns (&wheel, 5000), ==, 0);
  for (gint64 now = 5000; now <= 5000 + 2000 * 1000; now += 250 * 1000)
    g_assert_cmpuint (take_turns (&wheel, now), <=, N / 8);
  for (guint i = 0; i < N; i++)
    {
      g_assert_cmpuint (members[i].turns, ==, 1);
      sse_link_remove (&members[i].link);
    }
  sse_wheel_clear (&wheel);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/wheel/spread", test_spread);
  g_test_add_func ("/wheel/long-sleep", test_long_sleep);
  g_test_add_func ("/wheel/short-interval", test_short_interval);
  g_test_add_func ("/wheel/another-interval", test_another_interval);
  return g_test_run ();
}
