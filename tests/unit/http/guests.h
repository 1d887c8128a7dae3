/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-listener.h"

#include "fixture.h"

#define HOST    "Host: localhost\r\n"
#define REQUEST "GET /x?token=t HTTP/1.1\r\n" HOST "\r\n"
#define STAY    "GET /stay HTTP/1.1\r\n" HOST "\r\n"

/* Of one upload. */
#define GUESTS_MAX_BODY 900

/**
 * Guest:
 *
 * A connection that was admitted.
 */
typedef struct
{
  GSocketConnection *connection;
  SseAdmission *admission;
} Guest;

/**
 * Guests:
 * @listener: on an address of its own; it refuses the path `/refuse`, and `/stay` where there is no
 *   room
 * @address: that address
 * @admitted: (element-type Guest): whom it let in; they leave when they are removed
 * @uploads: (element-type SseUpload): what was posted; those leave that are removed
 * @counters: what it counted
 * @n_asked: how many requests were asked about
 *
 * A listener and what it has let in. The data of a test are its options, or %NULL.
 */
typedef struct
{
  SseListener *listener;
  const char *address;
  GPtrArray *admitted;
  GPtrArray *uploads;
  SseCounters counters;
  guint n_asked;
} Guests;

extern const SseListenerFuncs guests_funcs;

void guests_set_up          (Guests       *guests,
                             gconstpointer options);
void guests_tear_down       (Guests       *guests,
                             gconstpointer options);

int  guests_connect         (Guests       *guests,
                             const char   *text);
int  guests_connect_from    (Guests       *guests,
                             const char   *source,
                             const char   *text);
void guests_assert_status   (const char   *answer,
                             guint         status);
void guests_assert_answered (Guests       *guests,
                             int           fd,
                             guint         status);
