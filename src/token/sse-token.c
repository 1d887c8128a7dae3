/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-token.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#include "sse-base64url.h"
#include "sse-json.h"
#include "sse-token-cache.h"

/* Tokens with a public key's signature that are not checked anew: about 10 MiB. */
#define MAX_CACHED 65536

/* By how much a token of our own may be of the future: one that is issued in the second of a
 * revocation gets the next one's iat. */
#define OWN_LEEWAY G_USEC_PER_SEC

struct _SseToken
{
  SseClaimsRules rules;
  SseTokenKey *default_key; /* nullable */
  GHashTable *keys;         /* kid → SseTokenKey */
  char *own_id;             /* nullable, with what follows */
  SseTokenKey *own_key;
  SseTokenCache *cache;

  char *good_header;     /* the last one that was, encoded: mostly all tokens have the same */
  SseTokenKey *good_key; /* (not owned): its key */
};

/* A token's parts, none of them ended by a NUL. */
typedef struct
{
  const char *header;
  gsize header_length;
  const char *claims;
  gsize claims_length;
} Parts;

/**
 * sse_token_new:
 * @rules: what is asked of claims; what it has is taken
 *
 * Returns: (transfer full): one that has no key yet, so that no token is valid
 */
SseToken *
sse_token_new (SseClaimsRules *rules)
{
  SseToken *self = g_new0 (SseToken, 1);

  self->rules = *rules;
  *rules = (SseClaimsRules){ 0 };
  self->keys = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                      (GDestroyNotify) sse_token_key_unref);
  self->cache = sse_token_cache_new (MAX_CACHED);
  return self;
}

void
sse_token_free (SseToken *self)
{
  sse_claims_rules_clear (&self->rules);
  g_clear_pointer (&self->default_key, sse_token_key_unref);
  g_clear_pointer (&self->own_key, sse_token_key_unref);
  g_hash_table_unref (self->keys);
  sse_token_cache_free (self->cache);
  g_free (self->own_id);
  g_free (self->good_header);
  g_free (self);
}

/**
 * sse_token_set_default:
 * @key: (transfer full): the key of tokens that name none of the others; once
 */
void
sse_token_set_default (SseToken *self, SseTokenKey *key)
{
  g_return_if_fail (self->default_key == NULL);

  self->default_key = key;
}

/**
 * sse_token_add_key:
 * @id: what tokens name it by, their header's `kid`
 * @key: (transfer full): the key
 */
void
sse_token_add_key (SseToken *self, const char *id, SseTokenKey *key)
{
  g_hash_table_insert (self->keys, g_strdup (id), key);
}

/**
 * sse_token_set_own:
 * @id: what tokens name it by
 * @key: (transfer full): the secret of those that are issued here; once. They need name neither
 *   issuer nor audience, as nobody else has it
 */
void
sse_token_set_own (SseToken *self, const char *id, SseTokenKey *key)
{
  g_return_if_fail (self->own_key == NULL);

  self->own_id = g_strdup (id);
  self->own_key = key;
}

/* Whether what is issued here has a key of its own. */
gboolean
sse_token_has_own (const SseToken *self)
{
  return self->own_key != NULL;
}

/* ---- form ---- */

static gboolean
find_parts (const char *token, Parts *parts, GError **error)
{
  const char *first_dot, *second_dot;

  if (strlen (token) > SSE_TOKEN_MAX_LENGTH)
    return sse_claims_fail (error, "it is longer than %d bytes", SSE_TOKEN_MAX_LENGTH);
  first_dot = strchr (token, '.');
  second_dot = first_dot != NULL ? strchr (first_dot + 1, '.') : NULL;
  if (second_dot == NULL || strchr (second_dot + 1, '.') != NULL)
    return sse_claims_fail (error, "it does not have three parts");
  *parts = (Parts){ token, (gsize) (first_dot - token), first_dot + 1,
                    (gsize) (second_dot - first_dot - 1) };
  return TRUE;
}

/* ---- the header, which chooses among our keys and nothing else ---- */

/* The key that a header names. Keys that it brings or points to (`jwk`, `jku`, `x5c`, `x5u`) are
 * never looked at (RFC 8725, section 3.10). */
static gboolean
find_key (SseToken *self, JsonObject *header, SseTokenKey **key, GError **error)
{
  const char *id = NULL;

  if (json_object_has_member (header, "kid") && !sse_json_get_string (header, "", "kid", &id, NULL))
    return sse_claims_fail (error, "its kid is not a text");
  if (id != NULL && g_strcmp0 (id, self->own_id) == 0)
    *key = self->own_key;
  else
    {
      *key = id != NULL ? g_hash_table_lookup (self->keys, id) : NULL;
      if (*key == NULL)
        *key = self->default_key;
    }
  return *key != NULL || sse_claims_fail (error, "it names none of the configured keys (kid)");
}

/* RFC 8725, section 3.11, and RFC 9068, section 2.1. */
static gboolean
is_type (const char *type)
{
  if (g_ascii_strncasecmp (type, "application/", strlen ("application/")) == 0)
    type += strlen ("application/");
  return g_ascii_strcasecmp (type, "JWT") == 0 || g_ascii_strcasecmp (type, "at+jwt") == 0;
}

/* The algorithm is the key's, and not the token's to choose (RFC 8725, section 3.1). */
static gboolean
check_header (SseToken *self, const Parts *parts, SseTokenKey **key, GError **error)
{
  gsize length;
  g_autofree char *text = sse_base64url_decode (parts->header, parts->header_length, &length);
  g_autoptr (JsonNode) node = NULL;
  g_autoptr (GError) local = NULL;
  JsonObject *header;
  const char *value;

  if (text == NULL)
    return sse_claims_fail (error, "its header is not base64url");
  node = sse_json_parse (text, length, &local);
  if (node == NULL)
    return sse_claims_fail (error, "its header is %s", local->message);
  header = json_node_get_object (node);

  if (json_object_has_member (header, "crit"))
    return sse_claims_fail (error, "it has critical extensions, of which none is known");
  if (json_object_has_member (header, "typ")
      && (!sse_json_get_string (header, "", "typ", &value, NULL) || !is_type (value)))
    return sse_claims_fail (error, "its type is not JWT");
  if (!find_key (self, header, key, error))
    return FALSE;
  return (sse_json_get_string (header, "", "alg", &value, NULL)
          && strcmp (value, sse_token_key_get_algorithm (*key)) == 0)
         || sse_claims_fail (error, "its algorithm is not %s, which its key is for",
                             sse_token_key_get_algorithm (*key));
}

/* The same header again needs no second look. */
static gboolean
check_header_once (SseToken *self, const Parts *parts, SseTokenKey **key, GError **error)
{
  if (self->good_header != NULL
      && strncmp (parts->header, self->good_header, parts->header_length) == 0
      && self->good_header[parts->header_length] == '\0')
    {
      *key = self->good_key;
      return TRUE;
    }
  if (!check_header (self, parts, key, error))
    return FALSE;
  g_free (self->good_header);
  self->good_header = g_strndup (parts->header, parts->header_length);
  self->good_key = *key;
  return TRUE;
}

/* ---- the whole ---- */

/* A public key's signature takes long to check: once for each token is enough. @digest: (out): what
 * it is remembered by */
static gboolean
check_signature (
    SseToken *self, SseTokenKey *key, const char *token, gint64 now, SseTokenDigest *digest)
{
  if (sse_token_key_is_secret (key))
    return sse_token_key_verify (key, token);
  sse_token_digest (digest, token);
  return sse_token_cache_has (self->cache, digest, now) || sse_token_key_verify (key, token);
}

static gboolean
read_claims (SseToken *self,
             SseTokenKey *key,
             const char *text,
             gsize length,
             gint64 now,
             SseClaims *claims,
             GError **error)
{
  const SseClaimsRules own_rules = { .require_expiry = TRUE, .leeway = OWN_LEEWAY };
  gboolean is_own = key == self->own_key;

  if (!sse_claims_read (claims, text, length, is_own ? &own_rules : &self->rules, now, error))
    return FALSE;
  if (!is_own && claims->issued != SSE_CLAIMS_NEVER)
    claims->issued -= self->rules.leeway / G_USEC_PER_SEC;
  return TRUE;
}

/* The claims as text that has been scanned: no parser sees any other. */
static char *
decode_claims (const Parts *parts, gsize *length, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autofree char *text = sse_base64url_decode (parts->claims, parts->claims_length, length);

  if (text == NULL)
    sse_claims_fail (error, "its claims are not base64url");
  else if (!sse_json_scan (text, *length, &local))
    sse_claims_fail (error, "its claims are %s", local->message);
  else
    return g_steal_pointer (&text);
  return NULL;
}

/**
 * sse_token_check:
 * @token: what a client shows
 * @now: in µs since 1970 UTC
 * @claims: (out caller-allocates): what it says, to be cleared where it is valid. Its @issued is
 *   the earliest second in which it can have been issued, as far as clocks may be apart
 * @error: %SSE_TOKEN_ERROR_INVALID, with why; never with anything of the token
 *
 * Checks a JSON Web Token: form, header, signature, claims.
 */
gboolean
sse_token_check (SseToken *self, const char *token, gint64 now, SseClaims *claims, GError **error)
{
  g_auto (SseClaims) found = { 0 };
  g_autofree char *text = NULL;
  SseTokenKey *key = NULL;
  SseTokenDigest digest;
  Parts parts = { 0 };
  gsize length;

  if (!find_parts (token, &parts, error) || !check_header_once (self, &parts, &key, error))
    return FALSE;
  text = decode_claims (&parts, &length, error);
  if (text == NULL)
    return FALSE;
  if (!check_signature (self, key, token, now, &digest))
    return sse_claims_fail (error, "its signature is wrong");
  if (!read_claims (self, key, text, length, now, &found, error))
    return FALSE;

  if (!sse_token_key_is_secret (key))
    sse_token_cache_add (self->cache, &digest, found.expires);
  *claims = found;
  found = (SseClaims){ 0 };
  return TRUE;
}

static gboolean
are_few (const GStrv streams)
{
  return streams == NULL || g_strv_length (streams) <= SSE_CLAIMS_MAX_STREAMS;
}

static gboolean
check_claims (const SseClaims *claims, GError **error)
{
  gsize length = strlen (claims->subject);

  if (length == 0 || length > SSE_CLAIMS_MAX_SUBJECT
      || !g_utf8_validate (claims->subject, (gssize) length, NULL))
    return sse_claims_fail (error,
                            _ ("the subject (sub) must be a user's name of 1 to %d bytes of UTF-8"),
                            SSE_CLAIMS_MAX_SUBJECT);
  return (are_few (claims->streams) && are_few (claims->publish))
         || sse_claims_fail (error, _ ("a token is for at most %d streams"),
                             SSE_CLAIMS_MAX_STREAMS);
}

/**
 * sse_token_sign:
 * @claims: what the token says; all UTF-8 but for the subject, which is checked
 * @error: %SSE_TOKEN_ERROR_KEY where there is only a public key, %SSE_TOKEN_ERROR_INVALID where no
 *   valid token can be made of @claims
 *
 * Returns: (transfer full) (nullable): a token that sse_token_check() takes: signed with the key of
 *   our own where there is one, else with the default key
 */
char *
sse_token_sign (SseToken *self, const SseClaims *claims, GError **error)
{
  SseTokenKey *key = self->own_key != NULL ? self->own_key : self->default_key;
  g_autofree char *json = NULL;
  g_autofree char *token = NULL;

  if (!check_claims (claims, error))
    return NULL;
  if (key == NULL || !sse_token_key_is_secret (key))
    {
      g_set_error_literal (error, SSE_TOKEN_ERROR, SSE_TOKEN_ERROR_KEY,
                           _ ("there is no secret to sign with: whoever has the private key of "
                              "the configured public one makes the tokens"));
      return NULL;
    }
  json = sse_claims_format (claims, key == self->own_key ? NULL : &self->rules);
  token = sse_token_key_sign (key, key == self->own_key ? self->own_id : NULL, json);
  if (strlen (token) > SSE_TOKEN_MAX_LENGTH)
    {
      sse_claims_fail (error, _ ("the token would be longer than %d bytes"), SSE_TOKEN_MAX_LENGTH);
      return NULL;
    }
  return g_steal_pointer (&token);
}
