/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * SseFeed:
 *
 * Publishes what comes in, one update a line, in order, with a bounded number of calls and bytes
 * under way. Refused lines are named on standard error.
 */
typedef struct _SseFeed SseFeed;

/**
 * SseFeedTotals:
 * @published: updates that were taken
 * @refused: updates that were not
 * @unknown: updates of which that is unknown, because no answer came
 * @first_unknown: the first line of those
 */
typedef struct
{
  guint64 published;
  guint64 refused;
  guint64 unknown;
  guint64 first_unknown;
} SseFeedTotals;

SseFeed *sse_feed_new      (GDBusConnection     *connection,
                            GBusType             bus,
                            const char          *stream,
                            const char          *audience,
                            GInputStream        *input,
                            gboolean             progress);
void     sse_feed_free     (SseFeed             *self);
gboolean sse_feed_run      (SseFeed             *self,
                            SseFeedTotals       *totals,
                            GError             **error);
void     sse_feed_stop     (SseFeed             *self);
char    *sse_feed_describe (const SseFeedTotals *totals);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SseFeed, sse_feed_free)

G_END_DECLS
