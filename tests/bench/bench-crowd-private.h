/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bench-client.h"
#include "bench-crowd.h"

G_BEGIN_DECLS

#define BENCH_CROWD_BUFFER (256 * 1024)

/**
 * BenchCrowd:
 * @n_waiting: clients that are neither closed nor ready
 * @n_behind: clients that lack events, but for those that do not read
 */
struct _BenchCrowd
{
  BenchRules rules;
  BenchClient *clients;
  guint n_clients;
  guint n_stalled;
  guint n_waiting;
  guint n_behind;
  char **tokens;
  guint n_tokens;
  int epoll;
  gboolean progress;
  char buffer[BENCH_CROWD_BUFFER];
};

gboolean bench_crowd_watch (BenchCrowd  *self,
                            BenchClient *client,
                            GError     **error);

G_END_DECLS
