/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-update.h"

G_BEGIN_DECLS

/* What the contract says of every stream: which bounds it has, how an unknown type is refused,
 * and what a saved state looks like. */

#define SSE_RULES_MAX_OBJECT_BYTES 16384
#define SSE_RULES_MAX_AUDIENCES    100000
#define SSE_RULES_MAX_STATE_BYTES  (256 * 1024 * 1024)

gboolean     sse_rules_check_kind      (const SseUpdate   *update,
                                        const char *const *known,
                                        GError           **error);

char        *sse_rules_encode          (JsonObject        *object,
                                        const char        *where,
                                        gsize              reserve,
                                        gsize             *length,
                                        GError           **error);
JsonNode    *sse_rules_decode          (const char        *text,
                                        GError           **error);

const char **sse_rules_dup_audiences   (GHashTable        *table,
                                        guint             *n_audiences);
gboolean     sse_rules_check_state     (GVariant          *state,
                                        const char        *type,
                                        GError           **error);
gboolean     sse_rules_check_audience  (const char        *previous,
                                        const char        *audience,
                                        GError           **error);
void         sse_rules_set_invalid     (GError           **error,
                                        const char        *format,
                                        ...) G_GNUC_PRINTF (2, 3);

G_END_DECLS
