/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

char *sse_status_print_readable (GVariant   *server,
                                 GVariant   *objects,
                                 const char *bus);
char *sse_status_print_json     (GVariant   *server,
                                 GVariant   *objects);

G_END_DECLS
