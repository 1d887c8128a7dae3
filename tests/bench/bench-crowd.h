/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "bench-times.h"

G_BEGIN_DECLS

/**
 * BenchCrowd:
 *
 * Many subscribers of one server in one thread, with one epoll descriptor.
 */
typedef struct _BenchCrowd BenchCrowd;

BenchCrowd *bench_crowd_new             (const char   *url,
                                         gboolean      exact,
                                         const char   *stream,
                                         GError      **error);
void        bench_crowd_free            (BenchCrowd   *self);
void        bench_crowd_set_tokens      (BenchCrowd   *self,
                                         char        **tokens);
void        bench_crowd_set_progress    (BenchCrowd   *self,
                                         gboolean      progress);
gboolean    bench_crowd_set_watched     (BenchCrowd   *self,
                                         gboolean      watched,
                                         GError      **error);
void        bench_crowd_expect          (BenchCrowd   *self,
                                         const char   *text,
                                         const char   *tail);

gboolean    bench_crowd_connect         (BenchCrowd   *self,
                                         guint         n_clients,
                                         guint         n_at_once,
                                         GError      **error);
gboolean    bench_crowd_stall           (BenchCrowd   *self,
                                         guint         n_clients,
                                         GError      **error);
gboolean    bench_crowd_resume          (BenchCrowd   *self,
                                         GError      **error);
gboolean    bench_crowd_read_all        (BenchCrowd   *self,
                                         guint         bound_ms,
                                         GError      **error);
gboolean    bench_crowd_read_for        (BenchCrowd   *self,
                                         guint         ms,
                                         GError      **error);
void        bench_crowd_disconnect      (BenchCrowd   *self);

gboolean    bench_crowd_leave           (BenchCrowd   *self,
                                         GError      **error);
gboolean    bench_crowd_has_left        (BenchCrowd   *self);
gboolean    bench_crowd_return          (BenchCrowd   *self,
                                         guint         n_at_once,
                                         GError      **error);
gboolean    bench_crowd_wait_ready      (BenchCrowd   *self,
                                         guint         at_most,
                                         GError      **error);

guint       bench_crowd_get_clients     (BenchCrowd   *self);
guint       bench_crowd_get_stalled     (BenchCrowd   *self);
guint       bench_crowd_get_behind      (BenchCrowd   *self);
gsize       bench_crowd_get_event_bytes (BenchCrowd   *self);
guint64     bench_crowd_get_comments    (BenchCrowd   *self);
guint64     bench_crowd_get_unstamped   (BenchCrowd   *self);
void        bench_crowd_get_times       (BenchCrowd   *self,
                                         gint64        since,
                                         BenchTimes   *times);
void        bench_crowd_get_return_times
                                        (BenchCrowd   *self,
                                         BenchTimes   *times);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BenchCrowd, bench_crowd_free)

G_END_DECLS
