/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/**
 * BenchProcesses:
 *
 * The processes of a server: those that were named, and all that descend from them.
 */
typedef struct _BenchProcesses BenchProcesses;

BenchProcesses *bench_processes_new        (void);
void            bench_processes_free       (BenchProcesses *self);
void            bench_processes_add        (BenchProcesses *self,
                                            pid_t           pid);
gboolean        bench_processes_any        (BenchProcesses *self);
gboolean        bench_processes_cpu        (BenchProcesses *self,
                                            gint64         *ns,
                                            GError        **error);
gboolean        bench_processes_memory     (BenchProcesses *self,
                                            gint64         *bytes,
                                            GError        **error);
gboolean        bench_processes_wait_still (BenchProcesses *self,
                                            guint           ms,
                                            guint           bound_ms,
                                            GError        **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BenchProcesses, bench_processes_free)

G_END_DECLS
