/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-revocations.h"

static void
revoke_at (SseRevocations *self, const char *user, gint64 second, SseVerdict expected)
{
  g_autoptr (SseUpdate) update = sse_revocations_new_update (user);
  g_autoptr (SseBatch) batch = sse_batch_new ();

  g_assert_true (sse_update_parse (update, NULL));
  g_assert_true (sse_source_validate (SSE_SOURCE (self), update, NULL));
  sse_update_set_accepted (update, second * G_USEC_PER_SEC + 500000);
  g_assert_cmpint (sse_source_apply (SSE_SOURCE (self), update, batch, NULL), ==, expected);
}

static SseRevocations *
restore (GVariant *state)
{
  SseRevocations *self = g_object_new (SSE_TYPE_REVOCATIONS, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_true (sse_source_restore (SSE_SOURCE (self), state, &error));
  g_assert_no_error (error);
  return self;
}

static void
test_up_to_that_second (void)
{
  g_autoptr (SseRevocations) self = g_object_new (SSE_TYPE_REVOCATIONS, NULL);

  g_assert_false (sse_revocations_cover (self, "ann", SSE_REVOCATIONS_NEVER));
  g_assert_false (sse_revocations_cover (self, "ann", 0));
  revoke_at (self, "ann", 100, SSE_VERDICT_APPLIED);
  g_assert_true (sse_revocations_cover (self, "ann", SSE_REVOCATIONS_NEVER));
  g_assert_true (sse_revocations_cover (self, "ann", 99));
  g_assert_true (sse_revocations_cover (self, "ann", 100));
  g_assert_false (sse_revocations_cover (self, "ann", 101));
  g_assert_false (sse_revocations_cover (self, "anne", 99));
  g_assert_false (sse_revocations_cover (self, "anne", SSE_REVOCATIONS_NEVER));
  g_assert_cmpint (sse_revocations_get_last (self, "ann"), ==, 100);
  g_assert_cmpint (sse_revocations_get_last (self, "anne"), ==, SSE_REVOCATIONS_NEVER);
}

/* Never earlier again, whatever the clock does. What was issued between two in the same second is
 * of the next one. */
static void
test_again (void)
{
  g_autoptr (SseRevocations) self = g_object_new (SSE_TYPE_REVOCATIONS, NULL);

  revoke_at (self, "ann", 100, SSE_VERDICT_APPLIED);
  for (guint i = 0; i < 3; i++)
    {
      revoke_at (self, "ann", 100, SSE_VERDICT_APPLIED);
      g_assert_cmpint (sse_revocations_get_last (self, "ann"), ==, 101);
    }
  revoke_at (self, "ann", 50, SSE_VERDICT_APPLIED);
  g_assert_cmpint (sse_revocations_get_last (self, "ann"), ==, 101);
  revoke_at (self, "ann", 200, SSE_VERDICT_APPLIED);
  g_assert_true (sse_revocations_cover (self, "ann", 200));
  g_assert_false (sse_revocations_cover (self, "ann", 201));
}

/* Two of the same second each, who come in the reverse order of their names. */
static void
fill (SseRevocations *self)
{
  for (guint i = 0; i < SSE_REVOCATIONS_MAX; i++)
    {
      g_autofree char *user = g_strdup_printf ("user-%06u", i ^ 1);

      revoke_at (self, user, 1000 + i / 2, SSE_VERDICT_APPLIED);
    }
}

/* The oldest is dropped, and no token that it refused becomes valid, but for those that do not say
 * when they were issued: else everybody's would be refused. */
static void
test_bound (void)
{
  g_autoptr (SseRevocations) self = g_object_new (SSE_TYPE_REVOCATIONS, NULL);

  fill (self);
  revoke_at (self, "user-000005", 200000, SSE_VERDICT_APPLIED);
  g_assert_false (sse_revocations_cover (self, "ann", 0));

  revoke_at (self, "ann", 200001, SSE_VERDICT_APPLIED);
  g_assert_true (sse_revocations_cover (self, "user-000000", 1000));
  g_assert_false (sse_revocations_cover (self, "user-000000", SSE_REVOCATIONS_NEVER));
  g_assert_true (sse_revocations_cover (self, "bob", 1000));
  g_assert_false (sse_revocations_cover (self, "bob", 1001));
  g_assert_false (sse_revocations_cover (self, "bob", SSE_REVOCATIONS_NEVER));
  g_assert_true (sse_revocations_cover (self, "user-000001", SSE_REVOCATIONS_NEVER));
  g_assert_true (sse_revocations_cover (self, "user-000002", 1001));
  g_assert_cmpint (sse_revocations_get_last (self, "bob"), ==, 1000);
  revoke_at (self, "bob", 1000, SSE_VERDICT_APPLIED);
  g_assert_true (sse_revocations_cover (self, "bob", 1001));
}

/* Which is the oldest does not depend on whether it was saved and restored meanwhile. */
static void
test_bound_restored (void)
{
  g_autoptr (SseRevocations) self = g_object_new (SSE_TYPE_REVOCATIONS, NULL);
  g_autoptr (SseRevocations) again = NULL;
  g_autoptr (GVariant) before = NULL;
  g_autoptr (GVariant) one = NULL;
  g_autoptr (GVariant) other = NULL;

  fill (self);
  before = sse_source_save (SSE_SOURCE (self));
  again = restore (before);
  revoke_at (self, "ann", 200000, SSE_VERDICT_APPLIED);
  revoke_at (again, "ann", 200000, SSE_VERDICT_APPLIED);
  one = sse_source_save (SSE_SOURCE (self));
  other = sse_source_save (SSE_SOURCE (again));
  g_assert_true (g_variant_equal (one, other));
  g_assert_true (sse_revocations_cover (again, "bob", 1000));
}

/* The same state, whatever way it came about; and what is saved is restored. */
static void
test_canonical (void)
{
  g_autoptr (SseRevocations) one = g_object_new (SSE_TYPE_REVOCATIONS, NULL);
  g_autoptr (SseRevocations) other = g_object_new (SSE_TYPE_REVOCATIONS, NULL);
  g_autoptr (SseRevocations) restored = NULL;
  g_autoptr (GVariant) of_one = NULL;
  g_autoptr (GVariant) of_other = NULL;
  g_autoptr (GVariant) of_restored = NULL;

  revoke_at (one, "bob", 5, SSE_VERDICT_APPLIED);
  revoke_at (one, "ann", 5, SSE_VERDICT_APPLIED);
  revoke_at (one, "bob", 7, SSE_VERDICT_APPLIED);
  revoke_at (other, "ann", 5, SSE_VERDICT_APPLIED);
  revoke_at (other, "bob", 7, SSE_VERDICT_APPLIED);
  of_one = sse_source_save (SSE_SOURCE (one));
  of_other = sse_source_save (SSE_SOURCE (other));
  g_assert_true (g_variant_equal (of_one, of_other));
  restored = restore (of_one);
  of_restored = sse_source_save (SSE_SOURCE (restored));
  g_assert_true (g_variant_equal (of_one, of_restored));
  g_assert_true (sse_revocations_cover (restored, "bob", 7));
  g_assert_false (sse_revocations_cover (restored, "ann", 6));
}

static void
test_bad_state (void)
{
  const char *const states[] = {
    "(int64 0, [('b', int64 1), ('a', int64 1)])",
    "(int64 0, [('a', int64 1), ('a', int64 1)])",
    "(int64 0, [('', int64 1)])",
    "('x', [('a', int64 1)])",
    "int64 5",
  };

  for (guint i = 0; i < G_N_ELEMENTS (states); i++)
    {
      g_autoptr (SseRevocations) self = g_object_new (SSE_TYPE_REVOCATIONS, NULL);
      g_autoptr (GVariant) state = g_variant_ref_sink (g_variant_new_parsed (states[i]));
      g_autoptr (GError) error = NULL;

      g_assert_false (sse_source_restore (SSE_SOURCE (self), state, &error));
      g_assert_error (error, SSE_ERROR, SSE_ERROR_INVALID_UPDATE);
    }
}

static void
test_shape (void)
{
  g_autoptr (SseRevocations) self = g_object_new (SSE_TYPE_REVOCATIONS, NULL);
  g_autoptr (SseUpdate) nobody = sse_revocations_new_update (NULL);
  g_autoptr (GBytes) json = g_bytes_new_static ("{\"type\":\"x\"}", 12);
  g_autoptr (SseUpdate) other = sse_update_new (SSE_REVOCATIONS_STREAM, "ann", json);
  SseUpdate *const wrong[] = { nobody, other };

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_true (sse_update_parse (wrong[i], NULL));
      g_assert_false (sse_source_validate (SSE_SOURCE (self), wrong[i], &error));
      g_assert_error (error, SSE_ERROR, SSE_ERROR_INVALID_UPDATE);
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/core/revocations/up-to-that-second", test_up_to_that_second);
  g_test_add_func ("/core/revocations/again", test_again);
  g_test_add_func ("/core/revocations/bound", test_bound);
  g_test_add_func ("/core/revocations/bound-restored", test_bound_restored);
  g_test_add_func ("/core/revocations/canonical", test_canonical);
  g_test_add_func ("/core/revocations/bad-state", test_bad_state);
  g_test_add_func ("/core/revocations/shape", test_shape);
  return g_test_run ();
}
