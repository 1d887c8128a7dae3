/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define BENCH_BUS_NAME       "io.github.rivulet.Rivulet"
#define BENCH_BUS_PATH       "/io/github/rivulet/Rivulet"
#define BENCH_BUS_INTERFACE  "io.github.rivulet.Rivulet1.Publisher"
#define BENCH_BUS_TIMEOUT_MS 60000

GDBusConnection *bench_bus_connect (const char  *address,
                                    GError     **error);

G_END_DECLS
