/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-token.h"

#include <stdlib.h>
#include <string.h>

#include <glib/gi18n.h>
#include <jwt.h>

#include "sse-json.h"

#define ALGORITHM         "HS256"
#define MAX_SUBJECT_BYTES 1024

struct _SseToken
{
  GBytes *secret;
  gboolean require_expiry;
  char *good_header; /* the last one that was, encoded: mostly all tokens have the same */
};

G_DEFINE_QUARK (sse_token_error_quark, sse_token_error)

G_DEFINE_AUTOPTR_CLEANUP_FUNC (jwt_t, jwt_free)

/**
 * sse_token_new:
 * @secret: what tokens are signed with, at least %SSE_TOKEN_MIN_SECRET_BYTES long (RFC 7518,
 *   section 3.2)
 * @require_expiry: whether a token without `exp` is invalid
 * @error: %SSE_TOKEN_ERROR_SECRET where the secret is too short
 */
SseToken *
sse_token_new (GBytes *secret, gboolean require_expiry, GError **error)
{
  SseToken *self;

  if (g_bytes_get_size (secret) < SSE_TOKEN_MIN_SECRET_BYTES)
    {
      g_set_error (error, SSE_TOKEN_ERROR, SSE_TOKEN_ERROR_SECRET,
                   _ ("the secret for tokens has %d bytes; it must have %d or more"),
                   (int) g_bytes_get_size (secret), SSE_TOKEN_MIN_SECRET_BYTES);
      return NULL;
    }
  self = g_new0 (SseToken, 1);
  self->secret = g_bytes_ref (secret);
  self->require_expiry = require_expiry;
  return self;
}

void
sse_token_free (SseToken *self)
{
  g_bytes_unref (self->secret);
  g_free (self->good_header);
  g_free (self);
}

static const unsigned char *
get_key (SseToken *self, int *length)
{
  gsize size;
  const unsigned char *key = g_bytes_get_data (self->secret, &size);

  *length = (int) size;
  return key;
}

/* Always FALSE. */
static gboolean G_GNUC_PRINTF (2, 3) fail (GError **error, const char *format, ...)
{
  g_autofree char *message = NULL;
  va_list args;

  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error_literal (error, SSE_TOKEN_ERROR, SSE_TOKEN_ERROR_INVALID, message);
  return FALSE;
}

/* ---- before the signature is checked ---- */

/* One part as bytes, with a NUL behind them; NULL where it is not base64url (RFC 7515, section 2).
 */
static char *
decode_part (const char *part, gsize size, gsize *length)
{
  gsize n_padding = (4 - size % 4) % 4;
  g_autofree char *base64 = g_malloc (size + n_padding + 1);

  if (size == 0 || size % 4 == 1)
    return NULL;
  for (gsize i = 0; i < size; i++)
    {
      if (!g_ascii_isalnum (part[i]) && part[i] != '-' && part[i] != '_')
        return NULL;
      base64[i] = part[i] == '-' ? '+' : part[i] == '_' ? '/' : part[i];
    }
  memset (base64 + size, '=', n_padding);
  base64[size + n_padding] = '\0';
  return (char *) g_base64_decode (base64, length);
}

/* The algorithm is ours to choose, not the token's (RFC 8725, section 3.1). */
static gboolean
check_header (const char *part, gsize size, GError **error)
{
  gsize length;
  g_autofree char *text = decode_part (part, size, &length);
  g_autoptr (JsonNode) node = NULL;
  g_autoptr (GError) local = NULL;
  JsonObject *header;
  const char *value;

  if (text == NULL)
    return fail (error, "its header is not base64url");
  node = sse_json_parse (text, length, &local);
  if (node == NULL)
    return fail (error, "its header is wrong: %s", local->message);
  header = json_node_get_object (node);

  if (!sse_json_get_string (header, "", "alg", &value, NULL) || strcmp (value, ALGORITHM) != 0)
    return fail (error, "its algorithm is not " ALGORITHM);
  if (json_object_has_member (header, "typ")
      && (!sse_json_get_string (header, "", "typ", &value, NULL)
          || g_ascii_strcasecmp (value, "JWT") != 0))
    return fail (error, "its type is not JWT");
  if (json_object_has_member (header, "crit"))
    return fail (error, "it has critical extensions, of which none is known");
  return TRUE;
}

/* Whether arrays and objects in @text are nested no deeper than elsewhere in the house: the JSON
 * library behind the JWT one goes down two thousand levels. */
static gboolean
is_shallow (const char *text, gsize length)
{
  gboolean in_string = FALSE;
  int depth = 0;

  for (gsize i = 0; i < length; i++)
    {
      if (in_string && text[i] == '\\')
        i++;
      else if (text[i] == '"')
        in_string = !in_string;
      else if (!in_string && (text[i] == '{' || text[i] == '['))
        depth++;
      else if (!in_string && (text[i] == '}' || text[i] == ']'))
        depth--;
      if (depth > SSE_JSON_MAX_DEPTH)
        return FALSE;
    }
  return TRUE;
}

/* The same header again needs no second look. */
static gboolean
check_header_once (SseToken *self, const char *part, gsize size, GError **error)
{
  if (self->good_header != NULL && strncmp (part, self->good_header, size) == 0
      && self->good_header[size] == '\0')
    return TRUE;
  if (!check_header (part, size, error))
    return FALSE;
  g_free (self->good_header);
  self->good_header = g_strndup (part, size);
  return TRUE;
}

static gboolean
check_form (SseToken *self, const char *token, GError **error)
{
  g_autofree char *claims = NULL;
  const char *first_dot, *second_dot;
  gsize length;

  if (strlen (token) > SSE_TOKEN_MAX_LENGTH)
    return fail (error, "it is longer than %d bytes", SSE_TOKEN_MAX_LENGTH);
  first_dot = strchr (token, '.');
  second_dot = first_dot != NULL ? strchr (first_dot + 1, '.') : NULL;
  if (second_dot == NULL || strchr (second_dot + 1, '.') != NULL)
    return fail (error, "it does not have three parts");
  if (!check_header_once (self, token, (gsize) (first_dot - token), error))
    return FALSE;
  claims = decode_part (first_dot + 1, (gsize) (second_dot - first_dot - 1), &length);
  if (claims == NULL)
    return fail (error, "its claims are not base64url");
  if (!is_shallow (claims, length))
    return fail (error, "its claims have more than %d levels", SSE_JSON_MAX_DEPTH);
  return TRUE;
}

/* ---- claims ---- */

/* A claim's JSON, or NULL where it is absent. */
static char *
dup_claim (jwt_t *jwt, const char *name)
{
  char *json = jwt_get_grants_json (jwt, name);
  char *copy = g_strdup (json);

  free (json);
  return copy;
}

/* A claim that is a point in time, in seconds; it has to be an integer where it is there. */
static gboolean
read_time (jwt_t *jwt, const char *name, gboolean *present, gint64 *seconds, GError **error)
{
  g_autofree char *json = NULL;

  /* What is no integer is 0 here, and what is absent is −1. */
  *seconds = jwt_get_grant_int (jwt, name);
  *present = *seconds > 0;
  if (*present)
    return TRUE;
  json = dup_claim (jwt, name);
  *present = json != NULL;
  if (json == NULL || g_ascii_string_to_signed (json, 10, G_MININT64, G_MAXINT64, seconds, NULL))
    return TRUE;
  return fail (error, "its %s is not an integer", name);
}

static char *
dup_subject (jwt_t *jwt, GError **error)
{
  const char *text = jwt_get_grant (jwt, "sub");
  g_autofree char *json = text == NULL ? dup_claim (jwt, "sub") : NULL;
  gint64 number;

  if (json != NULL && g_ascii_string_to_signed (json, 10, G_MININT64, G_MAXINT64, &number, NULL))
    return g_steal_pointer (&json);
  if (text == NULL || *text == '\0')
    fail (error, "its sub is neither a text nor an integer");
  else if (strlen (text) > MAX_SUBJECT_BYTES)
    fail (error, "its sub is longer than %d bytes", MAX_SUBJECT_BYTES);
  else
    return g_strdup (text);
  return NULL;
}

/* In µs, as far as that goes. */
static gint64
to_microseconds (gint64 seconds)
{
  if (seconds > G_MAXINT64 / G_USEC_PER_SEC)
    return G_MAXINT64;
  if (seconds < G_MININT64 / G_USEC_PER_SEC)
    return G_MININT64;
  return seconds * G_USEC_PER_SEC;
}

static gboolean
check_times (SseToken *self, jwt_t *jwt, gint64 now, gint64 *expires, GError **error)
{
  gboolean present;
  gint64 seconds;

  *expires = G_MAXINT64;
  if (!read_time (jwt, "exp", &present, &seconds, error))
    return FALSE;
  if (present)
    *expires = to_microseconds (seconds);
  else if (self->require_expiry)
    return fail (error, "it has no exp, so that it would never expire");
  if (now >= *expires)
    return fail (error, "it has expired");

  if (!read_time (jwt, "nbf", &present, &seconds, error))
    return FALSE;
  if (present && now < to_microseconds (seconds))
    return fail (error, "it is not valid yet");
  return TRUE;
}

/**
 * sse_token_check:
 * @token: what a client shows
 * @now: in µs since 1970 UTC
 * @subject: (out) (transfer full): whose it is, its `sub` as text
 * @expires: (out): from when on it is invalid, in µs since 1970 UTC; %G_MAXINT64 for never
 * @error: %SSE_TOKEN_ERROR_INVALID, with why; never with anything of the token
 *
 * Checks a JSON Web Token (RFC 7519) that is signed with HS256 (RFC 7515).
 */
gboolean
sse_token_check (
    SseToken *self, const char *token, gint64 now, char **subject, gint64 *expires, GError **error)
{
  g_autoptr (jwt_t) jwt = NULL;
  int length;
  const unsigned char *key = get_key (self, &length);

  if (!check_form (self, token, error))
    return FALSE;
  if (jwt_decode (&jwt, token, key, length) != 0 || jwt_get_alg (jwt) != JWT_ALG_HS256)
    return fail (error, "its signature or its claims are wrong");
  if (!check_times (self, jwt, now, expires, error))
    return FALSE;
  *subject = dup_subject (jwt, error);
  return *subject != NULL;
}

/**
 * sse_token_sign:
 * @subject: whose it is, UTF-8
 * @issued: its `iat`, in seconds since 1970 UTC
 * @expires: its `exp`, in seconds since 1970 UTC
 * @error: %SSE_TOKEN_ERROR_INVALID where no valid token can be made of that
 *
 * Returns: (transfer full) (nullable): a token signed with the secret
 */
char *
sse_token_sign (SseToken *self, const char *subject, gint64 issued, gint64 expires, GError **error)
{
  g_autoptr (jwt_t) jwt = NULL;
  g_autofree char *copy = NULL;
  char *token = NULL;
  int length;
  const unsigned char *key = get_key (self, &length);

  if (*subject == '\0' || strlen (subject) > MAX_SUBJECT_BYTES
      || !g_utf8_validate (subject, -1, NULL))
    {
      fail (error, "a token's sub is a text of 1 to %d bytes of UTF-8", MAX_SUBJECT_BYTES);
      return NULL;
    }
  if (jwt_new (&jwt) == 0 && jwt_set_alg (jwt, JWT_ALG_HS256, key, length) == 0
      && jwt_add_grant (jwt, "sub", subject) == 0
      && jwt_add_grant_int (jwt, "iat", (long) issued) == 0
      && jwt_add_grant_int (jwt, "exp", (long) expires) == 0)
    token = jwt_encode_str (jwt);
  if (token == NULL)
    {
      fail (error, "the token cannot be signed");
      return NULL;
    }
  copy = g_strdup (token);
  free (token);
  return g_steal_pointer (&copy);
}
