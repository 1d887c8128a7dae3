/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-database.h"

G_BEGIN_DECLS

/* The log's tables, and how older ones become these. */

gboolean sse_schema_create  (SseDatabase  *database,
                             GError      **error);
gboolean sse_schema_check   (SseDatabase  *database,
                             GError      **error);
gboolean sse_schema_migrate (SseDatabase  *database,
                             GError      **error);

G_END_DECLS
