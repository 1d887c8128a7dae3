/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * BenchUpdate:
 * @id: its own, no other update has it
 * @body: what is published
 * @data: the data of the event that clients get for it, or its beginning
 * @tail: (nullable): the end of the data, where the server puts a time of its own between
 *
 * What is published once.
 */
typedef struct
{
  char *id;
  char *body;
  char *data;
  char *tail;
} BenchUpdate;

BenchUpdate *bench_update_new         (guint64      number,
                                       gsize        length);
BenchUpdate *bench_update_new_webhook (guint64      number);
void         bench_update_free        (BenchUpdate *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BenchUpdate, bench_update_free)

G_END_DECLS
