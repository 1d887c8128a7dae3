/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-fixture.h"
#include "store-fixture.h"

G_BEGIN_DECLS

/* A hub over a store in a directory of its own, which ends and begins again. */
typedef struct
{
  Fixture hub;
  char *directory;
  SseStoreOptions options;
  SseLog *log;
} Kept;

void kept_set_up (Kept *kept, gconstpointer data);
void kept_tear_down (Kept *kept, gconstpointer data);

void kept_begin (Kept *kept, const char *probe, ...) G_GNUC_NULL_TERMINATED;
void kept_end (Kept *kept);
void kept_kill (Kept *kept);

void kept_publish (Kept *kept, const char *audience, const char *kind, const char *value);
char *kept_dup_id (Kept *kept, guint64 position);
gint64 kept_query (Kept *kept, const char *sql);
void kept_exec (Kept *kept, const char *sql);
void kept_expect (Kept *kept,
                  const char *stream,
                  const char *user,
                  const char *id,
                  const char *expected);

G_END_DECLS
