/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-log.h"

G_BEGIN_DECLS

/**
 * SseStore:
 *
 * A log in a file: what it gives back as committed is on the disk. SQLite keeps it, in one thread
 * that writes and one that reads.
 */
#define SSE_TYPE_STORE (sse_store_get_type ())
G_DECLARE_FINAL_TYPE (SseStore, sse_store, SSE, STORE, GObject)

/**
 * SseStoreOptions:
 * @directory: where the file is; made where it is missing
 * @retain_updates: updates of each stream that are kept
 * @retain_hours: how long
 */
typedef struct
{
  const char *directory;
  guint64 retain_updates;
  guint retain_hours;
} SseStoreOptions;

SseLog *sse_store_new (const SseStoreOptions  *options,
                       GError                **error);

G_END_DECLS
