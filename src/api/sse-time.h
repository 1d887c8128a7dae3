/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

gboolean sse_time_parse  (const char *text,
                          gint64     *microseconds);
char    *sse_time_format (gint64      microseconds);

G_END_DECLS
