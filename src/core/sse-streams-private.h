/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-streams.h"

G_BEGIN_DECLS

/* What it is made of, for the files that make it. */
struct _SseStreams
{
  SseStreamHost *host;
  SseRevocations *revocations;
  SseStream *built_in;   /* in which they are: no publisher pushes to it, and nobody follows it */
  GPtrArray *streams;    /* SseStream, enabled ones first: a channel is an index */
  GHashTable *by_name;   /* name → SseStream, not owned */
  GHashTable *followers; /* name → GPtrArray of SseStream that follow it */
};

/* Also the built-in one. */
static inline SseStream *
sse_streams_find_any (SseStreams *self, const char *name)
{
  return g_hash_table_lookup (self->by_name, name);
}

gboolean sse_streams_admit (SseStream        *stream,
                            const SseUpdate  *update,
                            GError          **error);

G_END_DECLS
