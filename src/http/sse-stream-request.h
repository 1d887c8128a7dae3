/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What a request for a stream says: whose it is, and where it was. */

char *sse_stream_request_dup_token         (const char *authorization,
                                            const char *query);
char *sse_stream_request_dup_cookie         (const char *cookies,
                                             const char *name);
char *sse_stream_request_dup_last_event_id (const char *header,
                                            const char *query);

G_END_DECLS
