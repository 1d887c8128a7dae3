/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-chunks.h"

#include <string.h>

/* Adds to @data what is in @bytes; copied, so that the address sanitizer sees a byte too many. */
static SseChunksVerdict
decode (SseChunks *chunks, const char *bytes, gsize length, GString *data)
{
  g_autofree char *copy = g_memdup2 (bytes, length);
  SseChunksVerdict verdict = sse_chunks_decode (chunks, copy, &length);

  g_string_append_len (data, copy, (gssize) length);
  return verdict;
}

/* All at once, in two pieces at every byte, and byte by byte: always the same. */
static void
assert_every_way (const char *bytes, gsize length, SseChunksVerdict verdict, const char *expected)
{
  g_autofree char *escaped = g_strescape (bytes, NULL);
  g_autoptr (GString) single = g_string_new (NULL);
  SseChunksVerdict last = SSE_CHUNKS_MORE;
  SseChunks chunks;

  g_test_message ("%s", escaped);
  for (gsize split = 0; split <= length; split++)
    {
      g_autoptr (GString) data = g_string_new (NULL);

      sse_chunks_init (&chunks);
      decode (&chunks, bytes, split, data);
      g_assert_cmpint (decode (&chunks, bytes + split, length - split, data), ==, verdict);
      g_assert_cmpint (decode (&chunks, "1\r\nx\r\n", 6, data), ==, verdict);
      g_assert_cmpstr (data->str, ==, expected);
      g_assert_true ((chunks.reason != NULL) == (verdict == SSE_CHUNKS_REFUSED));
    }

  sse_chunks_init (&chunks);
  for (gsize i = 0; i < length; i++)
    {
      SseChunksVerdict now = decode (&chunks, bytes + i, 1, single);

      g_assert_true (last == SSE_CHUNKS_MORE || now == last);
      last = now;
    }
  g_assert_cmpint (last, ==, verdict);
  g_assert_cmpstr (single->str, ==, expected);
}

static void
test_complete (void)
{
  const struct
  {
    const char *bytes;
    const char *data;
  } cases[] = {
    { "0\r\n\r\n", "" },
    { "00000000\r\n\r\n", "" },
    { "1\r\na\r\n0\r\n\r\n", "a" },
    { "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", "abcde" },
    { "0000000a\r\n0\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n", "0\r\n\r\n0\r\n\r\n" },
    { "A\r\n0123456789\r\n00\r\n\r\n", "0123456789" },
    { "1F\r\n0123456789abcdef0123456789abcde\r\n0\r\n\r\n", "0123456789abcdef0123456789abcde" },
    { "0\r\n\r\nPOST / HTTP/1.1\r\n\r\n", "" },
    { "1\r\na\r\n0\r\n\r\n1\r\nb\r\n", "a" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    assert_every_way (cases[i].bytes, strlen (cases[i].bytes), SSE_CHUNKS_END, cases[i].data);
}

/* Each is refused with its last byte at the latest. */
static void
test_refused (void)
{
  const struct
  {
    const char *bytes;
    const char *data;
  } cases[] = {
    { "\r", "" },
    { "\n", "" },
    { " ", "" },
    { "x", "" },
    { "g", "" },
    { "-", "" },
    { "+", "" },
    { "0x", "" },
    { "1 ", "" },
    { "1\t", "" },
    { "1;", "" },
    { "5;a=b\r\n", "" },
    { "1\n", "" },
    { "1\rx", "" },
    { "1\r\r", "" },
    { "000000001", "" },
    { "fffffffff", "" },
    { "100000000", "" },
    { "1\r\nab", "a" },
    { "1\r\na\n", "a" },
    { "1\r\na\rb", "a" },
    { "1\r\na\r\r", "a" },
    { "1\r\na\r\n\r", "a" },
    { "1\r\na\r\n ", "a" },
    { "2\r\nab\r\nx", "ab" },
    { "0\r\nX: y\r\n\r\n", "" },
    { "0\r\nContent-Length: 5\r\n\r\n", "" },
    { "0\r\n\n", "" },
    { "0\r\n\rx", "" },
    { "0\n", "" },
    { "0;a\r\n\r\n", "" },
    { "\xc3", "" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    assert_every_way (cases[i].bytes, strlen (cases[i].bytes), SSE_CHUNKS_REFUSED, cases[i].data);
}

static void
test_nul (void)
{
  static const char *const beginnings[]
      = { "", "1", "1\r", "1\r\na", "1\r\na\r", "0\r\n", "0\r\n\r" };

  for (guint i = 0; i < G_N_ELEMENTS (beginnings); i++)
    assert_every_way (beginnings[i], strlen (beginnings[i]) + 1, SSE_CHUNKS_REFUSED,
                      i == 3 || i == 4 ? "a" : "");
}

static void
test_incomplete (void)
{
  static const char whole[] = "3\r\nabc\r\n0\r\n\r\n";

  for (gsize length = 0; length < strlen (whole); length++)
    {
      g_autoptr (GString) data = g_string_new (NULL);
      SseChunks chunks;

      sse_chunks_init (&chunks);
      g_assert_cmpint (decode (&chunks, whole, length, data), ==, SSE_CHUNKS_MORE);
    }
}

/* The greatest size that there is: it is counted down, and does not begin again. */
static void
test_greatest (void)
{
  g_autofree char *piece = g_strnfill (1 << 20, 'x');
  g_autoptr (GString) data = g_string_new (NULL);
  SseChunks chunks;

  sse_chunks_init (&chunks);
  decode (&chunks, "ffffffff\r\n", 10, data);
  for (guint i = 0; i < 4095; i++)
    {
      gsize length = 1 << 20;

      g_assert_cmpint (sse_chunks_decode (&chunks, piece, &length), ==, SSE_CHUNKS_MORE);
      g_assert_cmpuint (length, ==, 1 << 20);
    }
  piece[(1 << 20) - 1] = '\r';
  g_assert_cmpint (decode (&chunks, piece, 1 << 20, data), ==, SSE_CHUNKS_MORE);
  g_assert_cmpuint (data->len, ==, (1 << 20) - 1);
  g_assert_cmpint (decode (&chunks, "\n0\r\n\r\n", 6, data), ==, SSE_CHUNKS_END);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/http/chunks/complete", test_complete);
  g_test_add_func ("/http/chunks/refused", test_refused);
  g_test_add_func ("/http/chunks/nul", test_nul);
  g_test_add_func ("/http/chunks/incomplete", test_incomplete);
  g_test_add_func ("/http/chunks/greatest", test_greatest);
  return g_test_run ();
}
