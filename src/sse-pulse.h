/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-hub.h"

G_BEGIN_DECLS

/**
 * SsePulse:
 *
 * Feeds the service manager's watchdog, as long as everything that serves gives a sign of life: the
 * main thread, the thread that commits, if only by failing, and each worker, through a client of
 * its own. And tells the manager how it is, for people.
 */
typedef struct _SsePulse SsePulse;

SsePulse *sse_pulse_new  (SseHub    *hub,
                          GError   **error);
void      sse_pulse_stop (SsePulse  *self);
void      sse_pulse_free (SsePulse  *self);

G_END_DECLS
