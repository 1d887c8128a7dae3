/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * SseEventCounts:
 *
 * A count for everyone and one for each user. A user whose count is 0 is not remembered: they see
 * what everyone sees.
 */
typedef struct _SseEventCounts SseEventCounts;

SseEventCounts *sse_event_counts_new          (guint                 max_audiences,
                                               gsize                 max_bytes);
void            sse_event_counts_free         (SseEventCounts       *self);

gboolean        sse_event_counts_set          (SseEventCounts       *self,
                                               const char           *audience,
                                               gint64                count,
                                               GError              **error);
gint64          sse_event_counts_get          (const SseEventCounts *self,
                                               const char           *audience);
gboolean        sse_event_counts_has_audience (const SseEventCounts *self,
                                               const char           *audience);

GVariant       *sse_event_counts_save         (const SseEventCounts *self);
gboolean        sse_event_counts_restore      (SseEventCounts       *self,
                                               GVariant             *state,
                                               GError              **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SseEventCounts, sse_event_counts_free)

G_END_DECLS
