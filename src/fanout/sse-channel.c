/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-channel.h"

#include <string.h>

#include "sse-queue.h"

static void
group_init (SseGroup *self)
{
  sse_link_init (&self->clients);
  self->pending = NULL;
  self->n_pending = 0;
  self->capacity = 0;
  sse_link_init (&self->dirty);
}

/**
 * sse_channel_init:
 * @number: the channel's number
 */
void
sse_channel_init (SseChannel *self, guint number)
{
  self->number = number;
  self->pushed = 0;
  for (guint i = 0; i < SSE_N_GROUPS; i++)
    group_init (&self->groups[i]);
  self->users = g_hash_table_new (g_str_hash, g_str_equal);
  atomic_init (&self->queued, 0);
}

/* Ends a channel that has neither clients nor anything pending. */
void
sse_channel_clear (SseChannel *self)
{
  for (guint i = 0; i < SSE_N_GROUPS; i++)
    g_free (self->groups[i].pending);
  g_hash_table_unref (self->users);
}

/**
 * sse_channel_find_user:
 *
 * Returns: (transfer none) (nullable): the user, %NULL where they have no client here
 */
SseUser *
sse_channel_find_user (SseChannel *self, const char *name)
{
  return g_hash_table_lookup (self->users, name);
}

/**
 * sse_channel_add:
 * @client: a client that is in no channel, behind or not
 * @user: its user's name
 * @personal: whether the user gets views of their own; used where it is the user's first client
 *
 * What is pending for the client's group already is not for this client.
 */
void
sse_channel_add (SseChannel *self, SseClient *client, const char *user, gboolean personal)
{
  SseUser *entry = sse_channel_find_user (self, user);

  if (entry == NULL)
    {
      gsize size = strlen (user) + 1;

      entry = g_malloc (G_STRUCT_OFFSET (SseUser, name) + size);
      entry->channel = self;
      sse_link_init (&entry->clients);
      entry->personal = personal;
      memcpy (entry->name, user, size);
      g_hash_table_insert (self->users, entry->name, entry);
    }

  client->user = entry;
  sse_link_append (&entry->clients, &client->of_user);
  sse_channel_regroup (client);
}

/**
 * sse_channel_regroup:
 *
 * Moves a client to where it belongs now. What is pending there already is not for it.
 */
void
sse_channel_regroup (SseClient *client)
{
  SseGroup *group = sse_client_get_group (client);

  sse_link_remove (&client->in_group);
  sse_link_append (&group->clients, &client->in_group);
  client->taken = group->n_pending;
}

/**
 * sse_channel_remove:
 * @client: a client in a channel; with the last one of a user, the user is forgotten
 */
void
sse_channel_remove (SseClient *client)
{
  SseUser *user = g_steal_pointer (&client->user);

  sse_link_remove (&client->in_group);
  sse_link_remove (&client->of_user);
  if (!sse_link_is_linked (&user->clients))
    {
      g_hash_table_remove (user->channel->users, user->name);
      g_free (user);
    }
}

/**
 * sse_client_get_group:
 *
 * Returns: the group in which a client of a channel belongs
 */
SseGroup *
sse_client_get_group (const SseClient *self)
{
  SseChannel *channel = self->user->channel;

  if (self->catch_up != NULL)
    return &channel->groups[SSE_GROUP_BEHIND];
  return &channel->groups[self->user->personal ? SSE_GROUP_PERSONAL : SSE_GROUP_COMMON];
}
