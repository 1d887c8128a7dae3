/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-token-cache.h"

#include <string.h>

typedef struct
{
  SseTokenDigest digest; /* the first, so that one is the other */
  gint64 expires;
  GList link; /* in the order in which they came */
} Entry;

struct _SseTokenCache
{
  GHashTable *entries; /* Entry → itself */
  GQueue order;
  guint max;
};

/* Its bytes are as good as random. */
static guint
hash_digest (gconstpointer digest)
{
  guint hash;

  memcpy (&hash, ((const SseTokenDigest *) digest)->bytes, sizeof hash);
  return hash;
}

static gboolean
equal_digests (gconstpointer a, gconstpointer b)
{
  return memcmp (a, b, sizeof (SseTokenDigest)) == 0;
}

/**
 * sse_token_cache_new:
 * @max: tokens that are remembered at a time, at least 1
 */
SseTokenCache *
sse_token_cache_new (guint max)
{
  SseTokenCache *self = g_new0 (SseTokenCache, 1);

  self->entries = g_hash_table_new_full (hash_digest, equal_digests, NULL, g_free);
  g_queue_init (&self->order);
  self->max = max;
  return self;
}

void
sse_token_cache_free (SseTokenCache *self)
{
  g_hash_table_unref (self->entries);
  g_free (self);
}

static void
forget (SseTokenCache *self, Entry *entry)
{
  g_queue_unlink (&self->order, &entry->link);
  g_hash_table_remove (self->entries, entry);
}

/**
 * sse_token_digest:
 * @self: (out caller-allocates): what @token is known by
 * @token: a whole token, its signature included
 */
void
sse_token_digest (SseTokenDigest *self, const char *token)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  gsize length = sizeof self->bytes;

  g_checksum_update (checksum, (const guchar *) token, (gssize) strlen (token));
  g_checksum_get_digest (checksum, self->bytes, &length);
}

/**
 * sse_token_cache_has:
 * @now: in µs since 1970 UTC
 *
 * Returns: whether the signature of that token was found right, and it has not expired
 */
gboolean
sse_token_cache_has (SseTokenCache *self, const SseTokenDigest *digest, gint64 now)
{
  Entry *entry = g_hash_table_lookup (self->entries, digest);

  if (entry == NULL)
    return FALSE;
  if (now < entry->expires)
    return TRUE;
  forget (self, entry);
  return FALSE;
}

/**
 * sse_token_cache_add:
 * @digest: a token's, whose signature is right
 * @expires: until when that is to be remembered, in µs since 1970 UTC
 */
void
sse_token_cache_add (SseTokenCache *self, const SseTokenDigest *digest, gint64 expires)
{
  Entry *entry = g_hash_table_lookup (self->entries, digest);

  if (entry != NULL)
    return;
  if (self->order.length == self->max)
    forget (self, self->order.head->data);

  entry = g_new0 (Entry, 1);
  entry->digest = *digest;
  entry->expires = expires;
  entry->link.data = entry;
  g_queue_push_tail_link (&self->order, &entry->link);
  g_hash_table_add (self->entries, entry);
}

/* How many tokens it remembers. */
guint
sse_token_cache_get_size (const SseTokenCache *self)
{
  return self->order.length;
}
