/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-token-cache.h"

static SseTokenDigest
digest_number (guint number)
{
  g_autofree char *text = g_strdup_printf ("%u", number);
  SseTokenDigest digest;

  sse_token_digest (&digest, text);
  return digest;
}

static gboolean
has (SseTokenCache *self, guint number, gint64 now)
{
  SseTokenDigest digest = digest_number (number);

  return sse_token_cache_has (self, &digest, now);
}

static void
add (SseTokenCache *self, guint number, gint64 expires)
{
  SseTokenDigest digest = digest_number (number);

  sse_token_cache_add (self, &digest, expires);
}

static void
test_until_it_expires (void)
{
  g_autoptr (SseTokenCache) self = sse_token_cache_new (10);

  g_assert_false (has (self, 1, 0));
  add (self, 1, 100);
  add (self, 2, G_MAXINT64);
  g_assert_true (has (self, 1, 99));
  g_assert_true (has (self, 2, G_MAXINT64 - 1));
  g_assert_false (has (self, 3, 99));
  g_assert_false (has (self, 1, 100));
  g_assert_cmpuint (sse_token_cache_get_size (self), ==, 1);
  g_assert_false (has (self, 1, 99));
}

/* The oldest goes, however long it would have been good. */
static void
test_bound (void)
{
  g_autoptr (SseTokenCache) self = sse_token_cache_new (3);

  for (guint i = 0; i < 1000; i++)
    {
      add (self, i, 100);
      add (self, i, 100);
      g_assert_cmpuint (sse_token_cache_get_size (self), ==, MIN (i + 1, 3));
      g_assert_true (has (self, i, 0));
      g_assert_true (i < 3 || !has (self, i - 3, 0));
      g_assert_true (i < 2 || has (self, i - 2, 0));
    }
}

/* SHA-256 of "abc" (FIPS 180-4). */
static void
test_digest (void)
{
  SseTokenDigest digest;

  sse_token_digest (&digest, "abc");
  g_assert_cmphex (digest.bytes[0], ==, 0xba);
  g_assert_cmphex (digest.bytes[1], ==, 0x78);
  g_assert_cmphex (digest.bytes[31], ==, 0xad);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/token/token-cache/until-it-expires", test_until_it_expires);
  g_test_add_func ("/token/token-cache/bound", test_bound);
  g_test_add_func ("/token/token-cache/digest", test_digest);
  return g_test_run ();
}
