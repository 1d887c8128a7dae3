/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define SSE_TOKEN_ERROR (sse_token_error_quark ())
GQuark       sse_token_error_quark        (void);

typedef enum
{
  SSE_TOKEN_ERROR_KEY,     /* no key to work with */
  SSE_TOKEN_ERROR_INVALID, /* the token is not valid; the message is for the log alone */
} SseTokenError;

#define SSE_TOKEN_MIN_SECRET_BYTES 32
#define SSE_TOKEN_MIN_RSA_BITS     2048

/**
 * SseTokenKey:
 *
 * A key with the one algorithm that it is for (RFC 8725, section 3.1): a secret, with which tokens
 * are checked and signed, or a public key, with which they are checked. The
 * cryptographic library stays behind this interface. A key does not change.
 */
typedef struct _SseTokenKey SseTokenKey;

SseTokenKey *sse_token_key_new            (const char        *algorithm,
                                           GBytes            *content,
                                           GError           **error);
SseTokenKey *sse_token_key_ref            (SseTokenKey       *self);
void         sse_token_key_unref          (SseTokenKey       *self);

gboolean     sse_token_algorithm_is_known (const char        *algorithm);
gboolean     sse_token_algorithm_has_secret
                                          (const char        *algorithm);

const char  *sse_token_key_get_algorithm  (const SseTokenKey *self);
gboolean     sse_token_key_is_secret      (const SseTokenKey *self);
gboolean     sse_token_key_verify         (const SseTokenKey *self,
                                           const char        *token);
char        *sse_token_key_sign           (const SseTokenKey *self,
                                           const char        *id,
                                           const char        *claims);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SseTokenKey, sse_token_key_unref)

G_END_DECLS
