/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-store.h"

G_BEGIN_DECLS

/* When what the tests append was accepted, in µs, and how long that may be kept. */
#define ACCEPTED G_GINT64_CONSTANT (946684800000000)
#define FOR_EVER 400000

/* A store in a directory of its own, and what it told. */
typedef struct
{
  char *directory;
  SseStoreOptions options;
  SseLog *log;          /* NULL while it is closed */
  GPtrArray *committed; /* SseUpdate, of all emissions */
  GArray *commits;      /* guint: how many came with each emission */
  GPtrArray *failures;  /* messages, one for each append that failed */
  guint n_due;
  guint64 due_position; /* that the last one was to cover */
  gboolean due_full;    /* and whether with all states */
  guint n_changed;
  guint n_pushed;
  GString *loaded; /* a line for each thing that it was loaded with */
} Store;

void store_init (Store *store);
void store_clear (Store *store);
void store_set_up (Store *store, gconstpointer data);
void store_tear_down (Store *store, gconstpointer data);

void store_open (Store *store);
void store_open_for (Store *store, const char *const *streams);
void store_close (Store *store);

SseUpdate *store_new_update (Store *store,
                             const char *stream,
                             const char *audience,
                             const char *value);
void store_append (Store *store, SseUpdate *first, ...) G_GNUC_NULL_TERMINATED;
void store_push (Store *store, const char *stream, const char *audience, const char *value);
void store_wait (Store *store, guint n_committed);
void store_publish (Store *store, const char *stream, const char *audience, const char *value);
void store_keep (Store *store,
                 const char *stream,
                 guint64 position,
                 const char *audience,
                 const char *members);
void store_save (Store *store,
                 guint64 position,
                 const char *stream,
                 GVariant *state,
                 ...) G_GNUC_NULL_TERMINATED;
char *store_read (Store *store,
                  const char *stream,
                  const char *user,
                  guint64 position,
                  gsize max_bytes);

char *store_get_path (Store *store, const char *suffix);
char *store_find_aside (Store *store, const char *why);
gint64 store_query (Store *store, const char *sql);
void store_wait_for (Store *store, const char *sql, gint64 expected);
void store_exec (Store *store, const char *sql);

GBytes *file_read (const char *path);
void file_write (const char *path, GBytes *bytes);
void directory_remove (const char *path);
void directory_copy (const char *from, const char *to);

G_END_DECLS
