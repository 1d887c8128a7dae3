/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define SSE_GITHUB_MAX_IDS 10000

/**
 * SseGithubIds:
 *
 * The newest %SSE_GITHUB_MAX_IDS ids that were accepted, each with its audience: what a redelivery
 * is recognised by, also when the event itself was deleted or replaced.
 */
typedef struct _SseGithubIds SseGithubIds;

SseGithubIds *sse_github_ids_new      (void);
void          sse_github_ids_free     (SseGithubIds       *self);

gboolean      sse_github_ids_contains (const SseGithubIds *self,
                                       const char         *audience,
                                       const char         *id);
void          sse_github_ids_add      (SseGithubIds       *self,
                                       const char         *audience,
                                       const char         *id);

GVariant     *sse_github_ids_save     (const SseGithubIds *self);
SseGithubIds *sse_github_ids_restore  (GVariant           *state,
                                       GError            **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SseGithubIds, sse_github_ids_free)

G_END_DECLS
