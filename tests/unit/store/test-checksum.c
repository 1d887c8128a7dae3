/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-checksum.h"

#define MAX_LENGTH 40

static guint64
sum (const void *bytes, gsize length)
{
  return sse_checksum_add (SSE_CHECKSUM_START, bytes, length);
}

/* One bit that is another is noticed, wherever. */
static void
test_bits (void)
{
  for (gsize length = 0; length <= MAX_LENGTH; length++)
    for (guint filling = 0; filling < 3; filling++)
      {
        guint8 bytes[MAX_LENGTH];
        guint64 expected;

        for (gsize i = 0; i < length; i++)
          bytes[i] = (guint8) (filling * 127 + (filling == 1 ? i * 37 : 0));
        expected = sum (bytes, length);
        for (gsize bit = 0; bit < 8 * length; bit++)
          {
            bytes[bit / 8] ^= (guint8) (1 << bit % 8);
            g_assert_cmpuint (sum (bytes, length), !=, expected);
            bytes[bit / 8] ^= (guint8) (1 << bit % 8);
          }
        g_assert_cmpuint (sum (bytes, length), ==, expected);
      }
}

static void
test_number_bits (void)
{
  const guint64 numbers[] = { 0, 1, G_MAXUINT64, G_GUINT64_CONSTANT (0x123456789abcdef0) };

  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    for (guint bit = 0; bit < 64; bit++)
      g_assert_cmpuint (
          sse_checksum_add_number (SSE_CHECKSUM_START, numbers[i]), !=,
          sse_checksum_add_number (SSE_CHECKSUM_START, numbers[i] ^ G_GUINT64_CONSTANT (1) << bit));
}

/* Texts in a row: where one ends and whether there is one makes a difference. */
static void
test_texts (void)
{
  static const char zeros[MAX_LENGTH];
  guint64 sums[MAX_LENGTH + 1];
  guint64 none = sse_checksum_add_text (SSE_CHECKSUM_START, NULL, 0);
  guint64 left, right;

  for (gsize length = 0; length <= MAX_LENGTH; length++)
    {
      sums[length] = sse_checksum_add_text (SSE_CHECKSUM_START, zeros, length);
      g_assert_cmpuint (sums[length], !=, none);
      for (gsize i = 0; i < length; i++)
        g_assert_cmpuint (sums[length], !=, sums[i]);
    }
  left = sse_checksum_add_text (SSE_CHECKSUM_START, "ab", 2);
  left = sse_checksum_add_text (left, "c", 1);
  right = sse_checksum_add_text (SSE_CHECKSUM_START, "a", 1);
  right = sse_checksum_add_text (right, "bc", 2);
  g_assert_cmpuint (left, !=, right);
}

/* It is in files, and must stay what it is on every machine. */
static void
test_known (void)
{
  g_assert_cmphex (sum ("", 0), ==, G_GUINT64_CONSTANT (0xaf63bd4c29620a93));
  g_assert_cmphex (sum ("rivulet.db", 10), ==, G_GUINT64_CONSTANT (0x3daf1ff4f6836fed));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/core/checksum/bits", test_bits);
  g_test_add_func ("/core/checksum/number-bits", test_number_bits);
  g_test_add_func ("/core/checksum/texts", test_texts);
  g_test_add_func ("/core/checksum/known", test_known);
  return g_test_run ();
}
