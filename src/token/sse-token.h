/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-claims.h"
#include "sse-token-key.h"

G_BEGIN_DECLS

/**
 * SseToken:
 *
 * Checks JSON Web Tokens (RFC 7519, RFC 8725) with the keys and by the rules that it was given.
 */
typedef struct _SseToken SseToken;

#define SSE_TOKEN_MAX_LENGTH 8192

SseToken             *sse_token_new         (SseClaimsRules *rules);
void                  sse_token_free        (SseToken       *self);

void                  sse_token_set_default (SseToken       *self,
                                             SseTokenKey    *key);
void                  sse_token_add_key     (SseToken       *self,
                                             const char     *id,
                                             SseTokenKey    *key);
void                  sse_token_set_own     (SseToken       *self,
                                             const char     *id,
                                             SseTokenKey    *key);
gboolean              sse_token_has_own     (const SseToken *self);

gboolean              sse_token_check       (SseToken       *self,
                                             const char     *token,
                                             gint64          now,
                                             SseClaims      *claims,
                                             GError        **error);
char                 *sse_token_sign        (SseToken        *self,
                                             const SseClaims *claims,
                                             GError         **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SseToken, sse_token_free)

G_END_DECLS
