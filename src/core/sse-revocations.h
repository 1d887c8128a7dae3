/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-source.h"

G_BEGIN_DECLS

#define SSE_REVOCATIONS_STREAM "revocations"

/* How many users' revocations are kept. */
#define SSE_REVOCATIONS_MAX 100000

/* Of a token that does not say when it was issued. */
#define SSE_REVOCATIONS_NEVER G_MININT64

/**
 * SseRevocations:
 *
 * Whose tokens are refused that were issued up to which second. It is a source like those of
 * streams, so that the log keeps it; but it is built in, and nobody follows it. Where there are more
 * users than it keeps, it drops the oldest revocation, and refuses all tokens, whosever they are,
 * that were issued up to that second: so none of those that it had refused becomes valid again,
 * unless it does not say when it was issued.
 */
#define SSE_TYPE_REVOCATIONS (sse_revocations_get_type ())
G_DECLARE_FINAL_TYPE (SseRevocations, sse_revocations, SSE, REVOCATIONS, GObject)

SseUpdate *sse_revocations_new_update (const char           *user);
gboolean   sse_revocations_cover      (const SseRevocations *self,
                                       const char           *user,
                                       gint64                issued);
gint64     sse_revocations_get_last   (const SseRevocations *self,
                                       const char           *user);

G_END_DECLS
