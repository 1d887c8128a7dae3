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
 * clients, some only for a while. Some clients join where all are, others behind, and are fed.
 * Whatever interleaves: a client that joined at position P gets everything behind P that is for its
 * user, once and in order, and no view of a part in which the user has their own. Now and then all
 * of this is listed. */

#define N_READERS   3
#define N_USERS     5
#define N_CLIENTS   400
#define MAX_BEHIND  500 /* positions */
#define SLICE       20  /* positions */
#define LIST_EVERY  40  /* positions */
#define MAX_LISTED  20
#define N_PARTS     3    /* of the channel */
#define N_POSITIONS 6001 /* for all, so that all who stay get it */

static const SseFanoutOptions options = {
  .n_workers = 4,
  .n_channels = 1,
  .queue_bytes = 64 * 1024 * 1024,
  .total_bytes = G_MAXSIZE,
  .heartbeat_ms = 20,
  .peer_timeout_ms = 60000,
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

/* The last position that was published. */
static guint published;

static Kind
get_kind (guint position)
{
  return position % 7 == 3 ? FOR_USER : position % 11 == 5 ? VIEW : FOR_ALL;
}

/* In which parts a user gets views of their own behind a position, as bits: each view sets that for
 * one user. */
static guint32
get_personal (guint user, guint position)
{
  for (; position > 0; position--)
    if (get_kind (position) == VIEW && position % N_USERS == user)
      return position / 11 % (1 << N_PARTS);
  return 0;
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
  if (get_kind (position) == VIEW)
    g_assert_false (get_personal (client->user, position) >> position % N_PARTS & 1);
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

/* A client that is behind, as the publisher knows it. */
typedef struct
{
  SseFanout *fanout;
  SseCatchUp *catch_up;
  guint user;
  guint position;
} Behind;

static GPtrArray *
next_slice (Behind *behind)
{
  GPtrArray *frames = g_ptr_array_new_with_free_func ((GDestroyNotify) sse_frame_unref);
  guint end = MIN (behind->position + SLICE, published);

  while (behind->position < end)
    {
      g_autofree char *body = g_strdup_printf ("%u\n", ++behind->position);

      if (is_missed (behind->position, behind->user))
        g_ptr_array_add (frames, sse_frame_new_body (body, strlen (body)));
    }
  return frames;
}

static void
on_fed (gboolean gone, gpointer user_data)
{
  Behind *behind = user_data;
  g_autoptr (GPtrArray) frames = NULL;

  if (gone)
    {
      g_free (behind);
      return;
    }
  frames = next_slice (behind);
  if (behind->position < published)
    {
      sse_fanout_feed (behind->fanout, behind->catch_up, frames);
      return;
    }
  sse_fanout_feed_last (behind->fanout, behind->catch_up, frames);
  g_free (behind);
}

static void
join_behind (
    Fixture *fixture, const SseJoin *join, const char *const *first, guint user, guint position)
{
  Behind *behind = g_new (Behind, 1);

  *behind = (Behind){ .fanout = fixture->fanout, .user = user, .position = position };
  behind->catch_up = fixture_join_behind (fixture, join, first, on_fed, behind);
}

static void
start_client (Fixture *fixture, Reader *reader, guint position, gboolean fed)
{
  Client client = { .user = (guint) g_test_rand_int_range (0, N_USERS), .last = G_MAXUINT };
  g_autofree char *user = g_strdup_printf ("%u", client.user);
  g_autofree char *joined = g_strdup_printf ("joined %u\n", position);
  const char *const first[] = { joined, NULL };
  SseJoin join = {
    .user = user,
    .personal = get_personal (client.user, published),
    .expires = NEVER,
  };
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
  if (fed)
    join_behind (fixture, &join, first, client.user, position);
  else
    fixture_join_fd (fixture, &join, first);
  client.fd = fds[1];
  g_assert_cmpint (write (reader->pipe[1], &client, sizeof client), ==, sizeof client);
}

static void
start_some_client (Fixture *fixture, Reader *reader)
{
  gint32 least = published > MAX_BEHIND ? (gint32) (published - MAX_BEHIND) : 0;

  if (g_test_rand_bit ())
    start_client (fixture, reader, published, FALSE);
  else
    start_client (fixture, reader, (guint) g_test_rand_int_range (least, (gint32) published + 1),
                  TRUE);
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
      for (guint part = 0; part < N_PARTS; part++)
        sse_fanout_set_personal (fixture->fanout, 0, user, part,
                                 get_personal (position % N_USERS, position) >> part & 1);
      fixture_send_view (fixture, 0, NULL, SSE_FANOUT_VIEW (position % N_PARTS, position % 2),
                         body);
      break;
    case FOR_ALL:
    default:
      fixture_send (fixture, 0, NULL, body);
      break;
    }
}

static void
on_listed (GPtrArray *clients, gpointer n_told)
{
  guint64 last = G_MAXUINT64;

  g_assert_cmpuint (clients->len, <=, MAX_LISTED);
  for (guint i = 0; i < clients->len; i++)
    {
      const SseListed *listed = g_ptr_array_index (clients, i);

      g_assert_cmpuint (listed->queued_bytes, <=, last);
      g_assert_cmpstr (listed->address, ==, "unix");
      g_assert_cmpuint (g_ascii_strtoull (listed->user, NULL, 10), <, N_USERS);
      last = listed->queued_bytes;
    }
  ++*(guint *) n_told;
}

static void
test_hammer (void)
{
  Fixture fixture;
  static Reader readers[N_READERS];
  guint n_done = 0, n_told = 0;

  fixture_set_up (&fixture, &options);
  for (guint i = 0; i < N_READERS; i++)
    {
      g_assert_cmpint (pipe (readers[i].pipe), ==, 0);
      pthread_create (&readers[i].thread, NULL, read_all, &readers[i]);
    }

  for (guint position = 1; position <= N_POSITIONS; position++)
    {
      publish (&fixture, position);
      published = position;
      if (position % (N_POSITIONS / N_CLIENTS) == 0 && position < N_POSITIONS)
        start_some_client (&fixture, &readers[g_test_rand_int_range (0, N_READERS)]);
      if (position % LIST_EVERY == 0)
        sse_fanout_list (fixture.fanout, (guint[]){ 0 }, 1, MAX_LISTED, on_listed, &n_told);
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
  g_assert_cmpuint (n_told, ==, N_POSITIONS / LIST_EVERY);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/hammer/join-leave-publish", test_hammer);
  return g_test_run ();
}
