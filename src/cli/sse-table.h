/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

char *sse_table_print (GPtrArray  *rows,
                       const char *alignment);
char *sse_table_bytes (guint64     bytes);

G_END_DECLS
