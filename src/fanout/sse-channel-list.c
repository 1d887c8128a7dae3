/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-channel.h"

#include <string.h>

#include "sse-peer-text.h"
#include "sse-queue.h"

/* Adds those of a group for whom something waits, or those for whom nothing does, up to @max in
 * all. */
static void
gather (const SseGroup *group, gboolean waiting, guint max, GPtrArray *clients)
{
  for (SseLink *link = group->clients.next; link != &group->clients; link = link->next)
    {
      SseClient *client = sse_link_get (link, SseClient, in_group);

      if (clients->len == max)
        return;
      if ((sse_queue_get_bytes (client->queue) > 0) == waiting)
        g_ptr_array_add (clients, client);
    }
}

static void
gather_all (const SseChannel *self, gboolean waiting, guint max, GPtrArray *clients)
{
  for (SseLink *link = self->groups.next; link != &self->groups; link = link->next)
    gather (sse_link_get (link, SseGroup, in_channel), waiting, max, clients);
}

/* Most first. */
static int
compare_bytes (gconstpointer a, gconstpointer b)
{
  const SseClient *const *one = a, *const *other = b;
  gsize first = sse_queue_get_bytes ((*one)->queue);
  gsize second = sse_queue_get_bytes ((*other)->queue);

  return (first < second) - (first > second);
}

static const char *
put (char **at, const char *text)
{
  char *start = *at;

  *at = g_stpcpy (start, text) + 1;
  return start;
}

/* Its address is asked of the socket: so it costs nothing while nobody wants to know it. A socket
 * that does not know it any more has lost its peer, and its client leaves: NULL. */
static SseListed *
list_client (const SseClient *client)
{
  const char *user = client->user->name, *id = sse_client_get_last_event_id (client);
  char address[SSE_PEER_TEXT_BYTES];
  struct sockaddr_storage peer = { 0 };
  socklen_t length = sizeof peer;
  SseListed *listed;
  char *at;

  if (getpeername (client->fd, (struct sockaddr *) &peer, &length) < 0)
    return NULL;
  sse_peer_text_write (&peer, address);
  listed = g_malloc (sizeof (SseListed) + strlen (user) + strlen (address) + strlen (id) + 3);
  at = listed->text;
  listed->user = put (&at, user);
  listed->address = put (&at, address);
  listed->last_event_id = put (&at, id);
  listed->since = client->since;
  listed->queued_bytes = sse_queue_get_bytes (client->queue);
  return listed;
}

/**
 * sse_channel_list:
 * @max: how many at most
 *
 * Lists the channel's clients, those that are behind too: first those for whom most waits, the
 * slowest, and where there are not @max of them, any others.
 *
 * All others are held up meanwhile, so it has to be quick. Where nothing waits in the channel, the
 * first @max clients are as good as any, and nobody else is looked at, however many there are.
 * Where something does, the slow are found by looking at each client: that reads as much of it as
 * sending to it would, without the system call. So it takes less than one event does to as many
 * clients whose sockets take it: some ms for 10,000 that are told, 1 or 2 for 20,000 slow ones to
 * be found.
 *
 * Returns: (transfer full) (element-type SseListed): what is known of them, copied
 */
GPtrArray *
sse_channel_list (const SseChannel *self, guint max)
{
  GPtrArray *listing = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) clients = g_ptr_array_new ();

  if (atomic_load_explicit (&self->queued, memory_order_relaxed) > 0)
    {
      gather_all (self, TRUE, G_MAXUINT, clients);
      g_ptr_array_sort (clients, compare_bytes);
      g_ptr_array_set_size (clients, (int) MIN (clients->len, max));
    }
  gather_all (self, FALSE, max, clients);
  for (guint i = 0; i < clients->len; i++)
    {
      SseListed *listed = list_client (g_ptr_array_index (clients, i));

      if (listed != NULL)
        g_ptr_array_add (listing, listed);
    }
  return listing;
}
