/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

char    *sse_event_id_format (const char *epoch,
                              guint64     position);
char    *sse_event_id_format_unfinished
                             (const char *epoch,
                              guint64     position);
gboolean sse_event_id_parse  (const char *id,
                              char      **epoch,
                              guint64    *position);

G_END_DECLS
