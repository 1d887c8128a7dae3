/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-token-key.h"

#include <string.h>

#include <openssl/ec.h>
#include <openssl/rsa.h>

#include "signing.h"
#include "sse-token.h"

#define CLAIMS "{\"sub\":\"42\",\"exp\":2000}"
#define NOW    (1000 * G_USEC_PER_SEC)

static const struct
{
  const char *algorithm;
  const char *curve; /* NULL: RSA */
} kinds[] = {
  { "RS256", NULL },    { "RS384", NULL },    { "RS512", NULL },
  { "ES256", "P-256" }, { "ES384", "P-384" }, { "ES512", "P-521" },
};

/* RSA keys take long to make: one is enough. */
static EVP_PKEY *
make_key (const char *curve)
{
  static EVP_PKEY *rsa;

  if (curve != NULL)
    return EVP_EC_gen (curve);
  if (rsa == NULL)
    rsa = EVP_RSA_gen (2048);
  EVP_PKEY_up_ref (rsa);
  return rsa;
}

static SseTokenKey *
make_public (const char *algorithm, EVP_PKEY *key)
{
  g_autoptr (GBytes) pem = signing_get_public (key);
  g_autoptr (GError) error = NULL;
  SseTokenKey *self = sse_token_key_new (algorithm, pem, &error);

  g_assert_no_error (error);
  return self;
}

static char *
make_token (EVP_PKEY *key, const char *algorithm, const char *named)
{
  g_autofree char *header = g_strdup_printf ("{\"alg\":\"%s\"}", named);

  return signing_make (key, algorithm, header, CLAIMS);
}

static void
test_signatures (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_autoptr (EVP_PKEY) key = make_key (kinds[i].curve);
      g_autoptr (EVP_PKEY) other
          = kinds[i].curve != NULL ? EVP_EC_gen (kinds[i].curve) : EVP_RSA_gen (2048);
      g_autoptr (SseTokenKey) self = make_public (kinds[i].algorithm, key);
      g_autofree char *good = make_token (key, kinds[i].algorithm, kinds[i].algorithm);
      g_autofree char *forged = make_token (other, kinds[i].algorithm, kinds[i].algorithm);
      g_autofree char *cut = g_strndup (good, strlen (good) - 2);
      g_autofree char *longer = g_strconcat (good, "AAAA", NULL);
      g_autofree char *without = g_strndup (good, (gsize) (strrchr (good, '.') - good + 1));

      g_test_message ("%s", kinds[i].algorithm);
      g_assert_false (sse_token_key_is_secret (self));
      g_assert_true (sse_token_key_verify (self, good));
      g_assert_false (sse_token_key_verify (self, forged));
      g_assert_false (sse_token_key_verify (self, cut));
      g_assert_false (sse_token_key_verify (self, longer));
      g_assert_false (sse_token_key_verify (self, without));
      for (char *c = strrchr (good, '.') + 1; c[1] != '\0'; c++)
        {
          char before = *c;

          *c = before == 'A' ? 'B' : 'A';
          g_assert_false (sse_token_key_verify (self, good));
          *c = before;
        }
    }
}

/* Of the same key, the other algorithms' tokens are not taken, whatever they call themselves. */
static void
test_one_algorithm (void)
{
  g_autoptr (EVP_PKEY) rsa = make_key (NULL);
  SseClaimsRules rules = { .require_expiry = TRUE };
  g_autoptr (SseToken) token = sse_token_new (&rules);
  g_autofree char *good = make_token (rsa, "RS256", "RS256");
  g_autofree char *other = make_token (rsa, "RS512", "RS512");
  g_autofree char *liar = make_token (rsa, "RS512", "RS256");
  const char *const wrong[] = { other, liar };
  g_auto (SseClaims) claims = { 0 };

  sse_token_set_default (token, make_public ("RS256", rsa));
  g_assert_true (sse_token_check (token, good, NOW, &claims, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_auto (SseClaims) none = { 0 };

      g_assert_false (sse_token_check (token, wrong[i], NOW, &none, NULL));
    }
}

/* The public key is no secret: an HMAC with it as such is not taken (RFC 8725, section 2.1). */
static void
test_public_key_as_secret (void)
{
  g_autoptr (EVP_PKEY) rsa = make_key (NULL);
  g_autoptr (GBytes) content = signing_get_public (rsa);
  g_autofree char *pem = g_strndup (g_bytes_get_data (content, NULL), g_bytes_get_size (content));
  g_autofree char *honest = signing_hmac (G_CHECKSUM_SHA256, pem, "{\"alg\":\"HS256\"}", CLAIMS);
  g_autofree char *lying = signing_hmac (G_CHECKSUM_SHA256, pem, "{\"alg\":\"RS256\"}", CLAIMS);
  SseClaimsRules rules = { .require_expiry = TRUE };
  g_autoptr (SseToken) token = sse_token_new (&rules);

  sse_token_set_default (token, make_public ("RS256", rsa));
  signing_assert_refused (token, honest, NOW, "algorithm");
  signing_assert_refused (token, lying, NOW, "signature");
}

/* A signature that was found right is remembered with the whole token, and until it expires. */
static void
test_remembered (void)
{
  g_autoptr (EVP_PKEY) key = make_key ("P-256");
  SseClaimsRules rules = { .require_expiry = TRUE };
  g_autoptr (SseToken) token = sse_token_new (&rules);
  g_autofree char *good = make_token (key, "ES256", "ES256");
  g_autofree char *changed = g_strdup (good);
  char *last = changed + strlen (changed) - 2;

  sse_token_set_default (token, make_public ("ES256", key));
  *last = *last == 'A' ? 'B' : 'A';
  for (guint i = 0; i < 3; i++)
    {
      g_auto (SseClaims) claims = { 0 };
      g_auto (SseClaims) none = { 0 };

      g_assert_true (sse_token_check (token, good, NOW, &claims, NULL));
      g_assert_cmpstr (claims.subject, ==, "42");
      g_assert_false (sse_token_check (token, changed, NOW, &none, NULL));
      g_assert_false (sse_token_check (token, good, 2000 * G_USEC_PER_SEC, &none, NULL));
    }
}

static void
assert_no_key (const char *algorithm, GBytes *content, const char *why)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (sse_token_key_new (algorithm, content, &error));
  g_assert_error (error, SSE_TOKEN_ERROR, SSE_TOKEN_ERROR_KEY);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, why));
}

static void
test_no_keys (void)
{
  static const char garbled[] = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n";
  g_autoptr (EVP_PKEY) rsa = make_key (NULL);
  g_autoptr (EVP_PKEY) small = EVP_RSA_gen (1024);
  g_autoptr (EVP_PKEY) p256 = make_key ("P-256");
  g_autoptr (EVP_PKEY) koblitz = EVP_EC_gen ("secp256k1");
  g_autoptr (EVP_PKEY) edwards = EVP_PKEY_Q_keygen (NULL, NULL, "ED25519");
  g_autoptr (GBytes) of_rsa = signing_get_public (rsa);
  g_autoptr (GBytes) of_small = signing_get_public (small);
  g_autoptr (GBytes) of_p256 = signing_get_public (p256);
  g_autoptr (GBytes) of_koblitz = signing_get_public (koblitz);
  g_autoptr (GBytes) of_edwards = signing_get_public (edwards);
  g_autoptr (GBytes) private = signing_get_private (rsa);
  g_autoptr (GBytes) garbage = g_bytes_new_static (garbled, strlen (garbled));
  g_autoptr (GBytes) empty = g_bytes_new (NULL, 0);
  g_autoptr (GBytes) too_short = g_bytes_new_static ("0123456789abcdef0123456789abcde", 31);

  assert_no_key ("RS256", of_p256, "wants an RSA key");
  assert_no_key ("RS256", of_edwards, "wants an RSA key");
  assert_no_key ("RS256", of_small, "1024 bits");
  assert_no_key ("ES256", of_rsa, "P-256");
  assert_no_key ("ES256", of_koblitz, "P-256");
  assert_no_key ("ES384", of_p256, "P-384");
  assert_no_key ("ES512", of_p256, "P-521");
  assert_no_key ("RS256", private, "private");
  assert_no_key ("RS256", garbage, "PEM");
  assert_no_key ("RS256", empty, "PEM");
  assert_no_key ("HS256", of_rsa, "no secret");
  assert_no_key ("HS512", private, "no secret");
  assert_no_key ("HS256", empty, "32 or more");
  assert_no_key ("HS512", too_short, "32 or more");
}

static void
test_algorithms (void)
{
  const char *const unknown[]
      = { "none", "None", "", "HS255", "hs256", "PS256", "EdDSA", "HS256 " };

  for (guint i = 0; i < G_N_ELEMENTS (unknown); i++)
    g_assert_false (sse_token_algorithm_is_known (unknown[i]));
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_assert_true (sse_token_algorithm_is_known (kinds[i].algorithm));
      g_assert_false (sse_token_algorithm_has_secret (kinds[i].algorithm));
    }
  g_assert_true (sse_token_algorithm_has_secret ("HS384"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/token/token-key/signatures", test_signatures);
  g_test_add_func ("/token/token-key/one-algorithm", test_one_algorithm);
  g_test_add_func ("/token/token-key/public-key-as-secret", test_public_key_as_secret);
  g_test_add_func ("/token/token-key/remembered", test_remembered);
  g_test_add_func ("/token/token-key/no-keys", test_no_keys);
  g_test_add_func ("/token/token-key/algorithms", test_algorithms);
  return g_test_run ();
}
