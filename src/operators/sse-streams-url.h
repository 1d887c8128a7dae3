/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Where a browser reaches the streams: http or https, a host, a port or not, a path or not. */

gboolean sse_streams_url_check      (const char         *url,
                                     GError            **error);
char    *sse_streams_url_choose     (const char         *configured,
                                     const char *const  *addresses);
char    *sse_streams_url_dup_origin (const char         *url);

G_END_DECLS
