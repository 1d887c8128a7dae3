/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A message of the log has several updates: committing them together costs the servers as much as
 * one. JetStream numbers messages, without gaps, and an update's position is made of that
 * sequence number and of its place in the message: 17003 is the fourth update in message 17. */

/* Of one message, at most. */
#define SSE_NATS_MAX_UPDATES 1000

/**
 * sse_nats_position:
 * @sequence: of a message; 0 is before all
 * @place: of an update in it, from 0 on; 0 also stands for a message that has none
 */
static inline guint64
sse_nats_position (guint64 sequence, guint place)
{
  return sequence * SSE_NATS_MAX_UPDATES + place;
}

static inline guint64
sse_nats_position_get_sequence (guint64 position)
{
  return position / SSE_NATS_MAX_UPDATES;
}

G_END_DECLS
