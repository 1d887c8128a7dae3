/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-slice.h"

#include <string.h>

static void
add (SseSlice *slice, guint64 position, const char *type)
{
  g_autofree char *id = g_strdup_printf ("ep-%" G_GUINT64_FORMAT, position);

  sse_slice_add (slice, position, sse_frame_new_event (id, type, NULL, 0));
}

/* Each event as its id and its type. */
static void
assert_taken (SseSlice *slice, guint64 end, guint64 expected_end, const char *expected)
{
  g_autoptr (GPtrArray) frames = g_ptr_array_new_with_free_func ((GDestroyNotify) sse_frame_unref);
  g_autoptr (GString) text = g_string_new (NULL);

  g_assert_cmpuint (sse_slice_take (slice, end, frames), ==, expected_end);
  for (guint i = 0; i < frames->len; i++)
    {
      gsize length;
      const char *bytes = sse_frame_get_bytes (g_ptr_array_index (frames, i), FALSE, &length);
      g_autofree char *event = g_strndup (bytes, length);
      g_auto (GStrv) lines = g_strsplit (event, "\n", -1);

      g_string_append_printf (text, "%s%s ", lines[0] + strlen ("id: ep-"),
                              lines[1] + strlen ("event: "));
    }
  g_assert_cmpstr (text->str, ==, expected);
}

/* By position; what comes of one update in the order in which it was added, the last of it alone
 * with its own position. */
static void
test_order (void)
{
  g_auto (SseSlice) slice;

  sse_slice_init (&slice);
  add (&slice, 2, "b");
  add (&slice, 5, "d");
  add (&slice, G_MAXUINT64 - 1, "f");
  add (&slice, 1, "a");
  add (&slice, 2, "c");
  add (&slice, 5, "e");
  assert_taken (&slice, G_MAXUINT64, G_MAXUINT64, "1a 1b 2c 4d 5e 18446744073709551614f ");
  assert_taken (&slice, 9, 9, "");
}

/* It ends where the first of its streams does, whichever that is; what is behind is not kept. */
static void
test_cut (void)
{
  g_auto (SseSlice) slice;

  sse_slice_init (&slice);
  add (&slice, 2, "a");
  add (&slice, 6, "c");
  sse_slice_cut (&slice, 6);
  add (&slice, 3, "b");
  add (&slice, 4, "d");
  sse_slice_cut (&slice, 3);
  assert_taken (&slice, 9, 3, "2a 3b ");
  add (&slice, 4, "d");
  assert_taken (&slice, 9, 9, "4d ");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/core/slice/order", test_order);
  g_test_add_func ("/core/slice/cut", test_cut);
  return g_test_run ();
}
