/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

#define SSE_JSON_MAX_DEPTH 32

gboolean    sse_json_scan           (const char  *text,
                                     gsize        length,
                                     GError     **error);
JsonNode   *sse_json_parse          (const char  *text,
                                     gsize        length,
                                     GError     **error);
JsonNode   *sse_json_parse_again          (const char  *text,
                                     gsize        length,
                                     GError     **error);

gboolean    sse_json_get_object     (JsonObject  *parent,
                                     const char  *where,
                                     const char  *member,
                                     JsonObject **value,
                                     GError     **error);
gboolean    sse_json_get_array      (JsonObject  *parent,
                                     const char  *where,
                                     const char  *member,
                                     JsonArray  **value,
                                     GError     **error);
gboolean    sse_json_get_string     (JsonObject  *parent,
                                     const char  *where,
                                     const char  *member,
                                     const char **value,
                                     GError     **error);
gboolean    sse_json_get_count      (JsonObject  *parent,
                                     const char  *where,
                                     const char  *member,
                                     gint64      *value,
                                     GError     **error);
char       *sse_json_dup_id         (JsonObject  *parent,
                                     const char  *where,
                                     const char  *member,
                                     GError     **error);
gboolean    sse_json_get_element    (JsonArray   *array,
                                     const char  *where,
                                     guint        index,
                                     JsonObject **value,
                                     GError     **error);
gboolean    sse_json_check_members  (JsonObject        *object,
                                     const char        *where,
                                     const char *const *known,
                                     GError           **error);
void        sse_json_set_invalid    (GError     **error,
                                     const char  *where,
                                     const char  *member,
                                     const char  *format,
                                     ...) G_GNUC_PRINTF (4, 5);

void        sse_json_append_string  (GString     *out,
                                     const char  *utf8);
void        sse_json_append_node    (GString     *out,
                                     JsonNode    *node);
void        sse_json_append_object  (GString     *out,
                                     JsonObject  *object);

G_END_DECLS
