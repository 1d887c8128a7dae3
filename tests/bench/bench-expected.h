/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * BenchExpected:
 *
 * The data of all events that were published, in order: what every client must get, each once.
 */
typedef struct _BenchExpected BenchExpected;

BenchExpected *bench_expected_new   (void);
void           bench_expected_free  (BenchExpected       *self);
void           bench_expected_add   (BenchExpected       *self,
                                     const char          *text,
                                     const char          *tail);
guint          bench_expected_count (const BenchExpected *self);
gboolean       bench_expected_check (const BenchExpected *self,
                                     guint                next,
                                     const char          *data,
                                     gsize                length,
                                     GError             **error);
gboolean       bench_expected_check_list
                                    (const BenchExpected *self,
                                     guint                next,
                                     const char          *data,
                                     gsize                length,
                                     GError             **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BenchExpected, bench_expected_free)

G_END_DECLS
