/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * SseTokenCache:
 *
 * Remembers of which tokens the signature was found right, by their SHA-256, until they expire. It
 * holds nothing of them. Where it is full, the oldest are forgotten.
 */
typedef struct _SseTokenCache SseTokenCache;

/* What a token is known by. */
typedef struct
{
  guint8 bytes[32];
} SseTokenDigest;

SseTokenCache *sse_token_cache_new     (guint                 max);
void           sse_token_cache_free    (SseTokenCache        *self);

void           sse_token_digest        (SseTokenDigest       *self,
                                        const char           *token);
gboolean       sse_token_cache_has     (SseTokenCache        *self,
                                        const SseTokenDigest *digest,
                                        gint64                now);
void           sse_token_cache_add     (SseTokenCache        *self,
                                        const SseTokenDigest *digest,
                                        gint64                expires);
guint          sse_token_cache_get_size
                                       (const SseTokenCache  *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SseTokenCache, sse_token_cache_free)

G_END_DECLS
