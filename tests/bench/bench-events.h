/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * BenchEvent:
 * @id: (nullable): its id, @id_length bytes
 * @type: (nullable): its event type, @type_length bytes
 * @data: (nullable): its data, @data_length bytes; %NULL where a block has none
 * @bytes: of the whole block, the empty line at its end included
 *
 * One block of text/event-stream. The strings are in the buffer that was read and do not end with
 * a NUL.
 */
typedef struct
{
  const char *id;
  const char *type;
  const char *data;
  gsize id_length;
  gsize type_length;
  gsize data_length;
  gsize bytes;
} BenchEvent;

/**
 * BenchEvents:
 * @comments: comments so far
 * @retries: `retry:` fields so far
 *
 * Takes text/event-stream apart (WHATWG HTML, section 9.2.6): lines end with LF alone, and a block
 * has each field at most once. In the exact dialect nothing else is taken than comments, `retry:`,
 * and `id:`, `event:` and `data:` in this order; in the other one blocks may be empty and fields in
 * any order.
 */
typedef struct
{
  GString *partial;
  gboolean exact;
  guint64 comments;
  guint64 retries;
} BenchEvents;

/**
 * BenchEventsFound:
 *
 * Told of every block with an id, an event type or data.
 */
typedef gboolean (*BenchEventsFound) (const BenchEvent *event, gpointer user_data, GError **error);

void     bench_events_init  (BenchEvents      *self,
                             gboolean          exact);
void     bench_events_clear (BenchEvents      *self);
gboolean bench_events_feed  (BenchEvents      *self,
                             const char       *bytes,
                             gsize             length,
                             BenchEventsFound  found,
                             gpointer          user_data,
                             GError          **error);
gboolean bench_events_whole (const BenchEvents *self);

G_END_DECLS
