/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

gboolean sse_sync_directory (const char  *path,
                             GError     **error);

G_END_DECLS
