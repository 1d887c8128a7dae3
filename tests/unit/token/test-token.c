/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-token.h"

#include <string.h>

#include "signing.h"

#define SECRET "0123456789abcdef0123456789abcdef"
#define HEADER "{\"alg\":\"HS256\",\"typ\":\"JWT\"}"
#define CLAIMS "{\"sub\":\"42\",\"exp\":2000}"

#define SECOND G_USEC_PER_SEC
#define NOW    (1000 * SECOND)

static char *
sign (const char *header, const char *claims)
{
  return signing_hmac (G_CHECKSUM_SHA256, SECRET, header, claims);
}

static SseToken *
new_token (gboolean require_expiry)
{
  SseClaimsRules rules = { .require_expiry = require_expiry };
  SseToken *self = sse_token_new (&rules);

  sse_token_set_default (self, signing_new_secret ("HS256", SECRET));
  return self;
}

static void
assert_valid_at (
    gboolean require_expiry, const char *token, gint64 now, const char *subject, gint64 expires)
{
  g_autoptr (SseToken) self = new_token (require_expiry);
  g_autoptr (GError) error = NULL;
  g_auto (SseClaims) claims = { 0 };
  gboolean ok = sse_token_check (self, token, now, &claims, &error);

  g_assert_no_error (error);
  g_assert_true (ok);
  g_assert_cmpstr (claims.subject, ==, subject);
  g_assert_cmpint (claims.expires, ==, expires);
}

static void
assert_invalid_at (gboolean require_expiry, const char *token, gint64 now, const char *why)
{
  g_autoptr (SseToken) self = new_token (require_expiry);

  signing_assert_refused (self, token, now, why);
}

static void
assert_claims (const char *claims, const char *subject, gint64 expires)
{
  g_autofree char *token = sign (HEADER, claims);

  g_test_message ("%s", claims);
  assert_valid_at (FALSE, token, NOW, subject, expires);
}

static void
assert_no_claims (const char *claims, const char *why)
{
  g_autofree char *token = sign (HEADER, claims);

  g_test_message ("%s", claims);
  assert_invalid_at (TRUE, token, NOW, why);
}

static void
test_valid (void)
{
  const char *const headers[]
      = { HEADER, "{\"alg\":\"HS256\"}", "{\"typ\":\"jwt\",\"alg\":\"HS256\"}",
          " { \"kid\" : \"x\", \"alg\" : \"HS256\" } " };

  for (guint i = 0; i < G_N_ELEMENTS (headers); i++)
    {
      g_autofree char *token = sign (headers[i], CLAIMS);

      assert_valid_at (TRUE, token, NOW, "42", 2000 * SECOND);
    }
}

static void
test_subjects (void)
{
  g_autofree char *longest = g_strnfill (1024, 'x');
  g_autofree char *longer = g_strnfill (1025, 'x');
  g_autofree char *with_longest = g_strdup_printf ("{\"exp\":2000,\"sub\":\"%s\"}", longest);
  g_autofree char *with_longer = g_strdup_printf ("{\"exp\":2000,\"sub\":\"%s\"}", longer);

  assert_claims ("{\"sub\":\"ä \\\"ö\\\" \\u00e9\\n\"}", "ä \"ö\" é\n", G_MAXINT64);
  assert_claims ("{\"sub\":42}", "42", G_MAXINT64);
  assert_claims ("{\"sub\":-7}", "-7", G_MAXINT64);
  assert_claims ("{\"sub\":9007199254740991}", "9007199254740991", G_MAXINT64);
  assert_claims ("{\"sub\":\"0042\"}", "0042", G_MAXINT64);
  assert_claims (with_longest, longest, 2000 * SECOND);

  assert_no_claims (with_longer, "sub");
  assert_no_claims ("{\"exp\":2000}", "sub");
  assert_no_claims ("{\"exp\":2000,\"sub\":\"\"}", "sub");
  assert_no_claims ("{\"exp\":2000,\"sub\":null}", "sub");
  assert_no_claims ("{\"exp\":2000,\"sub\":true}", "sub");
  assert_no_claims ("{\"exp\":2000,\"sub\":1.5}", "sub");
  assert_no_claims ("{\"exp\":2000,\"sub\":1e2}", "sub");
  assert_no_claims ("{\"exp\":2000,\"sub\":[\"42\"]}", "sub");
  assert_no_claims ("{\"exp\":2000,\"sub\":{\"id\":42}}", "sub");
  assert_no_claims ("{\"exp\":2000,\"sub\":\"a\\u0000b\"}", "claims");
  assert_no_claims ("{\"exp\":2000,\"sub\":\"\\ud800\"}", "claims");
}

static void
test_expiry (void)
{
  g_autofree char *token = sign (HEADER, CLAIMS);
  g_autofree char *without = sign (HEADER, "{\"sub\":\"42\"}");
  const char *const wrong[]
      = { "\"2000\"", "2000.0", "2e3", "true", "null", "[2000]", "{}", "\"\"" };

  assert_valid_at (TRUE, token, 2000 * SECOND - 1, "42", 2000 * SECOND);
  assert_invalid_at (TRUE, token, 2000 * SECOND, "expired");
  assert_invalid_at (FALSE, token, 2000 * SECOND, "expired");
  assert_invalid_at (TRUE, without, NOW, "no exp");
  assert_valid_at (FALSE, without, NOW, "42", G_MAXINT64);

  assert_claims ("{\"sub\":\"42\",\"exp\":9223372036854}", "42",
                 G_GINT64_CONSTANT (9223372036854000000));
  assert_claims ("{\"sub\":\"42\",\"exp\":9223372036855}", "42", G_MAXINT64);
  assert_claims ("{\"sub\":\"42\",\"exp\":9007199254740991}", "42", G_MAXINT64);
  assert_no_claims ("{\"sub\":\"42\",\"exp\":9007199254740992}", "claims");
  assert_no_claims ("{\"sub\":\"42\",\"exp\":0}", "expired");
  assert_no_claims ("{\"sub\":\"42\",\"exp\":-1}", "expired");
  assert_no_claims ("{\"sub\":\"42\",\"exp\":-9007199254740991}", "expired");

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autofree char *claims = g_strdup_printf ("{\"sub\":\"42\",\"exp\":%s}", wrong[i]);
      g_autofree char *other = sign (HEADER, claims);

      assert_no_claims (claims, "exp is not an integer");
      assert_invalid_at (FALSE, other, NOW, "exp is not an integer");
    }
}

static void
test_not_before (void)
{
  g_autofree char *token = sign (HEADER, "{\"sub\":\"42\",\"exp\":2000,\"nbf\":1000}");

  assert_valid_at (TRUE, token, NOW, "42", 2000 * SECOND);
  assert_invalid_at (TRUE, token, NOW - 1, "not valid yet");
  assert_no_claims ("{\"sub\":\"42\",\"exp\":2000,\"nbf\":9007199254740991}", "not valid yet");
  assert_no_claims ("{\"sub\":\"42\",\"exp\":2000,\"nbf\":\"1\"}", "nbf is not an integer");
  assert_no_claims ("{\"sub\":\"42\",\"exp\":2000,\"nbf\":1.5}", "nbf is not an integer");
}

static void
test_algorithms (void)
{
  const char *const algorithms[]
      = { "\"none\"",  "\"None\"",   "\"HS384\"", "\"HS512\"", "\"hs256\"", "\"RS256\"",
          "\"ES256\"", "\"HS256 \"", "\"\"",      "null",      "5",         "[\"HS256\"]" };
  g_autofree char *sha384
      = signing_hmac (G_CHECKSUM_SHA384, SECRET, "{\"alg\":\"HS384\",\"typ\":\"JWT\"}", CLAIMS);
  g_autofree char *sha512
      = signing_hmac (G_CHECKSUM_SHA512, SECRET, "{\"alg\":\"HS512\",\"typ\":\"JWT\"}", CLAIMS);
  g_autofree char *other_digest = signing_hmac (G_CHECKSUM_SHA512, SECRET, HEADER, CLAIMS);

  for (guint i = 0; i < G_N_ELEMENTS (algorithms); i++)
    {
      g_autofree char *header = g_strdup_printf ("{\"alg\":%s,\"typ\":\"JWT\"}", algorithms[i]);
      g_autofree char *token = sign (header, CLAIMS);
      g_autofree char *unsigned_token = g_strdup (token);

      assert_invalid_at (TRUE, token, NOW, "algorithm");
      strrchr (unsigned_token, '.')[1] = '\0';
      assert_invalid_at (TRUE, unsigned_token, NOW, "algorithm");
    }
  assert_invalid_at (TRUE, sha384, NOW, "algorithm");
  assert_invalid_at (TRUE, sha512, NOW, "algorithm");
  assert_invalid_at (TRUE, other_digest, NOW, "signature");
}

static void
test_headers (void)
{
  const struct
  {
    const char *header;
    const char *why;
  } cases[] = {
    { "{}", "algorithm" },
    { "{\"typ\":\"JWT\"}", "algorithm" },
    { "{\"alg\":\"HS256\",\"typ\":\"JWS\"}", "type" },
    { "{\"alg\":\"HS256\",\"typ\":5}", "type" },
    { "{\"alg\":\"HS256\",\"typ\":null}", "type" },
    { "{\"alg\":\"HS256\",\"crit\":[\"exp\"]}", "critical" },
    { "{\"alg\":\"HS256\",\"crit\":[]}", "critical" },
    { "{\"alg\":\"none\",\"alg\":\"HS256\"}", "header" },
    { "[]", "header" },
    { "\"HS256\"", "header" },
    { "{\"alg\":\"HS256\"", "header" },
    { "\xff", "header" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *token = sign (cases[i].header, CLAIMS);

      assert_invalid_at (TRUE, token, NOW, cases[i].why);
    }
}

static void
test_claims (void)
{
  g_autofree char *deep = g_strnfill (33, '[');
  g_autofree char *as_deep = g_strnfill (31, '[');
  g_autofree char *end = g_strnfill (31, ']');
  g_autofree char *too_deep
      = g_strdup_printf ("{\"sub\":\"42\",\"exp\":2000,\"x\":%s%s]]}", deep, end);
  g_autofree char *not_too_deep
      = g_strdup_printf ("{\"sub\":\"42\",\"exp\":2000,\"x\":%s%s}", as_deep, end);
  g_autofree char *in_text
      = g_strdup_printf ("{\"sub\":\"42\",\"exp\":2000,\"x\":\"%s%s\\\"{{\"}", deep, deep);
  const char *const wrong[]
      = { "null", "[]", "42", "{", "{\"sub\":\"42\"", "\xff", "{\"sub\":\"\xff\",\"exp\":2000}" };

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autofree char *token = sign (HEADER, wrong[i]);

      assert_invalid_at (FALSE, token, NOW, "");
    }
  assert_no_claims ("", "claims");
  assert_no_claims (too_deep, "levels");
  assert_claims (not_too_deep, "42", 2000 * SECOND);
  assert_claims (in_text, "42", 2000 * SECOND);
}

static void
test_form (void)
{
  g_autofree char *good = sign (HEADER, CLAIMS);
  g_auto (GStrv) parts = g_strsplit (good, ".", 3);
  g_autofree char *long_claims = g_strnfill (7000, ' ');
  g_autofree char *with_spaces = g_strconcat (CLAIMS, long_claims, NULL);
  g_autofree char *too_long = sign (HEADER, with_spaces);
  const struct
  {
    char *token;
    const char *why;
  } cases[] = {
    { g_strdup (""), "three parts" },
    { g_strdup ("x"), "three parts" },
    { g_strdup ("a.b"), "three parts" },
    { g_strdup (".."), "header" },
    { g_strdup ("a.b.c"), "header" },
    { g_strconcat (good, ".", parts[2], NULL), "three parts" },
    { g_strconcat (parts[0], ".", parts[1], NULL), "three parts" },
    { g_strconcat (parts[0], ".", parts[1], ".", NULL), "signature" },
    { g_strconcat (parts[0], "..", parts[2], NULL), "claims" },
    { g_strconcat (".", parts[1], ".", parts[2], NULL), "header" },
    { g_strconcat (parts[0], "=.", parts[1], ".", parts[2], NULL), "header" },
    { g_strconcat (parts[0], ".", parts[1], "=.", parts[2], NULL), "claims" },
    { g_strconcat (parts[0], ".", parts[1], ".", parts[2], "=", NULL), "signature" },
    { g_strconcat (" ", good, NULL), "header" },
    { g_strconcat (good, "\n", NULL), "signature" },
    { g_strconcat (parts[0], ".", parts[1], ".", parts[2], "A", NULL), "signature" },
    { g_strndup (good, strlen (good) - 1), "signature" },
    { g_strndup (good, strlen (good) - 3), "signature" },
    { g_strconcat (good, "AAAA", NULL), "signature" },
    { g_strdup_printf ("%s.%s.%.4s", parts[0], parts[1], parts[2]), "signature" },
    { g_strdup (too_long), "longer" },
  };

  g_assert_cmpuint (strlen (too_long), >, SSE_TOKEN_MAX_LENGTH);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      assert_invalid_at (TRUE, cases[i].token, NOW, cases[i].why);
      g_free (cases[i].token);
    }
}

/* Whatever one byte becomes, it is not the token any more. */
static void
test_changed (void)
{
  g_autofree char *good = sign (HEADER, CLAIMS);

  for (gsize i = 0; good[i] != '\0'; i++)
    {
      g_autofree char *changed = g_strdup (good);

      changed[i] = changed[i] == 'A' ? 'B' : 'A';
      assert_invalid_at (FALSE, changed, NOW, "");
    }
}

static void
test_secrets (void)
{
  const char *const others[] = { "", "x", SECRET "\n", "0123456789abcdef0123456789abcdeF" };

  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    {
      g_autofree char *token = signing_hmac (G_CHECKSUM_SHA256, others[i], HEADER, CLAIMS);

      assert_invalid_at (TRUE, token, NOW, "signature");
    }
}

static void
test_sign (void)
{
  g_autoptr (SseToken) self = new_token (TRUE);
  g_autoptr (GError) error = NULL;
  SseClaims claims = { .subject = (char *) "ä \"42\"", .issued = 1000, .expires = 2000 * SECOND };
  g_autofree char *token = sse_token_sign (self, &claims, &error);
  g_autofree char *expected = NULL;
  g_autofree char *too_long = g_strnfill (1025, 'x');
  g_autofree char *escaped = g_strnfill (1024, '\x01'); /* six bytes each in JSON */
  const char *const wrong[] = { "", "\xff", too_long, escaped };

  g_assert_no_error (error);
  assert_valid_at (TRUE, token, NOW, "ä \"42\"", 2000 * SECOND);
  expected = sign ("{\"alg\":\"HS256\",\"typ\":\"JWT\"}",
                   "{\"sub\":\"ä \\\"42\\\"\",\"iat\":1000,\"exp\":2000}");
  g_assert_cmpstr (token, ==, expected);

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autoptr (GError) local = NULL;

      claims.subject = (char *) wrong[i];
      g_assert_null (sse_token_sign (self, &claims, &local));
      g_assert_error (local, SSE_TOKEN_ERROR, SSE_TOKEN_ERROR_INVALID);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/token/token/valid", test_valid);
  g_test_add_func ("/token/token/subjects", test_subjects);
  g_test_add_func ("/token/token/expiry", test_expiry);
  g_test_add_func ("/token/token/not-before", test_not_before);
  g_test_add_func ("/token/token/algorithms", test_algorithms);
  g_test_add_func ("/token/token/headers", test_headers);
  g_test_add_func ("/token/token/claims", test_claims);
  g_test_add_func ("/token/token/form", test_form);
  g_test_add_func ("/token/token/changed", test_changed);
  g_test_add_func ("/token/token/secrets", test_secrets);
  g_test_add_func ("/token/token/sign", test_sign);
  return g_test_run ();
}
