/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-token-key.h"

#include <string.h>

#include <glib/gi18n-lib.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/pem.h>

#include "sse-base64url.h"
#include "sse-json.h"

typedef enum
{
  KIND_SECRET,
  KIND_RSA,
  KIND_EC,
} Kind;

typedef struct
{
  const char *name;
  const char *hash;
  Kind kind;
  const char *curve; /* as OpenSSL names it; of a KIND_EC */
  const char *usual; /* as people do */
} Algorithm;

/* RFC 7518, section 3.1. `none` is not among them. */
static const Algorithm algorithms[] = {
  { "HS256", "SHA256", KIND_SECRET, NULL, NULL },
  { "HS384", "SHA384", KIND_SECRET, NULL, NULL },
  { "HS512", "SHA512", KIND_SECRET, NULL, NULL },
  { "RS256", "SHA256", KIND_RSA, NULL, NULL },
  { "RS384", "SHA384", KIND_RSA, NULL, NULL },
  { "RS512", "SHA512", KIND_RSA, NULL, NULL },
  { "ES256", "SHA256", KIND_EC, "prime256v1", "P-256" },
  { "ES384", "SHA384", KIND_EC, "secp384r1", "P-384" },
  { "ES512", "SHA512", KIND_EC, "secp521r1", "P-521" },
};

#define MAX_HASH_BYTES 64

#define PEM_BEGIN "-----BEGIN "

struct _SseTokenKey
{
  gatomicrefcount ref_count;
  const Algorithm *algorithm;
  EVP_MAC_CTX *mac; /* of a secret, ready to be copied */
  EVP_PKEY *public; /* of the other kinds, with what follows */
  EVP_MD *hash;
};

G_DEFINE_QUARK (sse_token_error_quark, sse_token_error)

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BIO, BIO_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ECDSA_SIG, ECDSA_SIG_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EVP_MAC, EVP_MAC_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EVP_MAC_CTX, EVP_MAC_CTX_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EVP_MD_CTX, EVP_MD_CTX_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EVP_PKEY, EVP_PKEY_free)

static const Algorithm *
find_algorithm (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (algorithms); i++)
    if (strcmp (algorithms[i].name, name) == 0)
      return &algorithms[i];
  return NULL;
}

/**
 * sse_token_algorithm_is_known:
 * @algorithm: "HS256", say
 *
 * Returns: whether there can be a key for it
 */
gboolean
sse_token_algorithm_is_known (const char *algorithm)
{
  return find_algorithm (algorithm) != NULL;
}

/**
 * sse_token_algorithm_has_secret:
 * @algorithm: one that is known
 *
 * Returns: whether its keys are secrets; else they are public keys
 */
gboolean
sse_token_algorithm_has_secret (const char *algorithm)
{
  return find_algorithm (algorithm)->kind == KIND_SECRET;
}

/* ---- is it a key for that ---- */

/* Always FALSE. */
static gboolean G_GNUC_PRINTF (2, 3) fail (GError **error, const char *format, ...)
{
  g_autofree char *message = NULL;
  va_list args;

  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error_literal (error, SSE_TOKEN_ERROR, SSE_TOKEN_ERROR_KEY, message);
  return FALSE;
}

static gboolean
check_rsa (const Algorithm *algorithm, EVP_PKEY *key, GError **error)
{
  if (EVP_PKEY_get_base_id (key) != EVP_PKEY_RSA)
    return fail (error, _ ("%s wants an RSA key, and this is another"), algorithm->name);
  if (EVP_PKEY_get_bits (key) < SSE_TOKEN_MIN_RSA_BITS)
    return fail (error, _ ("the RSA key has %d bits; it must have %d or more"),
                 EVP_PKEY_get_bits (key), SSE_TOKEN_MIN_RSA_BITS);
  return TRUE;
}

static gboolean
check_ec (const Algorithm *algorithm, EVP_PKEY *key, GError **error)
{
  char curve[64] = "";

  if (EVP_PKEY_get_base_id (key) == EVP_PKEY_EC)
    EVP_PKEY_get_group_name (key, curve, sizeof curve, NULL);
  return strcmp (curve, algorithm->curve) == 0
         || fail (error, _ ("%s wants an elliptic curve's key on %s, and this is another"),
                  algorithm->name, algorithm->usual);
}

/* The public key in @content, where it is one for @algorithm; NULL with an error. */
static EVP_PKEY *
read_public_key (const Algorithm *algorithm, GBytes *content, GError **error)
{
  gsize length;
  const char *pem = g_bytes_get_data (content, &length);
  g_autoptr (BIO) file = BIO_new_mem_buf (length > 0 ? pem : "", (int) length);
  g_autoptr (EVP_PKEY) key = NULL;

  if (length > 0 && g_strstr_len (pem, (gssize) length, "PRIVATE KEY-----") != NULL)
    fail (error, _ ("it is a private key, which rivuletd has no use for; give its public part: "
                    "openssl pkey -pubout"));
  else if ((key = PEM_read_bio_PUBKEY (file, NULL, NULL, NULL)) == NULL)
    fail (error, _ ("it is no public key in PEM, which begins with -----BEGIN PUBLIC KEY-----"));
  else if (algorithm->kind == KIND_RSA ? check_rsa (algorithm, key, error)
                                       : check_ec (algorithm, key, error))
    return g_steal_pointer (&key);
  return NULL;
}

/* An HMAC with the secret in @content; NULL with an error. Everybody knows a public key: taken for
 * a secret, it would let anybody make tokens. */
static EVP_MAC_CTX *
read_secret (const Algorithm *algorithm, GBytes *content, GError **error)
{
  g_autoptr (EVP_MAC) hmac = EVP_MAC_fetch (NULL, "HMAC", NULL);
  g_autoptr (EVP_MAC_CTX) mac = EVP_MAC_CTX_new (hmac);
  const OSSL_PARAM params[]
      = { OSSL_PARAM_construct_utf8_string (OSSL_MAC_PARAM_DIGEST, (char *) algorithm->hash, 0),
          OSSL_PARAM_construct_end () };
  gsize length;
  const guint8 *secret = g_bytes_get_data (content, &length);

  if (length >= strlen (PEM_BEGIN) && memcmp (secret, PEM_BEGIN, strlen (PEM_BEGIN)) == 0)
    fail (error,
          _ ("it is a key in PEM, and no secret; %s is signed with a secret, a public key "
             "is for RS256 or ES256, say"),
          algorithm->name);
  else if (length < SSE_TOKEN_MIN_SECRET_BYTES)
    fail (error, _ ("the secret for tokens has %d bytes; it must have %d or more"), (int) length,
          SSE_TOKEN_MIN_SECRET_BYTES);
  else if (EVP_MAC_init (mac, secret, length, params) != 1)
    fail (error, _ ("the cryptographic library has no %s"), algorithm->name);
  else
    return g_steal_pointer (&mac);
  return NULL;
}

/**
 * sse_token_key_new:
 * @algorithm: one that is known; no token of another is taken with this key
 * @content: a secret of at least %SSE_TOKEN_MIN_SECRET_BYTES (RFC 7518, section 3.2), or a public
 *   key in PEM: of RSA with %SSE_TOKEN_MIN_RSA_BITS (section 3.3), or on the algorithm's curve
 * @error: %SSE_TOKEN_ERROR_KEY where it is none of these
 */
SseTokenKey *
sse_token_key_new (const char *algorithm, GBytes *content, GError **error)
{
  g_autoptr (SseTokenKey) self = g_new0 (SseTokenKey, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->algorithm = find_algorithm (algorithm);
  g_return_val_if_fail (self->algorithm != NULL, NULL);

  if (self->algorithm->kind == KIND_SECRET)
    self->mac = read_secret (self->algorithm, content, error);
  else
    {
      self->hash = EVP_MD_fetch (NULL, self->algorithm->hash, NULL);
      self->public = read_public_key (self->algorithm, content, error);
    }
  return self->mac != NULL || self->public != NULL ? g_steal_pointer (&self) : NULL;
}

SseTokenKey *
sse_token_key_ref (SseTokenKey *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
sse_token_key_unref (SseTokenKey *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  EVP_MAC_CTX_free (self->mac);
  EVP_PKEY_free (self->public);
  EVP_MD_free (self->hash);
  g_free (self);
}

/* ---- using it ---- */

const char *
sse_token_key_get_algorithm (const SseTokenKey *self)
{
  return self->algorithm->name;
}

/* Whether it is a secret, so that tokens can be signed with it. */
gboolean
sse_token_key_is_secret (const SseTokenKey *self)
{
  return self->mac != NULL;
}

/* 0 on failure. */
static gsize
compute_mac (const SseTokenKey *self, const char *input, gsize size, guint8 mac[MAX_HASH_BYTES])
{
  g_autoptr (EVP_MAC_CTX) copy = EVP_MAC_CTX_dup (self->mac);
  gsize length = 0;

  if (copy == NULL || EVP_MAC_update (copy, (const guint8 *) input, size) != 1
      || EVP_MAC_final (copy, mac, &length, MAX_HASH_BYTES) != 1)
    return 0;
  return length;
}

static gboolean
verify_mac (
    const SseTokenKey *self, const char *input, gsize size, const guint8 *signature, gsize length)
{
  guint8 mac[MAX_HASH_BYTES];

  return length > 0 && compute_mac (self, input, size, mac) == length
         && CRYPTO_memcmp (mac, signature, length) == 0;
}

/* In JWS, ECDSA's two numbers stand one behind the other, as long as the curve's (RFC 7518, section
 * 3.4); OpenSSL wants them in DER. NULL where there are not as many bytes. */
static guint8 *
make_der (const SseTokenKey *self, const guint8 *signature, gsize length, gsize *der_length)
{
  int size = (EVP_PKEY_get_bits (self->public) + 7) / 8;
  g_autoptr (ECDSA_SIG) numbers = ECDSA_SIG_new ();
  unsigned char *der = NULL;
  guint8 *copy;
  int n;

  if (length != 2 * (gsize) size
      || ECDSA_SIG_set0 (numbers, BN_bin2bn (signature, size, NULL),
                         BN_bin2bn (signature + size, size, NULL))
             != 1)
    return NULL;
  n = i2d_ECDSA_SIG (numbers, &der);
  if (n <= 0)
    return NULL;
  *der_length = (gsize) n;
  copy = g_memdup2 (der, *der_length);
  OPENSSL_free (der);
  return copy;
}

static gboolean
verify_public (
    const SseTokenKey *self, const char *input, gsize size, const guint8 *signature, gsize length)
{
  g_autoptr (EVP_MD_CTX) context = EVP_MD_CTX_new ();
  g_autofree guint8 *der = NULL;

  if (self->algorithm->kind == KIND_EC)
    {
      der = make_der (self, signature, length, &length);
      if (der == NULL)
        return FALSE;
    }
  return EVP_DigestVerifyInit (context, NULL, self->hash, NULL, self->public) == 1
         && EVP_DigestVerify (context, der != NULL ? der : signature, length,
                              (const guint8 *) input, size)
                == 1;
}

/**
 * sse_token_key_verify:
 * @token: three parts with dots between, of which the first names this key's algorithm
 *
 * Checks the signature (RFC 7515, section 5.2), and nothing else.
 *
 * Returns: whether this key signed it
 */
gboolean
sse_token_key_verify (const SseTokenKey *self, const char *token)
{
  const char *dot = strrchr (token, '.');
  gsize size = (gsize) (dot - token);
  gsize length;
  g_autofree guint8 *signature
      = (guint8 *) sse_base64url_decode (dot + 1, strlen (dot + 1), &length);

  if (signature == NULL)
    return FALSE;
  return self->mac != NULL ? verify_mac (self, token, size, signature, length)
                           : verify_public (self, token, size, signature, length);
}

static char *
encode_header (const SseTokenKey *self, const char *id)
{
  g_autoptr (GString) header = g_string_new (NULL);

  g_string_append_printf (header, "{\"alg\":\"%s\",\"typ\":\"JWT\"", self->algorithm->name);
  if (id != NULL)
    {
      g_string_append (header, ",\"kid\":");
      sse_json_append_string (header, id);
    }
  g_string_append_c (header, '}');
  return sse_base64url_encode ((const guint8 *) header->str, header->len);
}

/**
 * sse_token_key_sign:
 * @self: a secret
 * @id: (nullable): what the token's header shall name as its key, its `kid`
 * @claims: a JSON object
 *
 * Returns: (transfer full): a token (RFC 7515, section 5.1)
 */
char *
sse_token_key_sign (const SseTokenKey *self, const char *id, const char *claims)
{
  g_autofree char *header = encode_header (self, id);
  g_autofree char *payload = sse_base64url_encode ((const guint8 *) claims, strlen (claims));
  g_autofree char *input = g_strconcat (header, ".", payload, NULL);
  g_autofree char *signature = NULL;
  guint8 mac[MAX_HASH_BYTES];
  gsize length;

  g_return_val_if_fail (self->mac != NULL, NULL);

  length = compute_mac (self, input, strlen (input), mac);
  g_return_val_if_fail (length > 0, NULL);
  signature = sse_base64url_encode (mac, length);
  return g_strconcat (input, ".", signature, NULL);
}
