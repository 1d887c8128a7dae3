/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-base64url.h"

#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/**
 * sse_base64url_encode:
 * @bytes: (array length=length): what may be anything
 *
 * Returns: (transfer full): them as base64url without padding (RFC 7515, section 2)
 */
char *
sse_base64url_encode (const guint8 *bytes, gsize length)
{
  char *text = g_base64_encode (bytes, length);

  text[strcspn (text, "=")] = '\0';
  g_strdelimit (text, "+", '-');
  return g_strdelimit (text, "/", '_');
}

/* The bits of the last character that stand for nothing have to be 0: else several texts would be
 * the same bytes. */
static gboolean
ends_well (const char *text, gsize size)
{
  guint n_spare = size % 4 == 2 ? 4 : size % 4 == 3 ? 2 : 0;
  guint value = (guint) (strchr (alphabet, text[size - 1]) - alphabet);

  return (value & ((1U << n_spare) - 1)) == 0;
}

/**
 * sse_base64url_decode:
 * @text: (array length=size): what may be base64url
 * @length: (out): bytes
 *
 * Returns: (transfer full) (nullable): the bytes, with a NUL behind them; %NULL where @text is none
 *   that sse_base64url_encode() makes, or empty
 */
char *
sse_base64url_decode (const char *text, gsize size, gsize *length)
{
  gsize n_padding = (4 - size % 4) % 4;
  g_autofree char *base64 = g_malloc (size + n_padding + 1);

  if (size == 0 || size % 4 == 1)
    return NULL;
  for (gsize i = 0; i < size; i++)
    {
      if (!g_ascii_isalnum (text[i]) && text[i] != '-' && text[i] != '_')
        return NULL;
      base64[i] = text[i] == '-' ? '+' : text[i] == '_' ? '/' : text[i];
    }
  if (!ends_well (text, size))
    return NULL;
  memset (base64 + size, '=', n_padding);
  base64[size + n_padding] = '\0';
  return (char *) g_base64_decode (base64, length);
}
