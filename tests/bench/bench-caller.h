/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "bench-times.h"

G_BEGIN_DECLS

/**
 * BenchCaller:
 *
 * A publisher in a thread of its own, which calls `Publish` over D-Bus, one call after the other,
 * with a quota for a user whom nobody follows: what a call takes, and nothing that is sent for it.
 */
typedef struct _BenchCaller BenchCaller;

BenchCaller *bench_caller_start  (const char  *address,
                                  const char  *bus_name,
                                  guint        n,
                                  GError     **error);
gboolean     bench_caller_finish (BenchCaller *self,
                                  BenchTimes  *times,
                                  guint       *calls,
                                  GError     **error);
void         bench_caller_free   (BenchCaller *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BenchCaller, bench_caller_free)

G_END_DECLS
