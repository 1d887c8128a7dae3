/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hub-fixture.h"

/* Whoever writes to clients gives a sign of life. */

static void
on_sign (gpointer user_data)
{
  (*(guint *) user_data)++;
}

/* Also while clients come and go, who see nothing of it. */
static void
test_beats (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Client) client = NULL;
  guint n_signs = 0;
  g_autoptr (GError) error = NULL;

  g_assert_true (sse_hub_keep_canaries (fixture->hub, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (sse_hub_get_n_clients (fixture->hub), ==, 0);
  client = client_new (fixture, "probe", "ann", NULL);
  client_expect (client, START ("0", "-"));
  for (guint i = 1; i <= 20; i++)
    {
      sse_hub_beat (fixture->hub, on_sign, &n_signs);
      g_assert_cmpuint (n_signs, ==, i - 1);
      while (n_signs < i)
        g_main_context_iteration (NULL, TRUE);
    }
  g_assert_cmpuint (sse_hub_get_n_clients (fixture->hub), ==, 1);
  fixture_publish (fixture, "probe", NULL, "say", "hello");
  client_expect (client, EVENT ("1", "said", "hello"));
}

/* Nobody is told of a beat that the end came before. */
static void
test_stopped (Fixture *fixture, gconstpointer data)
{
  guint n_signs = 0;

  g_assert_true (sse_hub_keep_canaries (fixture->hub, NULL));
  sse_hub_beat (fixture->hub, on_sign, &n_signs);
  sse_hub_stop (fixture->hub);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  g_assert_cmpuint (n_signs, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  alarm (300); /* for what never comes */
#define ADD(name, func)                                                                            \
  g_test_add ("/core/hub-beat/" name, Fixture, NULL, fixture_set_up, func, fixture_tear_down)
  ADD ("beats", test_beats);
  ADD ("stopped", test_stopped);
  return g_test_run ();
}
