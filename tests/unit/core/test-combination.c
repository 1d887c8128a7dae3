/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-combination.h"

/* Those of as many streams as there are bits in @set. Which they are is told by their addresses
 * alone. */
static SseCombination *
take (SseCombinations *all, guint set, const char *user)
{
  static const char addresses[10];
  g_autoptr (GPtrArray) streams = g_ptr_array_new ();

  for (guint bit = 0; bit < G_N_ELEMENTS (addresses); bit++)
    if (set >> bit & 1)
      g_ptr_array_insert (streams, set % 2 ? 0 : -1, (gpointer) &addresses[bit]);
  return sse_combinations_take (all, streams, user);
}

static void
test_bound (void)
{
  SseStreamHost host = { .conflate = 0 };
  SseCombinations *all = sse_combinations_new (&host, 7);
  SseCombination *taken[SSE_COMBINATION_MAX];

  for (guint i = 0; i < SSE_COMBINATION_MAX; i++)
    {
      g_autofree char *user = g_strdup_printf ("user-%u", i / SSE_COMBINATION_MAX_OF_USER);

      taken[i] = take (all, i + 1, user);
      g_assert_true (sse_combinations_find (all, 7 + i) == taken[i]);
    }
  g_assert_true (take (all, 3, "ann") == taken[2]);
  g_assert_null (take (all, 0x101, "ann"));

  sse_combination_release (taken[2]);
  g_assert_null (take (all, 0x101, "ann")); /* somebody else follows it */
  sse_combination_release (taken[2]);
  taken[2] = take (all, 0x101, "ann");
  g_assert_true (sse_combinations_find (all, 9) == taken[2]);
  for (guint i = 0; i < SSE_COMBINATION_MAX; i++)
    sse_combination_release (taken[i]);
  sse_combinations_stop (all);
  sse_combinations_free (all);
}

/* Whoever follows all that one may is no trouble to others, and may follow what others do. */
static void
test_bound_of_user (void)
{
  SseStreamHost host = { .conflate = 0 };
  SseCombinations *all = sse_combinations_new (&host, 0);
  SseCombination *taken[SSE_COMBINATION_MAX_OF_USER], *of_bob;

  for (guint i = 0; i < G_N_ELEMENTS (taken); i++)
    taken[i] = take (all, i + 1, "ann");
  g_assert_null (take (all, 0x100, "ann"));
  of_bob = take (all, 0x100, "bob");
  g_assert_nonnull (of_bob);
  g_assert_true (take (all, 0x100, "ann") == of_bob);
  g_assert_true (take (all, 1, "ann") == taken[0]);
  g_assert_null (take (all, 0x101, "ann"));
  sse_combination_release (taken[0]);
  g_assert_null (take (all, 0x101, "ann"));
  sse_combination_release (taken[0]);
  taken[0] = take (all, 0x101, "ann");
  g_assert_nonnull (taken[0]);

  sse_combination_release (of_bob);
  sse_combination_release (of_bob);
  for (guint i = 0; i < G_N_ELEMENTS (taken); i++)
    sse_combination_release (taken[i]);
  sse_combinations_stop (all);
  sse_combinations_free (all);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/core/combination/bound", test_bound);
  g_test_add_func ("/core/combination/bound-of-user", test_bound_of_user);
  return g_test_run ();
}
