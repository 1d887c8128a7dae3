/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-channel.h"

#include <string.h>

#include "sse-queue.h"

static void
group_init (SseGroup *self, SseChannel *channel, guint32 personal)
{
  *self = (SseGroup){ .personal = personal };
  sse_link_init (&self->in_channel);
  sse_link_append (&channel->groups, &self->in_channel);
  sse_link_init (&self->clients);
  sse_link_init (&self->dirty);
}

/* The group of users who get views of their own in those parts. There are few of them: mostly of
 * those who do in none, and those who do in all. */
static SseGroup *
ensure_group (SseChannel *self, guint32 personal)
{
  SseGroup *group;

  for (SseLink *link = self->groups.next; link != &self->groups; link = link->next)
    {
      group = sse_link_get (link, SseGroup, in_channel);
      if (group != &self->behind && group->personal == personal)
        return group;
    }
  group = g_new (SseGroup, 1);
  group_init (group, self, personal);
  return group;
}

/**
 * sse_group_drop_if_unused:
 * @self: a group of users, freed unless it has some, or something pending
 */
void
sse_group_drop_if_unused (SseGroup *self)
{
  if (self->n_users > 0 || sse_link_is_linked (&self->dirty))
    return;
  sse_link_remove (&self->in_channel);
  g_free (self->pending);
  g_free (self);
}

/**
 * sse_channel_init:
 * @number: the channel's number
 * @pushed: counts the bytes that go into queues
 */
void
sse_channel_init (SseChannel *self, guint number, gsize *pushed)
{
  self->number = number;
  self->pushed = pushed;
  sse_link_init (&self->groups);
  group_init (&self->behind, self, 0);
  self->users = NULL;
  atomic_init (&self->queued, 0);
}

/* Ends a channel that has neither clients nor anything pending. */
void
sse_channel_clear (SseChannel *self)
{
  g_assert (self->users == NULL);
}

/**
 * sse_channel_find_user:
 *
 * Returns: (transfer none) (nullable): the user, %NULL where they have no client here
 */
SseUser *
sse_channel_find_user (SseChannel *self, const char *name)
{
  return self->users != NULL ? g_hash_table_lookup (self->users, name) : NULL;
}

/**
 * sse_channel_add:
 * @client: a client that is in no channel, behind or not
 * @user: its user's name
 * @personal: in which parts the user gets views of their own; used where it is the user's first
 *   client
 *
 * What is pending for the client's group already is not for this client.
 */
void
sse_channel_add (SseChannel *self, SseClient *client, const char *user, guint32 personal)
{
  SseUser *entry = sse_channel_find_user (self, user);

  if (entry == NULL)
    {
      gsize size = strlen (user) + 1;

      entry = g_malloc (G_STRUCT_OFFSET (SseUser, name) + size);
      entry->channel = self;
      sse_link_init (&entry->clients);
      entry->group = ensure_group (self, personal);
      entry->group->n_users++;
      memcpy (entry->name, user, size);
      if (self->users == NULL)
        self->users = g_hash_table_new (g_str_hash, g_str_equal);
      g_hash_table_insert (self->users, entry->name, entry);
    }

  client->user = entry;
  sse_link_append (&entry->clients, &client->of_user);
  sse_channel_regroup (client);
}

/**
 * sse_channel_set_personal:
 * @personal: in which parts the user gets views of their own from now on
 *
 * Moves the user's clients to where they belong then.
 */
void
sse_channel_set_personal (SseUser *user, guint32 personal)
{
  SseGroup *before = user->group;

  user->group = ensure_group (user->channel, personal);
  user->group->n_users++;
  for (SseLink *link = user->clients.next; link != &user->clients; link = link->next)
    sse_channel_regroup (sse_link_get (link, SseClient, of_user));
  before->n_users--;
  sse_group_drop_if_unused (before);
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
  SseChannel *channel = user->channel;

  sse_link_remove (&client->in_group);
  sse_link_remove (&client->of_user);
  if (sse_link_is_linked (&user->clients))
    return;

  user->group->n_users--;
  sse_group_drop_if_unused (user->group);
  g_hash_table_remove (channel->users, user->name);
  if (g_hash_table_size (channel->users) == 0)
    g_clear_pointer (&channel->users, g_hash_table_unref);
  g_free (user);
}

/**
 * sse_client_get_group:
 *
 * Returns: the group in which a client of a channel belongs
 */
SseGroup *
sse_client_get_group (const SseClient *self)
{
  return self->catch_up != NULL ? &self->user->channel->behind : self->user->group;
}
