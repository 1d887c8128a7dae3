/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fixture.h"

/* One thread publishes, joins clients and hears of their leaving; others read, each its own
 * clients, some only for a while. Whatever interleaves: a client that joined behind position P
 * gets everything behind P that is for its user, once and in order. */

#define N_READERS   3
#define N_USERS     5
#define N_CLIENTS   400
#define N_POSITIONS 6001 /* for all, so that all who stay get it */

static const SseFanoutOptions options = {
  .n_workers = 4,
  .n_channels = 1,
  .queue_bytes = 64 * 1024 * 1024,
  .heartbeat_ms = 20,
};

typedef enum
{
  FOR_ALL,
  FOR_USER, /* position modulo N_USERS */
  VIEW,     /* a client may miss it */
} Kind;

typedef struct
{
  int fd;
  guint user;
  guint last; /* the last position it has */
  guint leave_at;
  char line[64]; /* what of it has come */
  guint length;
} Client;

/* A reader's clients come to it by a pipe, whole or not at all. */
typedef struct
{
  pthread_t thread;
  int pipe[2];
  Client clients[N_CLIENTS];
  guint n_clients;
  guint n_done;
} Reader;

static Kind
get_kind (guint position)
{
  return position % 7 == 3 ? FOR_USER : position % 11 == 5 ? VIEW : FOR_ALL;
}

static gboolean
is_missed (guint position, guint user)
{
  switch (get_kind (position))
    {
    case FOR_USER:
      return position % N_USERS == user;
    case VIEW:
      return FALSE;
    case FOR_ALL:
    default:
      return TRUE;
    }
}

static void
check_position (Client *client, guint position)
{
  g_assert_cmpuint (position, >, client->last);
  if (get_kind (position) == FOR_USER)
    g_assert_cmpuint (position % N_USERS, ==, client->user);
  for (guint i = client->last + 1; i < position; i++)
    g_assert_false (is_missed (i, client->user));
  client->last = position;
}

static void
check_line (Client *client, const char *line)
{
  if (g_str_has_prefix (line, "joined "))
    {
      g_assert_cmpuint (client->last, ==, G_MAXUINT);
      client->last = (guint) strtoul (line + strlen ("joined "), NULL, 10);
    }
  else if (*line != ':' && *line != '\0')
    {
      g_assert_cmpuint (client->last, !=, G_MAXUINT);
      check_position (client, (guint) strtoul (line, NULL, 10));
    }
}

/* Returns whether the client is done. */
static gboolean
read_client (Client *client)
{
  char bytes[4096];
  gssize n = read (client->fd, bytes, sizeof bytes);

  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return FALSE;
  g_assert_cmpint (n, >, 0);
  for (gssize i = 0; i < n; i++)
    {
      g_assert_cmpuint (client->length, <, sizeof client->line);
      client->line[client->length++] = bytes[i] == '\n' ? '\0' : bytes[i];
      if (bytes[i] != '\n')
        continue;
      check_line (client, client->line);
      client->length = 0;
    }
  return client->last != G_MAXUINT && client->last >= client->leave_at;
}

/* Returns whether there may be more. */
static gboolean
take_client (Reader *reader)
{
  Client *client = &reader->clients[reader->n_clients];
  gssize n = read (reader->pipe[0], client, sizeof *client);

  if (n == 0)
    return FALSE;
  g_assert_cmpint (n, ==, sizeof *client);
  reader->n_clients++;
  return TRUE;
}

static void
read_clients (Reader *reader, const struct pollfd *fds)
{
  for (guint i = reader->n_clients; i > 0; i--)
    {
      Client *client = &reader->clients[i - 1];

      if (fds[i].revents == 0 || !read_client (client))
        continue;
      close (client->fd);
      *client = reader->clients[--reader->n_clients];
      reader->n_done++;
    }
}

static gpointer
read_all (gpointer data)
{
  Reader *reader = data;
  gboolean more = TRUE;

  while (more || reader->n_clients > 0)
    {
      struct pollfd fds[N_CLIENTS + 1];

      fds[0] = (struct pollfd){ .fd = more ? reader->pipe[0] : -1, .events = POLLIN };
      for (guint i = 0; i < reader->n_clients; i++)
        fds[i + 1] = (struct pollfd){ .fd = reader->clients[i].fd, .events = POLLIN };
      g_assert_cmpint (poll (fds, reader->n_clients + 1, 60000), >, 0);
      read_clients (reader, fds);
      if (fds[0].revents != 0)
        more = take_client (reader);
    }
  return NULL;
}

static void
start_client (Fixture *fixture, Reader *reader, guint position)
{
  Client client = { .user = (guint) g_test_rand_int_range (0, N_USERS), .last = G_MAXUINT };
  g_autofree char *user = g_strdup_printf ("%u", client.user);
  g_autofree char *joined = g_strdup_printf ("joined %u\n", position);
  const char *const first[] = { joined, NULL };
  SseJoin join = { .user = user, .expires = NEVER };
  int fds[2];

  /* Two of three leave on the way. */
  client.leave_at = N_POSITIONS;
  if (g_test_rand_int_range (0, 3) > 0)
    client.leave_at = (guint) g_test_rand_int_range ((gint32) position, N_POSITIONS);

  if (g_test_rand_bit ())
    make_small_pair (fds);
  else
    make_pair (fds);
  join.fd = fds[0];
  fixture_join_fd (fixture, &join, first);
  client.fd = fds[1];
  g_assert_cmpint (write (reader->pipe[1], &client, sizeof client), ==, sizeof client);
}

static void
publish (Fixture *fixture, guint position)
{
  g_autofree char *body = g_strdup_printf ("%u\n", position);
  g_autofree char *user = g_strdup_printf ("%u", position % N_USERS);

  switch (get_kind (position))
    {
    case FOR_USER:
      fixture_send (fixture, 0, user, body);
      break;
    case VIEW:
      fixture_send_view (fixture, 0, NULL, position % 2, body);
      sse_fanout_set_personal (fixture->fanout, 0, user, position % 3 == 0);
      break;
    case FOR_ALL:
    default:
      fixture_send (fixture, 0, NULL, body);
      break;
    }
}

static void
test_hammer (void)
{
  Fixture fixture;
  static Reader readers[N_READERS];
  guint n_done = 0;

  fixture_set_up (&fixture, &options);
  for (guint i = 0; i < N_READERS; i++)
    {
      g_assert_cmpint (pipe (readers[i].pipe), ==, 0);
      pthread_create (&readers[i].thread, NULL, read_all, &readers[i]);
    }

  for (guint position = 1; position <= N_POSITIONS; position++)
    {
      publish (&fixture, position);
      if (position % (N_POSITIONS / N_CLIENTS) == 0 && position < N_POSITIONS)
        start_client (&fixture, &readers[g_test_rand_int_range (0, N_READERS)], position);
      /* Now few, now many commands at a time. */
      if (g_test_rand_int_range (0, 20) == 0)
        g_main_context_iteration (NULL, FALSE);
    }

  for (guint i = 0; i < N_READERS; i++)
    close (readers[i].pipe[1]);
  fixture_wait_left (&fixture, fixture.n_joined);
  for (guint i = 0; i < N_READERS; i++)
    {
      pthread_join (readers[i].thread, NULL);
      close (readers[i].pipe[0]);
      n_done += readers[i].n_done;
    }
  g_assert_cmpuint (n_done, ==, fixture.n_joined);
  for (guint i = 0; i < fixture.left->len; i++)
    g_assert_true (g_str_has_suffix (g_ptr_array_index (fixture.left, i), " gone"));
  fixture_tear_down (&fixture);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/hammer/join-leave-publish", test_hammer);
  return g_test_run ();
}
