/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-token-key.h"

#include <stdlib.h>
#include <string.h>

#include <glib/gi18n.h>
#include <jwt.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

typedef enum
{
  KIND_SECRET,
  KIND_RSA,
  KIND_EC,
} Kind;

typedef struct
{
  const char *name;
  jwt_alg_t number;
  Kind kind;
  const char *curve; /* as OpenSSL names it; of a KIND_EC */
  const char *usual; /* as people do */
} Algorithm;

/* RFC 7518, section 3.1. `none` is not among them. */
static const Algorithm algorithms[] = {
  { "HS256", JWT_ALG_HS256, KIND_SECRET, NULL, NULL },
  { "HS384", JWT_ALG_HS384, KIND_SECRET, NULL, NULL },
  { "HS512", JWT_ALG_HS512, KIND_SECRET, NULL, NULL },
  { "RS256", JWT_ALG_RS256, KIND_RSA, NULL, NULL },
  { "RS384", JWT_ALG_RS384, KIND_RSA, NULL, NULL },
  { "RS512", JWT_ALG_RS512, KIND_RSA, NULL, NULL },
  { "ES256", JWT_ALG_ES256, KIND_EC, "prime256v1", "P-256" },
  { "ES384", JWT_ALG_ES384, KIND_EC, "secp384r1", "P-384" },
  { "ES512", JWT_ALG_ES512, KIND_EC, "secp521r1", "P-521" },
};

struct _SseTokenKey
{
  gatomicrefcount ref_count;
  const Algorithm *algorithm;
  GBytes *content;
};

G_DEFINE_QUARK (sse_token_error_quark, sse_token_error)

G_DEFINE_AUTOPTR_CLEANUP_FUNC (jwt_t, jwt_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BIO, BIO_free)
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

static gboolean
check_public_key (const Algorithm *algorithm, GBytes *content, GError **error)
{
  gsize length;
  const char *pem = g_bytes_get_data (content, &length);
  g_autoptr (BIO) file = NULL;
  g_autoptr (EVP_PKEY) key = NULL;

  if (length > 0 && g_strstr_len (pem, (gssize) length, "PRIVATE KEY-----") != NULL)
    return fail (error, _ ("it is a private key, which rivuletd has no use for; give its public "
                           "part: openssl pkey -pubout"));
  file = BIO_new_mem_buf (length > 0 ? pem : "", (int) length);
  key = PEM_read_bio_PUBKEY (file, NULL, NULL, NULL);
  if (key == NULL)
    return fail (error, _ ("it is no public key in PEM, which begins with "
                           "-----BEGIN PUBLIC KEY-----"));
  return algorithm->kind == KIND_RSA ? check_rsa (algorithm, key, error)
                                     : check_ec (algorithm, key, error);
}

static gboolean
check_secret (GBytes *content, GError **error)
{
  return g_bytes_get_size (content) >= SSE_TOKEN_MIN_SECRET_BYTES
         || fail (error, _ ("the secret for tokens has %d bytes; it must have %d or more"),
                  (int) g_bytes_get_size (content), SSE_TOKEN_MIN_SECRET_BYTES);
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
  const Algorithm *found = find_algorithm (algorithm);
  SseTokenKey *self;

  g_return_val_if_fail (found != NULL, NULL);

  if (found->kind == KIND_SECRET ? !check_secret (content, error)
                                 : !check_public_key (found, content, error))
    return NULL;
  self = g_new0 (SseTokenKey, 1);
  g_atomic_ref_count_init (&self->ref_count);
  self->algorithm = found;
  self->content = g_bytes_ref (content);
  return self;
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
  g_bytes_unref (self->content);
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
  return self->algorithm->kind == KIND_SECRET;
}

static const unsigned char *
get_bytes (const SseTokenKey *self, int *length)
{
  gsize size;
  const unsigned char *bytes = g_bytes_get_data (self->content, &size);

  *length = (int) size;
  return bytes;
}

/**
 * sse_token_key_verify:
 * @token: three parts, of which the first names this key's algorithm
 *
 * Checks the signature (RFC 7515, section 5.2), and nothing else.
 *
 * Returns: whether this key signed it
 */
gboolean
sse_token_key_verify (const SseTokenKey *self, const char *token)
{
  g_autoptr (jwt_t) jwt = NULL;
  int length;
  const unsigned char *bytes = get_bytes (self, &length);

  return jwt_decode (&jwt, token, bytes, length) == 0
         && jwt_get_alg (jwt) == self->algorithm->number;
}

/**
 * sse_token_key_sign:
 * @id: (nullable): what the token's header shall name as its key, its `kid`
 * @claims: a JSON object
 * @error: %SSE_TOKEN_ERROR_INVALID where no token can be made of that
 *
 * Returns: (transfer full) (nullable): a token, signed with this secret
 */
char *
sse_token_key_sign (const SseTokenKey *self, const char *id, const char *claims, GError **error)
{
  g_autoptr (jwt_t) jwt = NULL;
  char *token = NULL;
  char *copy;
  int length;
  const unsigned char *bytes = get_bytes (self, &length);

  g_return_val_if_fail (self->algorithm->kind == KIND_SECRET, NULL);

  if (jwt_new (&jwt) == 0 && jwt_set_alg (jwt, self->algorithm->number, bytes, length) == 0
      && (id == NULL || jwt_add_header (jwt, "kid", id) == 0)
      && jwt_add_grants_json (jwt, claims) == 0)
    token = jwt_encode_str (jwt);
  if (token == NULL)
    {
      g_set_error_literal (error, SSE_TOKEN_ERROR, SSE_TOKEN_ERROR_INVALID,
                           _ ("the token cannot be signed"));
      return NULL;
    }
  copy = g_strdup (token);
  free (token);
  return copy;
}
