/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A chunked body: taken apart the same however it comes in pieces, and what is taken is what a
 * reader that knows the whole finds in it. */

#include <string.h>

#include "fuzz.h"
#include "sse-chunks.h"

static SseChunksVerdict
decode_whole (FuzzText input, GString *data)
{
  g_autofree char *copy = fuzz_text_dup (input);
  gsize length = input.length;
  SseChunksVerdict verdict;
  SseChunks chunks;

  sse_chunks_init (&chunks);
  verdict = sse_chunks_decode (&chunks, copy, &length);
  g_assert_cmpuint (length, <=, input.length);
  g_string_append_len (data, copy, (gssize) length);
  g_assert_true ((verdict == SSE_CHUNKS_REFUSED) == (chunks.reason != NULL));
  return verdict;
}

/* In pieces of 1, 2, 3 … bytes. */
static SseChunksVerdict
decode_in_pieces (FuzzText input, GString *data)
{
  SseChunksVerdict verdict = SSE_CHUNKS_MORE;
  SseChunks chunks;
  gsize at = 0;

  sse_chunks_init (&chunks);
  for (gsize size = 1; at < input.length; size++)
    {
      FuzzText piece = { input.bytes + at, MIN (size, input.length - at) };
      g_autofree char *copy = fuzz_text_dup (piece);
      gsize length = piece.length;

      verdict = sse_chunks_decode (&chunks, copy, &length);
      g_string_append_len (data, copy, (gssize) length);
      at += piece.length;
    }
  return verdict;
}

/* What a whole chunked body holds, by its grammar. */
static void
assert_is_body (FuzzText input, const GString *data)
{
  const char *at = input.bytes;
  g_autoptr (GString) found = g_string_new (NULL);

  while (TRUE)
    {
      char *end;
      guint64 size = g_ascii_strtoull (at, &end, 16);

      g_assert_true (g_ascii_isxdigit (*at) && end - at <= 8);
      g_assert_cmpint (memcmp (end, "\r\n", 2), ==, 0);
      at = end + 2;
      g_string_append_len (found, at, (gssize) size);
      at += size;
      g_assert_cmpint (memcmp (at, "\r\n", 2), ==, 0);
      at += 2;
      if (size == 0)
        break;
    }
  g_assert_cmpuint (found->len, ==, data->len);
  g_assert_cmpint (memcmp (found->str, data->str, data->len), ==, 0);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  FuzzText input = fuzz_text_new (data, size);
  g_autoptr (GString) whole = g_string_new (NULL);
  g_autoptr (GString) pieces = g_string_new (NULL);
  SseChunksVerdict verdict = decode_whole (input, whole);

  g_assert_cmpint (decode_in_pieces (input, pieces), ==, verdict);
  if (verdict == SSE_CHUNKS_REFUSED)
    return 0;
  g_assert_true (g_string_equal (whole, pieces));
  if (verdict == SSE_CHUNKS_END)
    {
      g_autofree char *text = fuzz_text_dup (input);

      assert_is_body ((FuzzText){ text, input.length }, whole);
    }
  return 0;
}
