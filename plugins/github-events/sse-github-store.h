/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-github-event.h"

G_BEGIN_DECLS

#define SSE_GITHUB_MAX_EVENTS 1000
#define SSE_GITHUB_MAX_LISTED 50

/**
 * SseGithubStore:
 *
 * The newest %SSE_GITHUB_MAX_EVENTS accepted events in full, all audiences together, and of each
 * audience the list in the order in which it is shown.
 */
typedef struct _SseGithubStore SseGithubStore;

SseGithubStore *sse_github_store_new            (void);
void            sse_github_store_free           (SseGithubStore       *self);

SseGithubEvent *sse_github_store_find           (const SseGithubStore *self,
                                                 const char           *audience,
                                                 const char           *id);
gboolean        sse_github_store_add            (SseGithubStore       *self,
                                                 SseGithubEvent       *event);
void            sse_github_store_replace        (SseGithubStore       *self,
                                                 SseGithubEvent       *event,
                                                 SseGithubEvent       *changed);
void            sse_github_store_remove         (SseGithubStore       *self,
                                                 SseGithubEvent       *event);
void            sse_github_store_clear_audience (SseGithubStore       *self,
                                                 const char           *audience);

gboolean        sse_github_store_has_audience   (const SseGithubStore *self,
                                                 const char           *audience);
void            sse_github_store_append_list    (const SseGithubStore *self,
                                                 const char           *audience,
                                                 GString              *out);

GVariant       *sse_github_store_save           (const SseGithubStore *self);
SseGithubStore *sse_github_store_restore        (GVariant             *state,
                                                 GError              **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SseGithubStore, sse_github_store_free)

G_END_DECLS
