/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-token.h"

#include "signing.h"

/* Several keys, each with its algorithm, one of our own, and what clocks may be apart. */

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

#define OTHER_SECRET "another secret of 32 bytes or more"
#define OWN_SECRET   "a secret that only the daemon has."

#define NAMED(id) "{\"alg\":\"HS256\",\"kid\":\"" id "\"}"

static void
test_keys (void)
{
  SseClaimsRules rules = { .require_expiry = TRUE };
  g_autoptr (SseToken) self = sse_token_new (&rules);
  g_autofree char *unnamed = sign (HEADER, CLAIMS);
  g_autofree char *unknown = sign (NAMED ("c"), CLAIMS);
  g_autofree char *first = sign (NAMED ("a"), CLAIMS);
  g_autofree char *second = signing_hmac (G_CHECKSUM_SHA256, OTHER_SECRET, NAMED ("b"), CLAIMS);
  g_autofree char *swapped = signing_hmac (G_CHECKSUM_SHA256, OTHER_SECRET, NAMED ("a"), CLAIMS);
  g_autofree char *no_text = sign ("{\"alg\":\"HS256\",\"kid\":5}", CLAIMS);
  g_autofree char *brought = sign (
      "{\"alg\":\"HS256\",\"jwk\":{\"kty\":\"oct\",\"k\":\"MDEy\"},\"jku\":\"http://x/\"}", CLAIMS);
  const char *const good[] = { first, second };

  sse_token_add_key (self, "a", signing_new_secret ("HS256", SECRET));
  sse_token_add_key (self, "b", signing_new_secret ("HS256", OTHER_SECRET));
  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_auto (SseClaims) claims = { 0 };
      g_autoptr (GError) error = NULL;

      g_assert_true (sse_token_check (self, good[i], NOW, &claims, &error));
      g_assert_no_error (error);
    }
  signing_assert_refused (self, swapped, NOW, "signature");
  signing_assert_refused (self, unnamed, NOW, "none of the configured keys");
  signing_assert_refused (self, unknown, NOW, "none of the configured keys");
  signing_assert_refused (self, brought, NOW, "none of the configured keys");
  signing_assert_refused (self, no_text, NOW, "kid");
}

/* Each key takes its own algorithm alone, also where a token names another key's. */
static void
test_key_has_its_algorithm (void)
{
  SseClaimsRules rules = { .require_expiry = TRUE };
  g_autoptr (SseToken) self = sse_token_new (&rules);
  g_autofree char *right
      = signing_hmac (G_CHECKSUM_SHA512, SECRET, "{\"alg\":\"HS512\",\"kid\":\"a\"}", CLAIMS);
  g_autofree char *wrong = sign (NAMED ("a"), CLAIMS);
  g_auto (SseClaims) claims = { 0 };

  sse_token_add_key (self, "a", signing_new_secret ("HS512", SECRET));
  sse_token_add_key (self, "b", signing_new_secret ("HS256", SECRET));
  g_assert_true (sse_token_check (self, right, NOW, &claims, NULL));
  signing_assert_refused (self, wrong, NOW, "HS512");
}

static SseToken *
new_with_own (void)
{
  SseClaimsRules rules
      = { .require_expiry = TRUE, .issuer = g_strdup ("i"), .audience = g_strdup ("a") };
  SseToken *self = sse_token_new (&rules);

  sse_token_set_default (self, signing_new_secret ("HS256", SECRET));
  sse_token_set_own (self, "own", signing_new_secret ("HS256", OWN_SECRET));
  return self;
}

/* What is issued here needs neither issuer nor audience, and is signed with the key of our own. */
static void
test_own (void)
{
  g_autoptr (SseToken) self = new_with_own ();
  char *streams[] = { (char *) "quota", (char *) "a \"b\"", NULL };
  const SseClaims said
      = { .subject = (char *) "42", .issued = 1001, .expires = 2000 * SECOND, .streams = streams };
  g_autofree char *token = sse_token_sign (self, &said, NULL);
  g_autofree char *expected = signing_hmac (
      G_CHECKSUM_SHA256, OWN_SECRET, "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"own\"}",
      "{\"sub\":\"42\",\"iat\":1001,\"exp\":2000,\"streams\":[\"quota\",\"a \\\"b\\\"\"]}");
  g_autofree char *forged = sign (NAMED ("own"), CLAIMS);
  g_autofree char *users
      = sign (HEADER, "{\"sub\":\"43\",\"exp\":2000,\"iss\":\"i\",\"aud\":\"a\"}");
  g_auto (SseClaims) found = { 0 };
  g_auto (SseClaims) of_user = { 0 };

  g_assert_cmpstr (token, ==, expected);
  g_assert_true (sse_token_check (self, token, NOW, &found, NULL));
  g_assert_cmpint (found.issued, ==, 1001);
  g_assert_true (sse_claims_allow_stream (&found, "quota"));
  g_assert_true (sse_claims_allow_stream (&found, "a \"b\""));
  g_assert_false (sse_claims_allow_stream (&found, "posts-stats"));
  signing_assert_refused (self, forged, NOW, "signature");
  g_assert_true (sse_token_check (self, users, NOW, &of_user, NULL));
}

/* It names issuer and audience, so that its own rules let it in. */
static void
test_sign_with_rules (void)
{
  SseClaimsRules rules
      = { .require_expiry = TRUE, .issuer = g_strdup ("i"), .audience = g_strdup ("a") };
  g_autoptr (SseToken) self = sse_token_new (&rules);
  const SseClaims said = { .subject = (char *) "42", .issued = 1000, .expires = 2000 * SECOND };
  g_autofree char *token = NULL;
  g_auto (SseClaims) found = { 0 };

  sse_token_set_default (self, signing_new_secret ("HS384", SECRET));
  token = sse_token_sign (self, &said, NULL);
  g_assert_true (sse_token_check (self, token, NOW, &found, NULL));
}

/* An issuer's clock may be ahead: what it issues counts as from before that. */
static void
test_leeway (void)
{
  SseClaimsRules rules = { .require_expiry = TRUE, .leeway = 60 * SECOND };
  g_autoptr (SseToken) self = sse_token_new (&rules);
  g_autofree char *expired = sign (HEADER, "{\"sub\":\"42\",\"exp\":941,\"iat\":1060}");
  g_autofree char *too_old = sign (HEADER, "{\"sub\":\"42\",\"exp\":940}");
  g_autofree char *too_new = sign (HEADER, "{\"sub\":\"42\",\"exp\":2000,\"iat\":1061}");
  g_autofree char *not_yet = sign (HEADER, "{\"sub\":\"42\",\"exp\":2000,\"nbf\":1061}");
  g_auto (SseClaims) claims = { 0 };

  sse_token_set_default (self, signing_new_secret ("HS256", SECRET));
  g_assert_true (sse_token_check (self, expired, NOW, &claims, NULL));
  g_assert_cmpint (claims.expires, ==, 1001 * SECOND);
  g_assert_cmpint (claims.issued, ==, 1000);
  signing_assert_refused (self, too_old, NOW, "expired");
  signing_assert_refused (self, too_new, NOW, "future");
  signing_assert_refused (self, not_yet, NOW, "not valid yet");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/token/keys/keys", test_keys);
  g_test_add_func ("/token/keys/key-has-its-algorithm", test_key_has_its_algorithm);
  g_test_add_func ("/token/keys/own", test_own);
  g_test_add_func ("/token/keys/sign-with-rules", test_sign_with_rules);
  g_test_add_func ("/token/keys/leeway", test_leeway);
  return g_test_run ();
}
