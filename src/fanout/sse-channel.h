/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdatomic.h>

#include "sse-client.h"
#include "sse-link.h"

G_BEGIN_DECLS

/**
 * SseGroup:
 * @in_channel: in its channel's groups
 * @personal: the parts of the channel, as bits, in which its users get views of their own
 * @n_users: how many those are, also those of whom all clients are behind
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
  SseLink in_channel;
  guint32 personal;
  guint n_users;
  SseLink clients;
  SseEntry *pending;
  guint n_pending;
  guint capacity;
  SseLink dirty;
} SseGroup;

/**
 * SseChannel:
 * @groups: (element-type SseGroup): those with users, and @behind
 * @behind: clients that get slices of what they missed; nothing is sent to it
 * @pushed: (not owned): counts the bytes that go into queues, in all channels of the worker
 * @users: (element-type utf8 SseUser) (nullable): users who have a client here, by name; %NULL
 *   where there are none
 * @queued: bytes that wait for clients; written by the worker alone, read by any thread
 *
 * One worker's part of a channel.
 */
struct _SseChannel
{
  guint number;
  SseLink groups;
  SseGroup behind;
  gsize *pushed;
  GHashTable *users;
  atomic_size_t queued;
};

/**
 * SseUser:
 * @clients: (element-type SseClient): at least one
 * @group: where those of them are that are not behind
 *
 * A user in a channel.
 */
struct _SseUser
{
  SseChannel *channel;
  SseLink clients;
  SseGroup *group;
  char name[];
};

void      sse_channel_init       (SseChannel      *self,
                                  guint            number,
                                  gsize           *pushed);
void      sse_channel_clear      (SseChannel      *self);
SseUser  *sse_channel_find_user  (SseChannel      *self,
                                  const char      *name);
void      sse_channel_add        (SseChannel      *self,
                                  SseClient       *client,
                                  const char      *user,
                                  guint32          personal);
void      sse_channel_set_personal
                                 (SseUser         *user,
                                  guint32          personal);
void      sse_channel_regroup    (SseClient       *client);
void      sse_channel_remove     (SseClient       *client);
void      sse_group_drop_if_unused
                                 (SseGroup        *self);
SseGroup *sse_client_get_group   (const SseClient *self);
GPtrArray *sse_channel_list      (const SseChannel *self,
                                  guint            max);

G_END_DECLS
