/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-claims.h"

#include <string.h>

#include "sse-json.h"
#include "sse-token-key.h"

/**
 * sse_claims_fail:
 * @error: (out): gets %SSE_TOKEN_ERROR_INVALID
 * @format: what is wrong with the token
 *
 * Returns: %FALSE
 */
gboolean
sse_claims_fail (GError **error, const char *format, ...)
{
  g_autofree char *message = NULL;
  va_list args;

  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error_literal (error, SSE_TOKEN_ERROR, SSE_TOKEN_ERROR_INVALID, message);
  return FALSE;
}

void
sse_claims_rules_clear (SseClaimsRules *self)
{
  g_clear_pointer (&self->issuer, g_free);
  g_clear_pointer (&self->audience, g_free);
}

void
sse_claims_clear (SseClaims *self)
{
  g_clear_pointer (&self->subject, g_free);
  g_clear_pointer (&self->streams, g_strfreev);
  g_clear_pointer (&self->publish, g_strfreev);
}

/* ---- what claims are made of ---- */

static gboolean
holds (JsonNode *node, GType type)
{
  return node != NULL && JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == type;
}

/* A text, NULL where it is none. */
static const char *
get_text (JsonNode *node)
{
  return holds (node, G_TYPE_STRING) ? json_node_get_string (node) : NULL;
}

/* A point in time, which has to be an integer where it is there; in µs since 1970 UTC, as far as
 * that goes. */
static gboolean
read_time (JsonObject *claims, const char *name, gboolean *is_there, gint64 *time, GError **error)
{
  JsonNode *node = json_object_get_member (claims, name);
  gint64 seconds;

  *is_there = node != NULL;
  if (node == NULL)
    return TRUE;
  if (!holds (node, G_TYPE_INT64))
    return sse_claims_fail (error, "its %s is not an integer", name);
  seconds = json_node_get_int (node);
  if (seconds > G_MAXINT64 / G_USEC_PER_SEC)
    *time = G_MAXINT64;
  else
    *time = MAX (seconds, G_MININT64 / G_USEC_PER_SEC) * G_USEC_PER_SEC;
  return TRUE;
}

/* ---- claim by claim (RFC 7519, section 4.1) ---- */

static gboolean
read_subject (SseClaims *self, JsonObject *claims, GError **error)
{
  JsonNode *node = json_object_get_member (claims, "sub");
  const char *text = get_text (node);

  if (holds (node, G_TYPE_INT64))
    self->subject = g_strdup_printf ("%" G_GINT64_FORMAT, json_node_get_int (node));
  else if (text == NULL || *text == '\0')
    return sse_claims_fail (error, "its sub is neither a text nor an integer");
  else if (strlen (text) > SSE_CLAIMS_MAX_SUBJECT)
    return sse_claims_fail (error, "its sub is longer than %d bytes", SSE_CLAIMS_MAX_SUBJECT);
  else
    self->subject = g_strdup (text);
  return TRUE;
}

static gboolean
read_expiry (
    SseClaims *self, JsonObject *claims, const SseClaimsRules *rules, gint64 now, GError **error)
{
  gint64 time = G_MAXINT64;
  gboolean is_there;

  if (!read_time (claims, "exp", &is_there, &time, error))
    return FALSE;
  if (!is_there && rules->require_expiry)
    return sse_claims_fail (error, "it has no exp, so that it would never expire");
  self->expires = time > G_MAXINT64 - rules->leeway ? G_MAXINT64 : time + rules->leeway;
  return now < self->expires || sse_claims_fail (error, "it has expired");
}

static gboolean
read_beginning (
    SseClaims *self, JsonObject *claims, const SseClaimsRules *rules, gint64 now, GError **error)
{
  gint64 time;
  gboolean is_there;

  if (!read_time (claims, "nbf", &is_there, &time, error))
    return FALSE;
  if (is_there && time > now + rules->leeway)
    return sse_claims_fail (error, "it is not valid yet");

  if (!read_time (claims, "iat", &is_there, &time, error))
    return FALSE;
  if (is_there && time > now + rules->leeway)
    return sse_claims_fail (
        error, "it was issued in the future; are the clocks right, or leeway-seconds?");
  self->issued = is_there ? time / G_USEC_PER_SEC : SSE_CLAIMS_NEVER;
  return TRUE;
}

static gboolean
check_issuer (JsonObject *claims, const SseClaimsRules *rules, GError **error)
{
  JsonNode *node = json_object_get_member (claims, "iss");
  const char *issuer = get_text (node);

  if (node != NULL && issuer == NULL)
    return sse_claims_fail (error, "its iss is not a text");
  return rules->issuer == NULL || g_strcmp0 (issuer, rules->issuer) == 0
         || sse_claims_fail (error, "its iss is not the configured issuer");
}

/* An array of texts, at most @max of them; NULL where it is none. */
static GStrv
dup_texts (JsonNode *node, guint max)
{
  g_autoptr (GStrvBuilder) texts = g_strv_builder_new ();
  JsonArray *array;

  if (node == NULL || !JSON_NODE_HOLDS_ARRAY (node))
    return NULL;
  array = json_node_get_array (node);
  if (json_array_get_length (array) > max)
    return NULL;
  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      const char *text = get_text (json_array_get_element (array, i));

      if (text == NULL)
        return NULL;
      g_strv_builder_add (texts, text);
    }
  return g_strv_builder_end (texts);
}

/* A token that names its audience is for nobody else, so not for one who has no name. */
static gboolean
check_audience (JsonObject *claims, const SseClaimsRules *rules, GError **error)
{
  JsonNode *node = json_object_get_member (claims, "aud");
  const char *single = get_text (node);
  g_auto (GStrv) several = single == NULL ? dup_texts (node, G_MAXUINT) : NULL;

  if (node == NULL)
    return rules->audience == NULL || sse_claims_fail (error, "it has no aud");
  if (single == NULL && several == NULL)
    return sse_claims_fail (error, "its aud is neither a text nor an array of texts");
  if (rules->audience == NULL)
    return sse_claims_fail (error, "it has an aud, and none is configured ([auth] audience)");
  return g_strcmp0 (single, rules->audience) == 0
         || (several != NULL && g_strv_contains ((const char *const *) several, rules->audience))
         || sse_claims_fail (error, "its aud is not the configured audience");
}

static gboolean
read_streams (SseClaims *self, JsonObject *claims, GError **error)
{
  JsonNode *node = json_object_get_member (claims, "streams");

  if (node == NULL)
    return TRUE;
  self->streams = dup_texts (node, SSE_CLAIMS_MAX_STREAMS);
  return self->streams != NULL
         || sse_claims_fail (error, "its streams are not an array of at most %d texts",
                             SSE_CLAIMS_MAX_STREAMS);
}

/* One stream alone may stand there without an array. */
static gboolean
read_publish (SseClaims *self, JsonObject *claims, GError **error)
{
  JsonNode *node = json_object_get_member (claims, "publish");
  const char *const single[] = { get_text (node), NULL };

  if (node == NULL)
    return TRUE;
  self->publish
      = single[0] != NULL ? g_strdupv ((char **) single) : dup_texts (node, SSE_CLAIMS_MAX_STREAMS);
  return self->publish != NULL
         || sse_claims_fail (error,
                             "its publish is neither a text nor an array of at most %d texts",
                             SSE_CLAIMS_MAX_STREAMS);
}

/**
 * sse_claims_read:
 * @self: empty; to be cleared whatever comes of it
 * @json: a token's claims, @length bytes that sse_json_scan() had nothing against
 * @now: in µs since 1970 UTC
 * @error: %SSE_TOKEN_ERROR_INVALID with why, and nothing of the claims in it
 *
 * Reads and judges claims by RFC 7519 and RFC 8725. What is no claim of ours is passed over.
 *
 * Returns: whether they are all in order
 */
gboolean
sse_claims_read (SseClaims *self,
                 const char *json,
                 gsize length,
                 const SseClaimsRules *rules,
                 gint64 now,
                 GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (JsonNode) node = sse_json_parse_again (json, length, &local);
  JsonObject *claims;

  if (node == NULL)
    return sse_claims_fail (error, "its claims are %s", local->message);
  claims = json_node_get_object (node);
  return read_expiry (self, claims, rules, now, error)
         && read_beginning (self, claims, rules, now, error) && check_issuer (claims, rules, error)
         && check_audience (claims, rules, error) && read_subject (self, claims, error)
         && read_streams (self, claims, error) && read_publish (self, claims, error);
}

/**
 * sse_claims_allow_stream:
 * @stream: a stream's name
 *
 * Returns: whether a token that says this is good for following that stream
 */
gboolean
sse_claims_allow_stream (const SseClaims *self, const char *stream)
{
  return self->streams == NULL || g_strv_contains ((const char *const *) self->streams, stream);
}

/**
 * sse_claims_allow_publish:
 * @stream: a stream's name
 *
 * Returns: whether a token that says this is good for publishing to that stream
 */
gboolean
sse_claims_allow_publish (const SseClaims *self, const char *stream)
{
  return self->publish != NULL && g_strv_contains ((const char *const *) self->publish, stream);
}

static void
append_text (GString *out, const char *name, const char *text)
{
  if (text == NULL)
    return;
  g_string_append_printf (out, ",\"%s\":", name);
  sse_json_append_string (out, text);
}

static void
append_texts (GString *out, const char *name, GStrv texts)
{
  if (texts == NULL)
    return;
  g_string_append_printf (out, ",\"%s\":[", name);
  for (guint i = 0; texts[i] != NULL; i++)
    {
      g_string_append (out, i > 0 ? "," : "");
      sse_json_append_string (out, texts[i]);
    }
  g_string_append_c (out, ']');
}

/**
 * sse_claims_format:
 * @self: claims, all of which are UTF-8, with an @issued and an @expires
 * @rules: (nullable): whose issuer and audience they name
 *
 * Returns: (transfer full): them as a JSON object
 */
char *
sse_claims_format (const SseClaims *self, const SseClaimsRules *rules)
{
  g_autoptr (GString) out = g_string_new ("{\"sub\":");

  sse_json_append_string (out, self->subject);
  g_string_append_printf (out, ",\"iat\":%" G_GINT64_FORMAT ",\"exp\":%" G_GINT64_FORMAT,
                          self->issued, self->expires / G_USEC_PER_SEC);
  if (rules != NULL)
    {
      append_text (out, "iss", rules->issuer);
      append_text (out, "aud", rules->audience);
    }
  append_texts (out, "streams", self->streams);
  append_texts (out, "publish", self->publish);
  g_string_append_c (out, '}');
  return g_string_free (g_steal_pointer (&out), FALSE);
}
