/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-answer.h"
#include "sse-counters.h"
#include "sse-fanout.h"
#include "sse-peer.h"

G_BEGIN_DECLS

/**
 * SseGateOptions:
 * @max_connections: those that are served at once, where no more than @max_connections may stay
 * @max_per_address: likewise of one address; 0: no limit
 * @max_per_user: streams of one user at once; 0: no limit
 * @max_body_bytes: what all requests under way may have brought of body together
 *
 * A limit of connections of an address or a user counts those that come while it is there.
 *
 * A few connections more than the first two are let in, so that they can be told to come back, and
 * so that what is soon done is served at the limit too.
 */
typedef struct
{
  guint max_connections;
  guint max_per_address;
  guint max_per_user;
  guint32 max_body_bytes;
} SseGateOptions;

/**
 * SseGate:
 *
 * Counts connections from when they are accepted until each of them is gone, in all, by address and
 * by user, and the bytes of body that they brought. All in one thread.
 */
typedef struct _SseGate SseGate;

/**
 * SseAdmission:
 *
 * One connection that was let in. It counts as long as anybody holds it.
 */
typedef struct _SseAdmission SseAdmission;

/* Told when a connection is gone. */
typedef void (*SseGateLeft) (gpointer user_data);

SseGate      *sse_gate_new                (const SseGateOptions          *options,
                                           SseCounters                   *counters,
                                           SseGateLeft                    left,
                                           gpointer                       user_data);
void          sse_gate_configure          (SseGate                       *self,
                                           const SseGateOptions          *options);
void          sse_gate_close              (SseGate                       *self);
guint         sse_gate_get_connections    (const SseGate                 *self);
gboolean      sse_gate_is_full            (const SseGate                 *self);

SseAnswer    *sse_gate_refuse_body        (const SseGate                 *self,
                                           gint64                         body_bytes);
SseAdmission *sse_gate_admit              (SseGate                       *self,
                                           const struct sockaddr_storage *peer);

SseAdmission *sse_admission_ref           (SseAdmission                  *self);
void          sse_admission_unref         (SseAdmission                  *self);
gboolean      sse_admission_has_room      (SseAdmission                  *self);
void          sse_admission_serve         (SseAdmission                  *self);
SseAnswer    *sse_admission_hold_body     (SseAdmission                  *self,
                                           gsize                          more);
void          sse_admission_release_body  (SseAdmission                  *self);
gboolean      sse_admission_take_user     (SseAdmission                  *self,
                                           const char                    *user);
SseTicket    *sse_admission_make_ticket   (SseAdmission                  *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SseAdmission, sse_admission_unref)

G_END_DECLS
