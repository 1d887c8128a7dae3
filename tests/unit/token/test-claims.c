/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-claims.h"

#include <string.h>

#include "sse-token-key.h"

/* What test-token.c does not say of claims: issuer, audience, streams, and what they are made of.
 */

#define NOW (1000 * G_USEC_PER_SEC)

static gboolean
read_claims (const char *members,
             const char *issuer,
             const char *audience,
             SseClaims *claims,
             GError **error)
{
  const SseClaimsRules rules = { FALSE, 0, (char *) issuer, (char *) audience };
  g_autofree char *json = g_strdup_printf ("{\"sub\":\"42\"%s}", members);

  g_test_message ("%s", json);
  return sse_claims_read (claims, json, strlen (json), &rules, NOW, error);
}

static void
assert_good (const char *members, const char *issuer, const char *audience)
{
  g_autoptr (GError) error = NULL;
  g_auto (SseClaims) claims = { 0 };

  g_assert_true (read_claims (members, issuer, audience, &claims, &error));
  g_assert_no_error (error);
}

static void
assert_bad (const char *members, const char *issuer, const char *audience, const char *why)
{
  g_autoptr (GError) error = NULL;
  g_auto (SseClaims) claims = { 0 };

  g_assert_false (read_claims (members, issuer, audience, &claims, &error));
  g_assert_error (error, SSE_TOKEN_ERROR, SSE_TOKEN_ERROR_INVALID);
  g_assert_nonnull (strstr (error->message, why));
}

static void
test_issuer (void)
{
  assert_good ("", NULL, NULL);
  assert_good (",\"iss\":\"anybody\"", NULL, NULL);
  assert_good (",\"iss\":\"me\"", "me", NULL);
  assert_bad ("", "me", NULL, "iss is not");
  assert_bad (",\"iss\":\"ME\"", "me", NULL, "iss is not");
  assert_bad (",\"iss\":\"me/\"", "me", NULL, "iss is not");
  assert_bad (",\"iss\":[\"me\"]", "me", NULL, "iss is not a text");
  assert_bad (",\"iss\":null", NULL, NULL, "iss is not a text");
}

/* A token for somebody named is for nobody else (RFC 7519, section 4.1.3). */
static void
test_audience (void)
{
  assert_good (",\"aud\":\"us\"", NULL, "us");
  assert_good (",\"aud\":[\"them\",\"us\"]", NULL, "us");
  assert_bad ("", NULL, "us", "no aud");
  assert_bad (",\"aud\":\"them\"", NULL, "us", "aud is not");
  assert_bad (",\"aud\":[]", NULL, "us", "aud is not");
  assert_bad (",\"aud\":[\"them\",\"u\"]", NULL, "us", "aud is not");
  assert_bad (",\"aud\":\"us\"", NULL, NULL, "[auth] audience");
  assert_bad (",\"aud\":[\"us\"]", NULL, NULL, "[auth] audience");
  assert_bad (",\"aud\":[\"us\",5]", NULL, "us", "neither");
  assert_bad (",\"aud\":5", NULL, "us", "neither");
  assert_bad (",\"aud\":null", NULL, NULL, "neither");
  assert_bad (",\"aud\":{\"us\":1}", NULL, "us", "neither");
}

static void
test_issued (void)
{
  const struct
  {
    const char *members;
    gint64 issued;
  } cases[] = {
    { "", SSE_CLAIMS_NEVER },
    { ",\"iat\":1000", 1000 },
    { ",\"iat\":0", 0 },
    { ",\"iat\":-5", -5 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (SseClaims) claims = { 0 };

      g_assert_true (read_claims (cases[i].members, NULL, NULL, &claims, NULL));
      g_assert_cmpint (claims.issued, ==, cases[i].issued);
    }
  assert_bad (",\"iat\":1001", NULL, NULL, "future");
  assert_bad (",\"iat\":\"1000\"", NULL, NULL, "iat is not an integer");
  assert_bad (",\"iat\":999.5", NULL, NULL, "iat is not an integer");
  assert_bad (",\"iat\":null", NULL, NULL, "iat is not an integer");
}

static void
test_streams (void)
{
  g_auto (SseClaims) all = { 0 };
  g_auto (SseClaims) some = { 0 };
  g_auto (SseClaims) none = { 0 };
  g_autoptr (GString) many = g_string_new (",\"streams\":[\"a\"");

  g_assert_true (read_claims ("", NULL, NULL, &all, NULL));
  g_assert_true (sse_claims_allow_stream (&all, "quota"));
  g_assert_true (read_claims (",\"streams\":[\"quota\",\"posts-stats\"]", NULL, NULL, &some, NULL));
  g_assert_true (sse_claims_allow_stream (&some, "quota"));
  g_assert_true (sse_claims_allow_stream (&some, "posts-stats"));
  g_assert_false (sse_claims_allow_stream (&some, "quot"));
  g_assert_false (sse_claims_allow_stream (&some, "github-events"));
  g_assert_true (read_claims (",\"streams\":[]", NULL, NULL, &none, NULL));
  g_assert_false (sse_claims_allow_stream (&none, "quota"));

  assert_bad (",\"streams\":\"quota\"", NULL, NULL, "streams");
  assert_bad (",\"streams\":null", NULL, NULL, "streams");
  assert_bad (",\"streams\":[\"quota\",1]", NULL, NULL, "streams");
  assert_bad (",\"streams\":{}", NULL, NULL, "streams");
  for (guint i = 0; i < SSE_CLAIMS_MAX_STREAMS; i++)
    g_string_append (many, ",\"b\"");
  g_string_append (many, "]");
  assert_bad (many->str, NULL, NULL, "streams");
}

static void
test_publish (void)
{
  g_auto (SseClaims) nothing = { 0 };
  g_auto (SseClaims) one = { 0 };
  g_auto (SseClaims) some = { 0 };
  g_auto (SseClaims) none = { 0 };
  g_autoptr (GString) many = g_string_new (",\"publish\":[\"a\"");

  g_assert_true (read_claims (",\"streams\":[\"quota\"]", NULL, NULL, &nothing, NULL));
  g_assert_false (sse_claims_allow_publish (&nothing, "quota"));
  g_assert_true (read_claims (",\"publish\":\"quota\"", NULL, NULL, &one, NULL));
  g_assert_true (sse_claims_allow_publish (&one, "quota"));
  g_assert_false (sse_claims_allow_publish (&one, "quot"));
  g_assert_false (sse_claims_allow_publish (&one, ""));
  g_assert_false (sse_claims_allow_publish (&one, "posts-stats"));
  g_assert_true (sse_claims_allow_stream (&one, "posts-stats"));
  g_assert_true (read_claims (",\"publish\":[\"quota\",\"posts-stats\"],\"streams\":[]", NULL, NULL,
                              &some, NULL));
  g_assert_true (sse_claims_allow_publish (&some, "posts-stats"));
  g_assert_false (sse_claims_allow_publish (&some, "github-events"));
  g_assert_false (sse_claims_allow_stream (&some, "quota"));
  g_assert_true (read_claims (",\"publish\":[]", NULL, NULL, &none, NULL));
  g_assert_false (sse_claims_allow_publish (&none, "quota"));

  assert_bad (",\"publish\":null", NULL, NULL, "publish");
  assert_bad (",\"publish\":true", NULL, NULL, "publish");
  assert_bad (",\"publish\":1", NULL, NULL, "publish");
  assert_bad (",\"publish\":{\"quota\":true}", NULL, NULL, "publish");
  assert_bad (",\"publish\":[\"quota\",1]", NULL, NULL, "publish");
  assert_bad (",\"publish\":[[\"quota\"]]", NULL, NULL, "publish");
  for (guint i = 0; i < SSE_CLAIMS_MAX_STREAMS - 1; i++)
    g_string_append (many, ",\"b\"");
  g_string_append (many, "]");
  assert_good (many->str, NULL, NULL);
  g_string_insert (many, (gssize) many->len - 1, ",\"c\"");
  assert_bad (many->str, NULL, NULL, "publish");
}

/* What is made of claims is read as the same. */
static void
test_format (void)
{
  const char *const streams[] = { "quota", "a\"b", NULL };
  const char *const publish[] = { "posts-stats", NULL };
  const SseClaims claims = {
    .subject = (char *) "42",
    .issued = 1000,
    .expires = 2000 * G_USEC_PER_SEC,
    .streams = (GStrv) streams,
    .publish = (GStrv) publish,
  };
  const SseClaims bare = { .subject = (char *) "42", .issued = 1, .expires = G_USEC_PER_SEC };
  const SseClaimsRules rules = { TRUE, 0, NULL, NULL };
  g_autofree char *json = sse_claims_format (&claims, NULL);
  g_autofree char *bare_json = sse_claims_format (&bare, NULL);
  g_auto (SseClaims) read = { 0 };

  g_assert_cmpstr (bare_json, ==, "{\"sub\":\"42\",\"iat\":1,\"exp\":1}");
  g_assert_true (sse_claims_read (&read, json, strlen (json), &rules, NOW, NULL));
  g_assert_cmpstrv (read.streams, streams);
  g_assert_cmpstrv (read.publish, publish);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/token/claims/issuer", test_issuer);
  g_test_add_func ("/token/claims/audience", test_audience);
  g_test_add_func ("/token/claims/issued", test_issued);
  g_test_add_func ("/token/claims/streams", test_streams);
  g_test_add_func ("/token/claims/publish", test_publish);
  g_test_add_func ("/token/claims/format", test_format);
  return g_test_run ();
}
