/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-log-directory.h"
#include "sse-log-file.h"
#include "sse-log-growth.h"
#include "sse-store-mail.h"
#include "sse-store-reader.h"

G_BEGIN_DECLS

/**
 * SseStoreWriterOptions:
 * @reader: paused while the file is opened anew
 * @directory: where the file is; held
 * @epoch: the current epoch
 * @epochs: (element-type utf8 guint64): those that have ended, with where they did
 * @retain_updates: of each stream that are kept
 * @retain_hours: how long
 *
 * What a writer is told at its start; all of it outlives it.
 */
typedef struct
{
  SseStoreReader *reader;
  SseLogDirectory *directory;
  const char *epoch;
  GHashTable *epochs;
  guint64 retain_updates;
  guint retain_hours;
} SseStoreWriterOptions;

/**
 * SseStoreWriter:
 *
 * The thread that writes the log's file, the only one: what waits is one transaction. Where that
 * fails, it opens the file anew, as often as it takes, and has nothing committed until then.
 */
typedef struct _SseStoreWriter SseStoreWriter;

SseStoreWriter *sse_store_writer_new  (const SseStoreWriterOptions *options,
                                       SseLogFile                  *file,
                                       const SseLogGrowth          *growth,
                                       SseMailbox                  *notes,
                                       GError                     **error);
void            sse_store_writer_post (SseStoreWriter              *self,
                                       SseMailList                 *jobs);
void            sse_store_writer_free (SseStoreWriter              *self);

G_END_DECLS
