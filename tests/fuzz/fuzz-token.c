/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A token: as it comes; or, behind an 's', a line with its header and then its claims, signed with
 * the secret, so that what follows the signature is seen too. */

#include <string.h>

#include "fuzz.h"
#include "sse-base64url.h"
#include "sse-token.h"

#define SECRET "0123456789abcdef0123456789abcdef"
#define NOW    (1000 * G_USEC_PER_SEC)

/* Of P-256; who has its other half is gone. */
#define PUBLIC_KEY                                                                                 \
  "-----BEGIN PUBLIC KEY-----\n"                                                                   \
  "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEXroGPUY4x3tyM/aUwzVUp++wpmDx\n"                             \
  "/2jzypcnr0B2zIJ86BEII9QQkxYM+GnJD7yAvE/WOt45IlH7eF0yOV0W8g==\n"                                 \
  "-----END PUBLIC KEY-----\n"

static SseTokenKey *
make_key (const char *algorithm, const char *content)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static (content, strlen (content));

  return sse_token_key_new (algorithm, bytes, NULL);
}

/* Its keys are made once: they take longer than all else. */
static SseToken *
get_token (void)
{
  static SseToken *token;
  SseClaimsRules rules = { .require_expiry = TRUE, .leeway = G_USEC_PER_SEC };

  if (token != NULL)
    return token;
  token = sse_token_new (&rules);
  sse_token_set_default (token, make_key ("HS256", SECRET));
  sse_token_add_key (token, "e", make_key ("ES256", PUBLIC_KEY));
  sse_token_set_own (token, "o", make_key ("HS256", SECRET));
  return token;
}

static char *
sign (FuzzText input)
{
  FuzzText header = fuzz_text_take_line (&input);
  g_autofree char *first = sse_base64url_encode ((const guint8 *) header.bytes, header.length);
  g_autofree char *second = sse_base64url_encode ((const guint8 *) input.bytes, input.length);
  g_autofree char *signature = NULL;
  g_autofree char *unsigned_token = g_strconcat (first, ".", second, NULL);
  g_autoptr (GHmac) hmac = g_hmac_new (G_CHECKSUM_SHA256, (const guchar *) SECRET, strlen (SECRET));
  guint8 digest[32];
  gsize length = sizeof digest;

  g_hmac_update (hmac, (const guchar *) unsigned_token, (gssize) strlen (unsigned_token));
  g_hmac_get_digest (hmac, digest, &length);
  signature = sse_base64url_encode (digest, length);
  return g_strconcat (unsigned_token, ".", signature, NULL);
}

/* Nothing of a token is told, whatever is wrong with it. */
static void
assert_untold (const char *message, const char *text)
{
  for (gsize i = 0; strlen (text) >= 24 && i < strlen (text) - 23; i++)
    {
      g_autofree char *part = g_strndup (text + i, 24);

      g_assert_null (strstr (message, part));
    }
}

/* What is to be let publish has to say so, where there is no escape that could say it. */
static void
check_publish (const SseClaims *claims, FuzzText text)
{
  if (sse_claims_allow_publish (claims, "quota")
      && g_strstr_len (text.bytes, (gssize) text.length, "\\") == NULL)
    {
      g_assert_nonnull (g_strstr_len (text.bytes, (gssize) text.length, "\"publish\""));
      g_assert_nonnull (g_strstr_len (text.bytes, (gssize) text.length, "\"quota\""));
    }
  g_assert_false (sse_claims_allow_publish (claims, "\n"));
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  FuzzText input = fuzz_text_new (data, size);
  gboolean is_signed = size > 0 && data[0] == 's';
  gsize taken = is_signed ? 1 : 0;
  FuzzText rest = { input.bytes + taken, input.length - taken };
  g_autofree char *text = is_signed ? sign (rest) : fuzz_text_dup (rest);
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) again = NULL;
  g_auto (SseClaims) claims = { 0 };
  g_auto (SseClaims) twin = { 0 };

  if (sse_token_check (get_token (), text, NOW, &claims, &error))
    {
      g_assert_no_error (error);
      g_assert_true (is_signed);
      g_assert_cmpstr (claims.subject, !=, "");
      g_assert_cmpuint (strlen (claims.subject), <=, SSE_CLAIMS_MAX_SUBJECT);
      g_assert_true (g_utf8_validate (claims.subject, -1, NULL));
      g_assert_cmpint (claims.expires, >, NOW);
      g_assert_cmpint (claims.issued, <=, 1001);
      g_assert_true (sse_token_check (get_token (), text, NOW, &twin, NULL));
      g_assert_cmpstr (claims.subject, ==, twin.subject);
      sse_claims_allow_stream (&claims, "quota");
      check_publish (&claims, rest);
    }
  else
    {
      g_assert_error (error, SSE_TOKEN_ERROR, SSE_TOKEN_ERROR_INVALID);
      g_assert_null (claims.subject);
      assert_untold (error->message, text);
      g_assert_false (sse_token_check (get_token (), text, NOW, &twin, &again));
      g_assert_cmpstr (error->message, ==, again->message);
    }
  return 0;
}
