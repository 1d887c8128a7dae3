/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-hub"

#include "config.h"

#include "sse-journal.h"
#include "sse-stream-parts.h"

/**
 * sse_stream_disable:
 * @reason: why, for people
 *
 * Serves it no more, until the daemon is started again: its clients are to leave, and it takes
 * neither updates nor clients. Nothing happens where it is disabled already.
 */
void
sse_stream_disable (SseStream *self, const char *reason)
{
  if (!sse_stream_is_enabled (self))
    return;
  sse_journal (G_LOG_LEVEL_WARNING, SSE_JOURNAL_STREAM_DISABLED,
               SSE_JOURNAL_FIELDS ({ "SSE_STREAM", self->name }), "%s is disabled: %s", self->name,
               reason);
  self->error = g_strdup (reason);
  sse_stream_turn_out (self);
  sse_stream_tell_changed (self);
}

/* Lets clients leave that one may have which is disabled: they were on their way to it. */
void
sse_stream_turn_out (SseStream *self)
{
  if (!sse_stream_is_enabled (self) && self->viewers != NULL)
    sse_viewers_end_all (self->viewers);
}
