/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * SseError:
 * @SSE_ERROR_UNKNOWN_STREAM: no stream has that name
 * @SSE_ERROR_INVALID_UPDATE: the update has the wrong shape; the message names the member
 * @SSE_ERROR_REFUSED: the update has the right shape and cannot be applied (an unknown id, a bound)
 * @SSE_ERROR_NOT_AUTHORIZED: the publisher did not prove who it is
 * @SSE_ERROR_TOO_LARGE: the update is over the configured size
 * @SSE_ERROR_BUSY: too many updates wait already; push again later
 * @SSE_ERROR_STORE_FAILED: the log could not take it; whether it did is unknown, push again
 *
 * Why an update was not taken. What other layers call these (D-Bus error names, HTTP statuses)
 * stands in one table in each of those layers.
 */
typedef enum
{
  SSE_ERROR_UNKNOWN_STREAM,
  SSE_ERROR_INVALID_UPDATE,
  SSE_ERROR_REFUSED,
  SSE_ERROR_NOT_AUTHORIZED,
  SSE_ERROR_TOO_LARGE,
  SSE_ERROR_BUSY,
  SSE_ERROR_STORE_FAILED,
} SseError;

#define SSE_N_ERRORS (SSE_ERROR_STORE_FAILED + 1)
#define SSE_ERROR    (sse_error_quark ())

GQuark sse_error_quark (void);
char  *sse_error_clip  (const char *text);

G_END_DECLS
