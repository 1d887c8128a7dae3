/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-ring.h"

#include <string.h>

static void
push_kept (SseRing *ring, guint64 position, const char *audience, guint64 kept)
{
  g_autofree char *text = g_strdup_printf ("%03u", (guint) position);
  g_autoptr (SseFrame) frame = sse_frame_new_raw (text, 3);

  sse_ring_push (ring, position, audience, frame, NULL, kept);
}

static void
push (SseRing *ring, guint64 position, const char *audience)
{
  push_kept (ring, position, audience, G_MAXUINT64);
}

/* sse_ring_collect() into an array of frames. */
static gboolean
collect_some (
    SseRing *ring, guint64 *position, const char *user, gsize max_bytes, GPtrArray *frames)
{
  g_auto (SseSlice) slice;
  gboolean all;

  sse_slice_init (&slice);
  all = sse_ring_collect (ring, position, user, max_bytes, NULL, &slice);
  sse_slice_take (&slice, G_MAXUINT64, frames);
  return all;
}

/* What a user gets who has everything up to @position, as text. */
static char *
collect (SseRing *ring, guint64 position, const char *user)
{
  g_autoptr (GPtrArray) frames = g_ptr_array_new_with_free_func ((GDestroyNotify) sse_frame_unref);
  GString *text = g_string_new (NULL);

  g_assert_true (collect_some (ring, &position, user, G_MAXSIZE, frames));
  for (guint i = 0; i < frames->len; i++)
    {
      gsize length;
      const char *bytes = sse_frame_get_bytes (g_ptr_array_index (frames, i), TRUE, &length);

      g_string_append_len (text, bytes, (gssize) length);
      g_string_append_c (text, ' ');
    }
  return g_string_free (text, FALSE);
}

static void
assert_collected (SseRing *ring, guint64 position, const char *user, const char *expected)
{
  g_autofree char *text = collect (ring, position, user);

  g_assert_cmpstr (text, ==, expected);
}

static void
test_collect (void)
{
  g_autoptr (SseRing) ring = sse_ring_new (10, 1000);

  assert_collected (ring, 0, "a", "");
  push (ring, 3, NULL);
  push (ring, 5, "a");
  push (ring, 6, "b");
  push (ring, 9, NULL);
  assert_collected (ring, 0, "a", "003 005 009 ");
  assert_collected (ring, 3, "a", "005 009 ");
  assert_collected (ring, 4, "b", "006 009 ");
  assert_collected (ring, 5, "c", "009 ");
  assert_collected (ring, 9, "a", "");
  assert_collected (ring, 12, "a", "");
}

static void
test_bound_in_number (void)
{
  g_autoptr (SseRing) ring = sse_ring_new (2, 1000);

  push (ring, 3, NULL);
  push (ring, 4, NULL);
  g_assert_true (sse_ring_covers (ring, 0));
  push (ring, 7, NULL);
  g_assert_false (sse_ring_covers (ring, 0));
  g_assert_false (sse_ring_covers (ring, 2));
  g_assert_true (sse_ring_covers (ring, 3));
  assert_collected (ring, 3, "a", "004 007 ");
}

static void
test_bound_in_bytes (void)
{
  g_autoptr (SseRing) ring = sse_ring_new (100, 7);

  push (ring, 1, NULL);
  push (ring, 2, NULL);
  g_assert_true (sse_ring_covers (ring, 0));
  push (ring, 3, NULL);
  g_assert_false (sse_ring_covers (ring, 0));
  g_assert_true (sse_ring_covers (ring, 1));
  assert_collected (ring, 1, "a", "002 003 ");
}

static void
test_keeps_nothing (void)
{
  g_autoptr (SseRing) ring = sse_ring_new (0, 0);

  g_assert_true (sse_ring_covers (ring, 0));
  push (ring, 8, NULL);
  g_assert_false (sse_ring_covers (ring, 7));
  g_assert_true (sse_ring_covers (ring, 8));
}

/* Each slice looks at what fits, and at one event at least. */
static void
test_slices (void)
{
  g_autoptr (SseRing) ring = sse_ring_new (100, 1000);
  g_autoptr (GPtrArray) frames = g_ptr_array_new_with_free_func ((GDestroyNotify) sse_frame_unref);
  guint64 position = 2;

  for (guint i = 1; i <= 7; i++)
    push (ring, i, i == 4 ? "b" : NULL);

  g_assert_cmpuint (sse_ring_get_bytes_behind (ring, 0), ==, 21);
  g_assert_cmpuint (sse_ring_get_bytes_behind (ring, position), ==, 15);
  g_assert_cmpuint (sse_ring_get_bytes_behind (ring, 7), ==, 0);
  g_assert_cmpuint (sse_ring_get_bytes_behind (ring, 8), ==, 0);

  g_assert_false (collect_some (ring, &position, "a", 6, frames));
  g_assert_cmpuint (position, ==, 4);
  g_assert_cmpuint (frames->len, ==, 1); /* the other is not for this user */
  g_assert_false (collect_some (ring, &position, "a", 1, frames));
  g_assert_cmpuint (position, ==, 5);
  g_assert_cmpuint (frames->len, ==, 2);
  g_assert_true (collect_some (ring, &position, "a", 6, frames));
  g_assert_cmpuint (position, ==, 7);
  g_assert_cmpuint (frames->len, ==, 4);
}

static SseFrame *
collect_prefixed (SseRing *ring)
{
  g_autoptr (GPtrArray) frames = g_ptr_array_new_with_free_func ((GDestroyNotify) sse_frame_unref);
  g_auto (SseSlice) slice;
  guint64 position = 0;

  sse_slice_init (&slice);
  g_assert_true (sse_ring_collect (ring, &position, "a", G_MAXSIZE, "quota", &slice));
  sse_slice_take (&slice, G_MAXUINT64, frames);
  return sse_frame_ref (g_ptr_array_index (frames, 0));
}

/* What comes with its stream's name is made once, or what was pushed so. */
static void
test_prefixed (void)
{
  g_autoptr (SseFrame) event = sse_frame_new_event ("e-1", "count", NULL, 0);
  g_autoptr (SseFrame) made = sse_frame_new_prefixed (event, "quota");
  g_autoptr (SseRing) given = sse_ring_new (10, 1000), ring = sse_ring_new (10, 1000);
  g_autoptr (SseFrame) pushed = NULL, first = NULL, second = NULL;
  const char *bytes, *expected;
  gsize length, expected_length;

  sse_ring_push (given, 1, NULL, event, made, G_MAXUINT64);
  sse_ring_push (ring, 1, NULL, event, NULL, G_MAXUINT64);
  pushed = collect_prefixed (given);
  first = collect_prefixed (ring);
  second = collect_prefixed (ring);
  g_assert_true (pushed == made);
  g_assert_true (first == second);
  bytes = sse_frame_get_bytes (first, TRUE, &length);
  expected = sse_frame_get_bytes (made, TRUE, &expected_length);
  g_assert_cmpuint (length, ==, expected_length);
  g_assert_true (memcmp (bytes, expected, length) == 0);
}

/* They count in the bound: those that come with their events, and those that are made later. */
static void
test_prefixed_bytes (void)
{
  g_autoptr (SseFrame) event = sse_frame_new_event (NULL, "said", NULL, 0);
  g_autoptr (SseFrame) made = sse_frame_new_prefixed (event, "probe");
  gsize length, prefixed;

  sse_frame_get_bytes (event, TRUE, &length);
  sse_frame_get_bytes (made, TRUE, &prefixed);
  for (guint before = 0; before < 2; before++)
    {
      g_autoptr (SseRing) ring = sse_ring_new (100, 3 * length + 3 * prefixed);

      for (guint64 i = 1; i <= 3; i++)
        sse_ring_push (ring, i, NULL, event, before ? made : NULL, G_MAXUINT64);
      g_assert_true (sse_ring_covers (ring, 0));
      sse_frame_unref (collect_prefixed (ring));
      g_assert_true (sse_ring_covers (ring, 0));
      sse_ring_push (ring, 4, NULL, event, NULL, G_MAXUINT64);
      g_assert_false (sse_ring_covers (ring, 0));
      g_assert_true (sse_ring_covers (ring, 1));
      for (guint64 i = 5; i <= 100; i++)
        sse_ring_push (ring, i, NULL, event, NULL, G_MAXUINT64);
      g_assert_cmpuint (sse_ring_get_bytes_behind (ring, 0), <=, 3 * (length + prefixed));
      g_assert_cmpuint (sse_ring_get_bytes_behind (ring, 0), >, 3 * prefixed + 2 * length);
    }
}

/* The oldest go, and the place of each is used again, as the ring grows and after. */
static void
test_wraps (void)
{
  g_autoptr (SseRing) ring = sse_ring_new (100, 100000);

  for (guint i = 1; i <= 999; i++)
    {
      guint64 first = i > 100 ? i - 100 : 0;
      guint64 middle = first + (i - first) / 2;

      push (ring, i, NULL);
      g_assert_true (sse_ring_covers (ring, first));
      g_assert_true (first == 0 || !sse_ring_covers (ring, first - 1));
      g_assert_cmpuint (sse_ring_get_bytes_behind (ring, first), ==, 3 * (i - first));
      g_assert_cmpuint (sse_ring_get_bytes_behind (ring, middle), ==, 3 * (i - middle));
    }
  assert_collected (ring, 996, "a", "997 998 999 ");
}

/* What is nowhere else stays, however much that is; and goes when it is kept. */
static void
test_kept_elsewhere (void)
{
  g_autoptr (SseRing) ring = sse_ring_new (2, 1000);
  g_autoptr (SseRing) small = sse_ring_new (100, 7);

  for (guint i = 1; i <= 100; i++)
    push_kept (ring, 2 * i, NULL, 0);
  g_assert_true (sse_ring_covers (ring, 0));
  g_assert_cmpuint (sse_ring_get_bytes_behind (ring, 0), ==, 300);
  assert_collected (ring, 194, "a", "196 198 200 ");

  push_kept (ring, 202, NULL, 41);
  g_assert_false (sse_ring_covers (ring, 39));
  g_assert_true (sse_ring_covers (ring, 40));
  push_kept (ring, 204, NULL, 42);
  g_assert_false (sse_ring_covers (ring, 41));
  g_assert_true (sse_ring_covers (ring, 42));
  push_kept (ring, 206, NULL, 206);
  g_assert_true (sse_ring_covers (ring, 202));
  g_assert_false (sse_ring_covers (ring, 201));
  assert_collected (ring, 202, "a", "204 206 ");

  for (guint i = 1; i <= 5; i++)
    push_kept (small, i, NULL, 1);
  g_assert_true (sse_ring_covers (small, 1));
  g_assert_false (sse_ring_covers (small, 0));
  assert_collected (small, 1, "a", "002 003 004 005 ");
  push_kept (small, 6, NULL, 5);
  assert_collected (small, 4, "a", "005 006 ");
  g_assert_false (sse_ring_covers (small, 3));
}

/* Where it begins, what was before is not here. */
static void
test_begin (void)
{
  g_autoptr (SseRing) ring = sse_ring_new (3, 1000);

  sse_ring_begin (ring, 7);
  g_assert_false (sse_ring_covers (ring, 6));
  g_assert_true (sse_ring_covers (ring, 7));
  assert_collected (ring, 7, "a", "");
  push (ring, 9, NULL);
  g_assert_false (sse_ring_covers (ring, 6));
  g_assert_true (sse_ring_covers (ring, 7));
  assert_collected (ring, 7, "a", "009 ");
  for (guint i = 10; i <= 12; i++)
    push (ring, i, NULL);
  g_assert_false (sse_ring_covers (ring, 8));
  g_assert_true (sse_ring_covers (ring, 9));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/core/ring/collect", test_collect);
  g_test_add_func ("/core/ring/bound-in-number", test_bound_in_number);
  g_test_add_func ("/core/ring/bound-in-bytes", test_bound_in_bytes);
  g_test_add_func ("/core/ring/keeps-nothing", test_keeps_nothing);
  g_test_add_func ("/core/ring/slices", test_slices);
  g_test_add_func ("/core/ring/prefixed", test_prefixed);
  g_test_add_func ("/core/ring/prefixed-bytes", test_prefixed_bytes);
  g_test_add_func ("/core/ring/wraps", test_wraps);
  g_test_add_func ("/core/ring/kept-elsewhere", test_kept_elsewhere);
  g_test_add_func ("/core/ring/begin", test_begin);
  return g_test_run ();
}
