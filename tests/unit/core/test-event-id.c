/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-event-id.h"

static void
test_round_trip (void)
{
  const guint64 positions[] = { 0, 1, 42, G_MAXUINT64 };

  for (guint i = 0; i < G_N_ELEMENTS (positions); i++)
    {
      g_autofree char *id = sse_event_id_format ("0123abcd", positions[i]);
      g_autofree char *epoch = NULL;
      guint64 position;

      g_assert_true (sse_event_id_parse (id, &epoch, &position));
      g_assert_cmpstr (epoch, ==, "0123abcd");
      g_assert_cmpuint (position, ==, positions[i]);
    }
}

/* It says where it is of, and is refused. */
static void
test_unfinished (void)
{
  const guint64 positions[] = { 0, 1, G_MAXUINT64 };
  const char *const expected[] = { "ep-00", "ep-01", "ep-018446744073709551615" };

  for (guint i = 0; i < G_N_ELEMENTS (positions); i++)
    {
      g_autofree char *id = sse_event_id_format_unfinished ("ep", positions[i]);
      g_autofree char *epoch = NULL;
      guint64 position;

      g_assert_cmpstr (id, ==, expected[i]);
      g_assert_false (sse_event_id_parse (id, &epoch, &position));
    }
}

static void
test_malformed (void)
{
  const char *const ids[] = { "",
                              "0123abcd",
                              "0123abcd-",
                              "0123abcd-x",
                              "0123abcd--1",
                              "-1",
                              "0123abcd-+1",
                              "0123abcd- 1",
                              "0123abcd-\v1",
                              "0123abcd-01",
                              "0123abcd-1 ",
                              "0123abcd1",
                              "0123abcd-18446744073709551616" };

  for (guint i = 0; i < G_N_ELEMENTS (ids); i++)
    {
      g_autofree char *epoch = NULL;
      guint64 position;

      g_test_message ("%s", ids[i]);
      g_assert_false (sse_event_id_parse (ids[i], &epoch, &position));
      g_assert_null (epoch);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/core/event-id/round-trip", test_round_trip);
  g_test_add_func ("/core/event-id/malformed", test_malformed);
  g_test_add_func ("/core/event-id/unfinished", test_unfinished);
  return g_test_run ();
}
