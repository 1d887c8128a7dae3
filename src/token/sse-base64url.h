/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

char *sse_base64url_encode (const guint8 *bytes,
                            gsize         length);
char *sse_base64url_decode (const char   *text,
                            gsize         size,
                            gsize        *length);

G_END_DECLS
