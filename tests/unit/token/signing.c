/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "signing.h"

#include <string.h>

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/pem.h>

/* base64url without padding (RFC 7515, section 2). */
char *
signing_encode (gconstpointer data, gsize length)
{
  char *text = g_base64_encode (data, length);

  text[strcspn (text, "=")] = '\0';
  g_strdelimit (text, "+", '-');
  return g_strdelimit (text, "/", '_');
}

static GBytes *
take_bytes (BIO *file)
{
  char *data;
  long length = BIO_get_mem_data (file, &data);
  GBytes *bytes = g_bytes_new (data, (gsize) length);

  BIO_free (file);
  return bytes;
}

/* Its public part, in PEM. */
GBytes *
signing_get_public (EVP_PKEY *key)
{
  BIO *file = BIO_new (BIO_s_mem ());

  g_assert_cmpint (PEM_write_bio_PUBKEY (file, key), ==, 1);
  return take_bytes (file);
}

GBytes *
signing_get_private (EVP_PKEY *key)
{
  BIO *file = BIO_new (BIO_s_mem ());

  g_assert_cmpint (PEM_write_bio_PrivateKey (file, key, NULL, NULL, 0, NULL, NULL), ==, 1);
  return take_bytes (file);
}

/* ECDSA as JWS has it: two numbers of the same length (RFC 7518, section 3.4). */
static char *
encode_ecdsa (EVP_PKEY *key, const guchar *der, gsize length)
{
  int size = (EVP_PKEY_get_bits (key) + 7) / 8;
  ECDSA_SIG *signature = d2i_ECDSA_SIG (NULL, &der, (long) length);
  g_autofree guchar *raw = g_malloc ((gsize) size * 2);

  g_assert_cmpint (BN_bn2binpad (ECDSA_SIG_get0_r (signature), raw, size), ==, size);
  g_assert_cmpint (BN_bn2binpad (ECDSA_SIG_get0_s (signature), raw + size, size), ==, size);
  ECDSA_SIG_free (signature);
  return signing_encode (raw, (gsize) size * 2);
}

/* @algorithm: what is signed with, whatever @header says */
char *
signing_make (EVP_PKEY *key, const char *algorithm, const char *header, const char *claims)
{
  g_autofree char *first = signing_encode (header, strlen (header));
  g_autofree char *second = signing_encode (claims, strlen (claims));
  g_autofree char *input = g_strconcat (first, ".", second, NULL);
  g_autofree char *hash = g_strconcat ("SHA", algorithm + 2, NULL);
  g_autofree char *signature = NULL;
  EVP_MD_CTX *context = EVP_MD_CTX_new ();
  guchar bytes[1024];
  gsize length = sizeof bytes;

  g_assert_cmpint (EVP_DigestSignInit (context, NULL, EVP_get_digestbyname (hash), NULL, key), ==,
                   1);
  g_assert_cmpint (EVP_DigestSign (context, bytes, &length, (const guchar *) input, strlen (input)),
                   ==, 1);
  EVP_MD_CTX_free (context);
  signature = g_str_has_prefix (algorithm, "ES") ? encode_ecdsa (key, bytes, length)
                                                 : signing_encode (bytes, length);
  return g_strconcat (input, ".", signature, NULL);
}

/* A token as RFC 7515 has it, signed with a secret. */
char *
signing_hmac (GChecksumType type, const char *secret, const char *header, const char *claims)
{
  g_autofree char *first = signing_encode (header, strlen (header));
  g_autofree char *second = signing_encode (claims, strlen (claims));
  g_autofree char *input = g_strconcat (first, ".", second, NULL);
  g_autofree char *signature = NULL;
  g_autoptr (GHmac) hmac = g_hmac_new (type, (const guchar *) secret, strlen (secret));
  guint8 digest[64];
  gsize length = sizeof digest;

  g_hmac_update (hmac, (const guchar *) input, (gssize) strlen (input));
  g_hmac_get_digest (hmac, digest, &length);
  signature = signing_encode (digest, length);
  return g_strconcat (input, ".", signature, NULL);
}

SseTokenKey *
signing_new_secret (const char *algorithm, const char *secret)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static (secret, strlen (secret));
  g_autoptr (GError) error = NULL;
  SseTokenKey *key = sse_token_key_new (algorithm, bytes, &error);

  g_assert_no_error (error);
  return key;
}

/* @why: a word of the reason, so that it is refused for the right one */
void
signing_assert_refused (SseToken *self, const char *token, gint64 now, const char *why)
{
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) parts = g_strsplit (token, ".", -1);
  g_auto (SseClaims) claims = { 0 };

  g_assert_false (sse_token_check (self, token, now, &claims, &error));
  g_assert_error (error, SSE_TOKEN_ERROR, SSE_TOKEN_ERROR_INVALID);
  g_assert_null (claims.subject);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, why));
  for (guint i = 0; parts[i] != NULL; i++)
    g_assert_true (strlen (parts[i]) < 4 || strstr (error->message, parts[i]) == NULL);
}
