/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/**
 * SseUpdate:
 *
 * What a publisher pushes: one JSON object for one stream, for everyone or for one audience.
 * Its text never changes; position and time are set once, when the log has accepted it.
 * The reference count is atomic, all else belongs to one thread at a time.
 */
typedef struct _SseUpdate SseUpdate;

SseUpdate  *sse_update_new          (const char *stream,
                                     const char *audience,
                                     GBytes     *json);
SseUpdate  *sse_update_ref          (SseUpdate  *self);
void        sse_update_unref        (SseUpdate  *self);

gboolean    sse_update_parse        (SseUpdate  *self,
                                     GError    **error);
gboolean    sse_update_parse_again  (SseUpdate  *self,
                                     GError    **error);

const char *sse_update_get_stream   (const SseUpdate *self);
const char *sse_update_get_audience (const SseUpdate *self);
GBytes     *sse_update_get_json     (const SseUpdate *self);
JsonObject *sse_update_get_object   (const SseUpdate *self);
const char *sse_update_get_kind     (const SseUpdate *self);

guint64     sse_update_get_position (const SseUpdate *self);
void        sse_update_set_position (SseUpdate       *self,
                                     guint64          position);
gint64      sse_update_get_accepted (const SseUpdate *self);
void        sse_update_set_accepted (SseUpdate       *self,
                                     gint64           accepted);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SseUpdate, sse_update_unref)

G_END_DECLS
