/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "bench-update.h"

G_BEGIN_DECLS

typedef struct _BenchPublisher BenchPublisher;

/**
 * BenchPublisherOptions:
 * @bus_name: (nullable): whom to call on the bus; %NULL for Rivulet
 * @webhook_secret: (nullable): what webhooks are signed with
 */
typedef struct
{
  const char *bus_name;
  const char *webhook_secret;
} BenchPublisherOptions;

/**
 * BenchPublisher:
 * @waiting: calls without an answer
 * @bound: how many of them there may be
 * @make: makes update @number of @length bytes
 * @send: publishes updates, in one call where the way has one for many
 * @turn: takes answers; waits at most @ms for one; fails where one is a refusal
 *
 * A way to publish: the start of a struct of its own. The functions are called by those of this
 * module alone.
 */
struct _BenchPublisher
{
  guint waiting;
  guint bound;
  BenchUpdate *(*make) (guint64 number, gsize length);
  gboolean (*send) (BenchPublisher *self, GPtrArray *updates, GError **error);
  gboolean (*turn) (BenchPublisher *self, guint ms, GError **error);
  void (*free) (BenchPublisher *self);
};

/* Each way to publish, by what stands before the colon: bus, post, webhook, line. */
BenchPublisher *bench_publisher_new_bus     (const char                  *address,
                                             const BenchPublisherOptions *options,
                                             GError                     **error);
BenchPublisher *bench_publisher_new_post    (const char                  *url,
                                             const BenchPublisherOptions *options,
                                             GError                     **error);
BenchPublisher *bench_publisher_new_webhook (const char                  *url,
                                             const BenchPublisherOptions *options,
                                             GError                     **error);
BenchPublisher *bench_publisher_new_line    (const char                  *path,
                                             const BenchPublisherOptions *options,
                                             GError                     **error);

BenchPublisher *bench_publisher_new         (const char                  *way,
                                             const BenchPublisherOptions *options,
                                             GError                     **error);
void            bench_publisher_free        (BenchPublisher              *self);
gboolean        bench_publisher_wait        (BenchPublisher              *self,
                                             guint                        at_most,
                                             guint                        bound_ms,
                                             GError                     **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BenchPublisher, bench_publisher_free)

G_END_DECLS
