/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-error.h"
#include "sse-fanout.h"
#include "sse-histogram.h"
#include "sse-source.h"

G_BEGIN_DECLS

/* What is counted, since the process began. Written where it happens, read where it is shown, all in
 * the main thread. */

/**
 * SseCounters:
 * @connections: those there are now, over HTTP
 * @max_connections: those that are served at once
 * @accepted: those that were accepted, ever; likewise all that follows
 * @refused_by_total: clients turned away because @max_connections were served already
 * @refused_by_address: because their address had its share; also those that were just closed
 * @refused_by_user: because their user had theirs
 * @tokens_refused: tokens that were not valid
 * @accept_pauses: how often nothing was accepted for a while, as descriptors or memory had run out
 *
 * Of a listener and its clients.
 */
typedef struct
{
  guint connections;
  guint max_connections;
  guint64 accepted;
  guint64 refused_by_total;
  guint64 refused_by_address;
  guint64 refused_by_user;
  guint64 tokens_refused;
  guint64 accept_pauses;
} SseCounters;

/**
 * SseStreamCounters:
 * @joined: clients that came
 * @left: clients that left, by #SseCloseReason
 * @updates: updates that its source was given, those of streams that it follows too, by #SseVerdict
 *
 * Of a stream.
 */
typedef struct
{
  guint64 joined;
  guint64 left[SSE_N_CLOSE_REASONS];
  guint64 updates[SSE_N_VERDICTS];
} SseStreamCounters;

/**
 * SsePublishingCounters:
 * @rejected: updates that were not applied, by the #SseError that their publisher was answered
 *   with; where it sent several at once, all of them
 * @commits: the time from when an update came until it was in the log
 *
 * Of what publishers sent, up to where it is applied.
 */
typedef struct
{
  guint64 rejected[SSE_N_ERRORS];
  SseHistogram commits;
} SsePublishingCounters;

G_END_DECLS
