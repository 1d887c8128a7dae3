/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "sse-github-key.h"

G_BEGIN_DECLS

/**
 * SseGithubEvent:
 * @key: its identity
 * @received: its `received_at`, in µs since 1970 UTC
 * @sequence: grows with every event that is accepted; given by the store
 * @json: all its members, encoded as clients get them
 * @length: bytes of @json
 * @link: its place in the store's order of acceptance
 *
 * One event as it is kept.
 */
typedef struct
{
  SseGithubKey key;
  gint64 received;
  guint64 sequence;
  char *json;
  gsize length;
  GList link;
} SseGithubEvent;

gboolean        sse_github_event_check         (JsonObject           *object,
                                                const char           *where,
                                                GError              **error);
gboolean        sse_github_event_check_changes (JsonObject           *object,
                                                const char           *where,
                                                GError              **error);

SseGithubEvent *sse_github_event_new           (const char           *audience,
                                                JsonObject           *object,
                                                gint64                accepted);
SseGithubEvent *sse_github_event_new_changed   (const SseGithubEvent *event,
                                                JsonObject           *changes,
                                                GError              **error);
SseGithubEvent *sse_github_event_new_saved     (const char           *audience,
                                                const char           *json,
                                                GError              **error);
void            sse_github_event_free          (SseGithubEvent       *self);

int             sse_github_event_compare       (const SseGithubEvent *self,
                                                const SseGithubEvent *other);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SseGithubEvent, sse_github_event_free)

G_END_DECLS
