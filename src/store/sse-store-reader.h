/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-store-mail.h"

G_BEGIN_DECLS

/**
 * SseStoreReader:
 *
 * The thread that reads what clients missed from the log's file, with a connection of its own.
 */
typedef struct _SseStoreReader SseStoreReader;

SseStoreReader *sse_store_reader_new  (const char      *path,
                                       SseMailbox      *notes,
                                       GError         **error);
void            sse_store_reader_ask  (SseStoreReader  *self,
                                       const char      *stream,
                                       const char      *user,
                                       guint64          position,
                                       gsize            max_bytes,
                                       SseLogRead       func,
                                       gpointer         user_data);
void            sse_store_reader_pause
                                      (SseStoreReader  *self);
void            sse_store_reader_resume
                                      (SseStoreReader  *self);
void            sse_store_reader_tell (SseStoreReader  *self,
                                       SseStoreNote    *note);
void            sse_store_reader_free (SseStoreReader  *self);

G_END_DECLS
