/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/**
 * SseQuotaTable:
 *
 * The quota that was published for everyone, and those published for one user.
 */
typedef struct _SseQuotaTable SseQuotaTable;

gboolean       sse_quota_check              (JsonObject          *quota,
                                             const char          *where,
                                             GError             **error);

SseQuotaTable *sse_quota_table_new          (guint                max_audiences,
                                             gsize                max_bytes);
void           sse_quota_table_free         (SseQuotaTable       *self);

gboolean       sse_quota_table_set          (SseQuotaTable       *self,
                                             const char          *audience,
                                             JsonObject          *quota,
                                             GError             **error);
const char    *sse_quota_table_get          (const SseQuotaTable *self,
                                             const char          *audience);
gboolean       sse_quota_table_has_audience (const SseQuotaTable *self,
                                             const char          *audience);

GVariant      *sse_quota_table_save         (const SseQuotaTable *self);
gboolean       sse_quota_table_restore      (SseQuotaTable       *self,
                                             GVariant            *state,
                                             GError             **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SseQuotaTable, sse_quota_table_free)

G_END_DECLS
