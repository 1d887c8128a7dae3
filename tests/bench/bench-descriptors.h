/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

gboolean bench_descriptors_allow (guint    n_clients,
                                  GError **error);

G_END_DECLS
