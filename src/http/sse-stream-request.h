/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What a request about streams says: whose it is, where it was, which streams it is about where the
 * path does not say, and whom an update is for. */

char    *sse_stream_request_dup_token         (const char *authorization,
                                               const char *query);
char    *sse_stream_request_dup_cookie        (const char *cookies,
                                               const char *name);
char    *sse_stream_request_dup_last_event_id (const char *header,
                                               const char *query);
GStrv    sse_stream_request_read_streams      (const char *query,
                                               guint       max,
                                               GError    **error);
gboolean sse_stream_request_read_audience     (const char *query,
                                               char      **audience,
                                               GError    **error);

G_END_DECLS
