/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-answer.h"

G_BEGIN_DECLS

/**
 * SseCors:
 *
 * Says to browsers whose pages may read what is answered (WHATWG Fetch, "CORS protocol").
 */
typedef struct _SseCors SseCors;

/**
 * SseCorsUse:
 * @SSE_CORS_FOLLOW: streams are followed, and whatever else is not published to
 * @SSE_CORS_PUBLISH: updates are published
 *
 * What a page may do with what it asks for.
 */
typedef enum
{
  SSE_CORS_FOLLOW,
  SSE_CORS_PUBLISH,
} SseCorsUse;

SseCors    *sse_cors_new           (const char *const *origins,
                                    GError           **error);
void        sse_cors_free          (SseCors           *self);

gboolean    sse_cors_allows        (const SseCors     *self,
                                    const char        *origin);
gboolean    sse_cors_is_reader     (const SseCors     *self,
                                    const char        *origin,
                                    const char        *site);
const char *sse_cors_choose_origin (const SseCors     *self,
                                    const char        *origin);
void        sse_cors_add_fields    (const SseCors     *self,
                                    SseCorsUse         use,
                                    const char        *origin,
                                    SseAnswer         *answer);
void        sse_cors_append_fields (const SseCors     *self,
                                    const char        *origin,
                                    GString           *head);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SseCors, sse_cors_free)

G_END_DECLS
