/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define SSE_CLAIMS_NEVER           G_MININT64
#define SSE_CLAIMS_MAX_SUBJECT     1024
#define SSE_CLAIMS_MAX_STREAMS     64

/**
 * SseClaimsRules:
 * @require_expiry: whether a token without `exp` is invalid
 * @leeway: how far clocks may be apart, in µs
 * @issuer: (nullable): what `iss` has to be; %NULL: anything
 * @audience: (nullable): what `aud` has to be, or to have in it; %NULL: there may be no `aud`
 *
 * What is asked of a token's claims beyond what every token has to say.
 */
typedef struct
{
  gboolean require_expiry;
  gint64 leeway;
  char *issuer;
  char *audience;
} SseClaimsRules;

/**
 * SseClaims:
 * @subject: whose the token is, its `sub` as text
 * @expires: from when on it is invalid, in µs since 1970 UTC; %G_MAXINT64 for never
 * @issued: its `iat`, in seconds since 1970 UTC; %SSE_CLAIMS_NEVER where it does not say
 * @streams: (nullable): the only streams that it is good for following; %NULL: all
 * @publish: (nullable): the streams that it is good for publishing to; %NULL: none
 *
 * What a token says.
 */
typedef struct
{
  char *subject;
  gint64 expires;
  gint64 issued;
  GStrv streams;
  GStrv publish;
} SseClaims;

void     sse_claims_rules_clear   (SseClaimsRules       *self);

void     sse_claims_clear         (SseClaims            *self);
gboolean sse_claims_read          (SseClaims            *self,
                                   const char           *json,
                                   gsize                 length,
                                   const SseClaimsRules *rules,
                                   gint64                now,
                                   GError              **error);
gboolean sse_claims_allow_stream  (const SseClaims      *self,
                                   const char           *stream);
gboolean sse_claims_allow_publish (const SseClaims      *self,
                                   const char           *stream);
char    *sse_claims_format        (const SseClaims      *self,
                                   const SseClaimsRules *rules);

gboolean sse_claims_fail          (GError              **error,
                                   const char           *format,
                                   ...) G_GNUC_PRINTF (2, 3);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (SseClaims, sse_claims_clear)

G_END_DECLS
