/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libsoup/soup.h>

G_BEGIN_DECLS

/* Where a server is: "http://HOST:PORT", perhaps with a path's beginning, or "unix:PATH". */

GUri        *sse_target_make_uri     (const char  *target,
                                      const char  *path,
                                      GError     **error);
SoupSession *sse_target_make_session (const char  *target);

G_END_DECLS
