/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "bench-address.h"
#include "bench-events.h"
#include "bench-expected.h"
#include "bench-framing.h"

G_BEGIN_DECLS

/**
 * BenchRules:
 * @expected: what was published
 * @exact: whether the server speaks Rivulet's dialect: `retry:`, one event `events`, then
 *   `new-event`, with ids `<epoch>-<position>` that never go backwards; else any events are taken
 *   whose data is right
 * @prefix: (nullable): of several streams on one connection, the name and the slash before the
 *   types of the one that is looked at; of the others' events, the ids are
 * @address: where the server is
 * @head: the first client's head, without `Date`; all others' must be the same
 * @first: the first client's `events`; the same holds
 * @epoch: the first client's epoch; the same holds
 * @left: (nullable): the epoch in which clients left; those that come back name it
 * @event_bytes: of the newest event as it was received
 * @unstamped: events without a time from the kernel
 *
 * What all clients have in common.
 */
typedef struct
{
  BenchExpected *expected;
  gboolean exact;
  char *prefix;
  BenchAddress address;
  GString *head;
  GString *first;
  GString *epoch;
  GString *left;
  gsize event_bytes;
  guint64 unstamped;
} BenchRules;

/**
 * BenchClientState:
 * @BENCH_CLIENT_CONNECTING: the connection is not there yet
 * @BENCH_CLIENT_WAITING: the request was sent
 * @BENCH_CLIENT_READY: it has the head, and the first event where there is one; one that resumes
 *   has what it missed, and the list behind it
 * @BENCH_CLIENT_CLOSED: there is none
 */
typedef enum
{
  BENCH_CLIENT_CLOSED,
  BENCH_CLIENT_CONNECTING,
  BENCH_CLIENT_WAITING,
  BENCH_CLIENT_READY,
} BenchClientState;

/**
 * BenchClient:
 * @number: from 0
 * @stalled: it does not read
 * @resumes: it was there before, and says which event it had last
 * @headed: its response's head was checked
 * @next: how many of the events expected it has
 * @arrived: when the last byte of the newest of them came in, in ns since 1970 UTC, as the kernel
 *   saw it
 * @began: when it began to connect, in the same ns
 *
 * One subscriber, which checks every byte it gets.
 */
typedef struct
{
  BenchRules *rules;
  guint number;
  int fd;
  BenchClientState state;
  gboolean stalled;
  gboolean resumes;
  gboolean headed;
  guint next;
  gint64 arrived;
  gint64 began;
  guint64 position;
  BenchFraming framing;
  BenchEvents events;
} BenchClient;

void     bench_rules_forget      (BenchRules  *rules);
void     bench_rules_leave       (BenchRules  *rules);
void     bench_rules_clear       (BenchRules  *rules);

gboolean bench_client_open       (BenchClient *self,
                                  BenchRules  *rules,
                                  guint        number,
                                  gboolean     stalled,
                                  GError     **error);
gboolean bench_client_return     (BenchClient *self,
                                  GError     **error);
gboolean bench_client_send       (BenchClient *self,
                                  const char  *token,
                                  GError     **error);
gboolean bench_client_read       (BenchClient *self,
                                  char        *buffer,
                                  gsize        size,
                                  GError     **error);
void     bench_client_close      (BenchClient *self);

G_END_DECLS
