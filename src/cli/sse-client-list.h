/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

char *sse_client_list_print_readable (GVariant  *clients,
                                      GTimeZone *zone);
char *sse_client_list_print_json     (GVariant  *clients);

G_END_DECLS
