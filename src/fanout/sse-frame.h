/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * SseFrame:
 *
 * Bytes on their way to clients, made once and never changed: a chunk header, a body and CRLF in
 * one buffer, so that HTTP/1.1 sends all of it and HTTP/1.0 its middle. The reference count is
 * atomic.
 */
typedef struct _SseFrame SseFrame;

SseFrame   *sse_frame_new_body  (const char     *body,
                                 gsize           length);
SseFrame   *sse_frame_new_event (const char     *id,
                                 const char     *event_type,
                                 const char     *members,
                                 gsize           length);
SseFrame   *sse_frame_new_prefixed
                                (const SseFrame *event,
                                 const char     *prefix);
SseFrame   *sse_frame_new_raw   (const char     *bytes,
                                 gsize           length);
SseFrame   *sse_frame_ref       (SseFrame       *self);
void        sse_frame_unref     (SseFrame       *self);

const char *sse_frame_get_bytes (const SseFrame *self,
                                 gboolean        chunked,
                                 gsize          *length);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SseFrame, sse_frame_unref)

G_END_DECLS
