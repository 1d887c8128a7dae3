/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * SseGithubKey:
 * @audience: (nullable): whose event it is; %NULL for everyone's
 * @id: its `delivery_id`
 *
 * An event's identity.
 */
typedef struct
{
  char *audience;
  char *id;
} SseGithubKey;

void     sse_github_key_init  (SseGithubKey *self,
                               const char   *audience,
                               const char   *id);
void     sse_github_key_clear (SseGithubKey *self);
guint    sse_github_key_hash  (gconstpointer self);
gboolean sse_github_key_equal (gconstpointer self,
                               gconstpointer other);

G_END_DECLS
