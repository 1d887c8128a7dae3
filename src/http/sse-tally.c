/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-tally.h"

#include <string.h>

struct _SseTally
{
  GHashTable *by_name;
};

SseTally *
sse_tally_new (void)
{
  SseTally *self = g_new0 (SseTally, 1);

  self->by_name = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);
  return self;
}

void
sse_tally_free (SseTally *self)
{
  g_hash_table_unref (self->by_name);
  g_free (self);
}

/**
 * sse_tally_add:
 *
 * Counts one more.
 *
 * Returns: (transfer none): the count, until all that were added are dropped
 */
SseCount *
sse_tally_add (SseTally *self, const char *name)
{
  SseCount *count = g_hash_table_lookup (self->by_name, name);

  if (count == NULL)
    {
      gsize size = strlen (name) + 1;

      count = g_malloc (sizeof (SseCount) + size);
      *count = (SseCount){ 0 };
      memcpy (count->name, name, size);
      g_hash_table_insert (self->by_name, count->name, count);
    }
  count->n++;
  return count;
}

/**
 * sse_tally_drop:
 * @count: where one was added
 *
 * Counts one less.
 */
void
sse_tally_drop (SseTally *self, SseCount *count)
{
  if (--count->n == 0)
    g_hash_table_remove (self->by_name, count->name);
}
