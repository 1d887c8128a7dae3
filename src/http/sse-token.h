/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * SseToken:
 *
 * Checks and signs JSON Web Tokens (RFC 7519) with one HS256 secret. The JWT library stays behind
 * this interface.
 */
typedef struct _SseToken SseToken;

#define SSE_TOKEN_ERROR (sse_token_error_quark ())
GQuark    sse_token_error_quark (void);

typedef enum
{
  SSE_TOKEN_ERROR_SECRET,  /* no secret to work with */
  SSE_TOKEN_ERROR_INVALID, /* the token is not valid; the message is for the log alone */
} SseTokenError;

#define SSE_TOKEN_MAX_LENGTH       8192
#define SSE_TOKEN_MIN_SECRET_BYTES 32

SseToken *sse_token_new   (GBytes      *secret,
                           gboolean     require_expiry,
                           GError     **error);
void      sse_token_free  (SseToken    *self);

gboolean  sse_token_check (SseToken    *self,
                           const char  *token,
                           gint64       now,
                           char       **subject,
                           gint64      *expires,
                           GError     **error);
char     *sse_token_sign  (SseToken    *self,
                           const char  *subject,
                           gint64       issued,
                           gint64       expires,
                           GError     **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SseToken, sse_token_free)

G_END_DECLS
