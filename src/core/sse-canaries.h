/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-fanout.h"

G_BEGIN_DECLS

/**
 * SseCanaries:
 *
 * A client at each worker of the fan-out that is none: what is sent to it comes back here, if the
 * worker and its sockets are alive.
 */
typedef struct _SseCanaries SseCanaries;

/* Told once of each beat, in the main context. */
typedef void (*SseCanariesDone) (gpointer user_data);

SseCanaries *sse_canaries_new  (SseFanout       *fanout,
                                guint            channel,
                                guint            n_workers,
                                GError         **error);
void         sse_canaries_free (SseCanaries     *self);
void         sse_canaries_beat (SseCanaries     *self,
                                SseCanariesDone  done,
                                gpointer         user_data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SseCanaries, sse_canaries_free)

G_END_DECLS
