/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-github-key.h"

/* Copies both texts; sse_github_key_clear() frees them. */
void
sse_github_key_init (SseGithubKey *self, const char *audience, const char *id)
{
  self->audience = g_strdup (audience);
  self->id = g_strdup (id);
}

void
sse_github_key_clear (SseGithubKey *self)
{
  g_clear_pointer (&self->audience, g_free);
  g_clear_pointer (&self->id, g_free);
}

/* A #GHashFunc for a #SseGithubKey. */
guint
sse_github_key_hash (gconstpointer self)
{
  const SseGithubKey *key = self;

  return g_str_hash (key->id) * 31 + (key->audience != NULL ? g_str_hash (key->audience) : 0);
}

/* A #GEqualFunc for two #SseGithubKey; everyone is not the user with an empty name. */
gboolean
sse_github_key_equal (gconstpointer self, gconstpointer other)
{
  const SseGithubKey *a = self;
  const SseGithubKey *b = other;

  return g_str_equal (a->id, b->id) && g_strcmp0 (a->audience, b->audience) == 0;
}
