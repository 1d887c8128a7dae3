/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdatomic.h>

#include "sse-client.h"
#include "sse-link.h"

G_BEGIN_DECLS

/**
 * SseGroup:
 * @clients: (element-type SseClient): members
 * @pending: (array length=n_pending): what was sent to all of them since they were last written to,
 *   oldest first. It is kept here once, and written to each client from here: only what a client's
 *   socket does not take goes into that client's own queue.
 * @capacity: entries for which there is room
 * @dirty: in the list of groups with something pending
 *
 * The clients that get the same.
 */
typedef struct
{
  SseLink clients;
  SseEntry *pending;
  guint n_pending;
  guint capacity;
  SseLink dirty;
} SseGroup;

/**
 * SseGroupKind:
 * @SSE_GROUP_COMMON: clients of users who see what everyone sees
 * @SSE_GROUP_PERSONAL: clients of users who get views of their own
 * @SSE_GROUP_BEHIND: clients that get slices of what they missed; nothing is sent to it
 */
typedef enum
{
  SSE_GROUP_COMMON,
  SSE_GROUP_PERSONAL,
  SSE_GROUP_BEHIND,
  SSE_N_GROUPS,
} SseGroupKind;

/**
 * SseChannel:
 * @groups: by #SseGroupKind
 * @pushed: bytes that went into queues since the roster last set it to 0
 * @users: (element-type utf8 SseUser): users who have a client here, by name
 * @queued: bytes that wait for clients; written by the worker alone, read by any thread
 *
 * One worker's part of a channel.
 */
struct _SseChannel
{
  guint number;
  SseGroup groups[SSE_N_GROUPS];
  gsize pushed;
  GHashTable *users;
  atomic_size_t queued;
};

/**
 * SseUser:
 * @clients: (element-type SseClient): at least one
 *
 * A user in a channel.
 */
struct _SseUser
{
  SseChannel *channel;
  SseLink clients;
  gboolean personal;
  char name[];
};

void      sse_channel_init       (SseChannel      *self,
                                  guint            number);
void      sse_channel_clear      (SseChannel      *self);
SseUser  *sse_channel_find_user  (SseChannel      *self,
                                  const char      *name);
void      sse_channel_add        (SseChannel      *self,
                                  SseClient       *client,
                                  const char      *user,
                                  gboolean         personal);
void      sse_channel_regroup    (SseClient       *client);
void      sse_channel_remove     (SseClient       *client);
SseGroup *sse_client_get_group   (const SseClient *self);
GPtrArray *sse_channel_list      (const SseChannel *self,
                                  guint            max);

G_END_DECLS
