/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-github-signature.h"

#include <string.h>

#define DIGEST_LENGTH 32 /* of SHA-256 */

static gboolean
parse_hex (const char *hex, guint8 *digest)
{
  if (strlen (hex) != 2 * DIGEST_LENGTH)
    return FALSE;

  for (gsize i = 0; i < DIGEST_LENGTH; i++)
    {
      if (!g_ascii_isxdigit (hex[2 * i]) || !g_ascii_isxdigit (hex[2 * i + 1]))
        return FALSE;
      digest[i] = (guint8) (g_ascii_xdigit_value (hex[2 * i]) * 16
                            + g_ascii_xdigit_value (hex[2 * i + 1]));
    }
  return TRUE;
}

/* Takes as long wherever the first difference is, so that nobody can guess a digest byte by byte.
 */
static gboolean
equal_in_constant_time (const guint8 *a, const guint8 *b)
{
  volatile guint8 difference = 0;

  for (gsize i = 0; i < DIGEST_LENGTH; i++)
    difference = (guint8) (difference | (a[i] ^ b[i]));
  return difference == 0;
}

/**
 * sse_github_signature_check:
 * @signature: the header's value, `sha256=` and 64 hexadecimal digits
 * @body: the raw body
 * @secret: the webhook's secret
 *
 * Checks GitHub's `X-Hub-Signature-256`: the HMAC (RFC 2104) with SHA-256 of the body.
 *
 * Returns: whether @body was signed with @secret
 */
gboolean
sse_github_signature_check (const char *signature, GBytes *body, GBytes *secret)
{
  static const char prefix[] = "sha256=";
  guint8 claimed[DIGEST_LENGTH];
  guint8 computed[DIGEST_LENGTH];
  gsize computed_length = sizeof computed;
  gsize key_length;
  gsize length;
  const guint8 *key = g_bytes_get_data (secret, &key_length);
  const guint8 *data = g_bytes_get_data (body, &length);
  GHmac *hmac;

  if (!g_str_has_prefix (signature, prefix) || !parse_hex (signature + strlen (prefix), claimed))
    return FALSE;

  hmac = g_hmac_new (G_CHECKSUM_SHA256, key, key_length);
  if (length > 0)
    g_hmac_update (hmac, data, (gssize) length);
  g_hmac_get_digest (hmac, computed, &computed_length);
  g_hmac_unref (hmac);
  return equal_in_constant_time (claimed, computed);
}
