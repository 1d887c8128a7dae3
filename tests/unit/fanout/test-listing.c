/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fixture.h"

/* Far more than a socket of make_small_pair() takes. */
#define LARGE 100000

static const SseFanoutOptions options = {
  .n_workers = 3,
  .n_channels = 3,
  .queue_bytes = 1024 * 1024,
  .total_bytes = G_MAXSIZE,
  .heartbeat_ms = 3600 * 1000,
  .peer_timeout_ms = 60000,
};

/* What a listing told. */
typedef struct
{
  guint n_told;
  GPtrArray *clients;
} Listing;

static void
on_listed (GPtrArray *clients, gpointer user_data)
{
  Listing *listing = user_data;

  listing->n_told++;
  g_clear_pointer (&listing->clients, g_ptr_array_unref);
  listing->clients = g_ptr_array_ref (clients);
}

static void
clear_listing (Listing *listing)
{
  g_clear_pointer (&listing->clients, g_ptr_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Listing, clear_listing)

static void
wait_told_times (const Listing *listing, guint n)
{
  while (listing->n_told < n)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (listing->n_told, ==, n);
}

static GPtrArray *
list (Fixture *self, guint channel, guint max)
{
  Listing listing = { 0 };

  sse_fanout_list (self->fanout, &channel, 1, max, on_listed, &listing);
  g_assert_cmpuint (listing.n_told, ==, 0);
  wait_told_times (&listing, 1);
  return listing.clients;
}

static const SseListed *
get (const GPtrArray *clients, guint i)
{
  return g_ptr_array_index (clients, i);
}

static const SseListed *
find (const GPtrArray *clients, const char *user)
{
  for (guint i = 0; i < clients->len; i++)
    if (strcmp (get (clients, i)->user, user) == 0)
      return get (clients, i);
  return NULL;
}

static char *
describe (const GPtrArray *clients)
{
  GString *users = g_string_new (NULL);

  for (guint i = 0; i < clients->len; i++)
    g_string_append_printf (users, "%s ", get (clients, i)->user);
  return g_string_free (users, FALSE);
}

static int
join_small (Fixture *self, const char *user)
{
  const SseJoin join = { .user = user, .expires = NEVER };

  return fixture_join_small (self, &join, NULL);
}

/* Clients at all workers, of which these are slow: "a" least, "d" most. Their descriptors: (out) */
#define N_SLOW 4
#define N_IDLE 8

static void
join_many (Fixture *self, int *fds)
{
  for (guint i = 0; i < N_SLOW; i++)
    {
      const char user[] = { (char) ('a' + i), '\0' };
      guint64 before = sse_fanout_get_queued_bytes (self->fanout, 0);

      fds[i] = join_small (self, user);
      fixture_send_size (self, 0, user, LARGE * (i + 1));
      fixture_wait_queued (self, 0, before + LARGE * i + 1);
    }
  for (guint i = 0; i < N_IDLE; i++)
    fds[N_SLOW + i] = fixture_join (self, 0, "idle", FALSE);
}

static void
close_all (const int *fds, guint n)
{
  for (guint i = 0; i < n; i++)
    close (fds[i]);
}

static void
test_slow_first (Fixture *self, gconstpointer data)
{
  int fds[N_SLOW + N_IDLE];
  g_autoptr (GPtrArray) clients = NULL;
  g_autofree char *users = NULL;
  guint64 total = 0;

  join_many (self, fds);
  clients = list (self, 0, 1000);
  users = describe (clients);
  g_assert_cmpstr (users, ==, "d c b a idle idle idle idle idle idle idle idle ");
  for (guint i = 0; i < clients->len; i++)
    {
      guint64 bytes = get (clients, i)->queued_bytes;

      total += bytes;
      if (i < N_SLOW)
        g_assert_cmpuint (bytes, >, LARGE * (N_SLOW - i - 1));
      else
        g_assert_cmpuint (bytes, ==, 0);
    }
  g_assert_cmpuint (total, ==, sse_fanout_get_queued_bytes (self->fanout, 0));
  close_all (fds, G_N_ELEMENTS (fds));
}

static void
test_max (Fixture *self, gconstpointer data)
{
  static const struct
  {
    guint max;
    const char *users;
  } rows[] = {
    { 0, "" },
    { 1, "d " },
    { 3, "d c b " },
    { 4, "d c b a " },
    { 6, "d c b a idle idle " },
    { G_MAXUINT, "d c b a idle idle idle idle idle idle idle idle " },
  };
  int fds[N_SLOW + N_IDLE];

  join_many (self, fds);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GPtrArray) clients = list (self, 0, rows[i].max);
      g_autofree char *users = describe (clients);

      g_assert_cmpstr (users, ==, rows[i].users);
    }
  close_all (fds, G_N_ELEMENTS (fds));
}

/* What else is known of each. */
static void
test_what_is_told (Fixture *self, gconstpointer data)
{
  SseJoin join = { .user = "ann", .expires = NEVER, .last_event_id = "ep-7" };
  gint64 before = g_get_real_time ();
  g_autoptr (GPtrArray) clients = NULL;
  const SseListed *ann, *bob;
  int tcp[2], fd;

  fd = fixture_join_full (self, &join, NULL);
  make_tcp_pair (tcp);
  join = (SseJoin){ .fd = tcp[0], .user = "bob", .personal = TRUE, .expires = NEVER };
  fixture_join_fd (self, &join, NULL);
  clients = list (self, 0, 10);
  g_assert_cmpuint (clients->len, ==, 2);

  ann = find (clients, "ann");
  g_assert_cmpstr (ann->address, ==, "unix");
  g_assert_cmpstr (ann->last_event_id, ==, "ep-7");
  g_assert_cmpint (ann->since, >=, before);
  g_assert_cmpint (ann->since, <=, g_get_real_time ());

  bob = find (clients, "bob");
  g_assert_cmpstr (bob->address, ==, "127.0.0.1");
  g_assert_cmpstr (bob->last_event_id, ==, "");
  close (fd);
  close (tcp[1]);
}

/* Also of a channel that nobody ever was in, and of one that everybody has left. */
static void
test_empty (Fixture *self, gconstpointer data)
{
  int fd = fixture_join (self, 1, "ann", FALSE);

  for (guint channel = 0; channel < 2; channel++)
    {
      g_autoptr (GPtrArray) clients = NULL;

      if (channel == 1)
        {
          close (fd);
          fixture_expect_left (self, "1 ann gone");
        }
      clients = list (self, channel, 10);
      g_assert_cmpuint (clients->len, ==, 0);
    }
}

/* What is asked for in one go is done in order, and what a socket takes does not wait. */
static void
test_in_order (Fixture *self, gconstpointer data)
{
  const char *const first[] = { "first", NULL };
  const SseJoin join = { .user = "ann", .expires = NEVER };
  int ann = fixture_join_full (self, &join, first), bob = fixture_join (self, 0, "bob", FALSE);
  g_autoptr (GPtrArray) before = NULL;
  g_autoptr (GPtrArray) after = NULL;

  fixture_send (self, 0, "ann", "second");
  before = list (self, 0, 10);
  g_assert_cmpuint (before->len, ==, 2);
  g_assert_cmpuint (find (before, "ann")->queued_bytes, ==, 0);

  sse_fanout_end_user (self->fanout, 0, "bob");
  after = list (self, 0, 10);
  g_assert_cmpuint (after->len, ==, 1);
  g_assert_nonnull (find (after, "ann"));
  close (ann);
  close (bob);
}

/* One that lost its peer has no address any more: it leaves, if it is not told yet. */
static void
test_without_peer (Fixture *self, gconstpointer data)
{
  const SseJoin join = {
    .fd = socket (AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0),
    .user = "ann",
    .expires = NEVER,
  };
  g_autoptr (GPtrArray) clients = NULL;

  fixture_join_fd (self, &join, NULL);
  clients = list (self, 0, 10);
  g_assert_cmpuint (clients->len, ==, 0);
  fixture_expect_left (self, "0 ann gone");
}

static void
on_fed (gboolean gone, gpointer user_data)
{
}

static void
test_behind (Fixture *self, gconstpointer data)
{
  SseJoin join = { .user = "ann", .expires = NEVER, .last_event_id = "ep-1" };
  g_autofree char *slice = g_strnfill (LARGE, 'x');
  const char *const first[] = { slice, NULL };
  g_autoptr (GPtrArray) clients = NULL;
  int fds[2];

  make_small_pair (fds);
  join.fd = fds[0];
  fixture_join_behind (self, &join, first, on_fed, NULL);
  fixture_wait_queued (self, 0, 1);
  clients = list (self, 0, 10);
  g_assert_cmpuint (clients->len, ==, 1);
  g_assert_cmpstr (get (clients, 0)->last_event_id, ==, "ep-1");
  g_assert_cmpuint (get (clients, 0)->queued_bytes, ==,
                    sse_fanout_get_queued_bytes (self->fanout, 0));
  close (fds[1]);
}

/* A listing that is asked for while clients come and leave. */
typedef struct
{
  Fixture *fixture;
  guint *n_told;
  guint n_left; /* those whose leaving had been told by then */
} Asked;

/* Nobody is in it twice, and none who had left before. */
static void
check_listing (GPtrArray *clients, gpointer user_data)
{
  g_autofree Asked *asked = user_data;
  g_autoptr (GHashTable) users = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < clients->len; i++)
    g_assert_true (g_hash_table_add (users, (gpointer) get (clients, i)->user));
  for (guint i = 0; i < asked->n_left; i++)
    {
      g_auto (GStrv) words = g_strsplit (g_ptr_array_index (asked->fixture->left, i), " ", -1);

      g_assert_false (g_hash_table_contains (users, words[1]));
    }
  ++*asked->n_told;
}

static void
ask (Fixture *self, guint *n_told)
{
  Asked *asked = g_new (Asked, 1);

  *asked = (Asked){ self, n_told, self->left->len };
  sse_fanout_list (self->fanout, (guint[]){ 0 }, 1, 50, check_listing, asked);
}

static void
test_leaving (Fixture *self, gconstpointer data)
{
  int fds[30]; /* of the last that came */
  guint n_told = 0, n_ended = 0, n_asked;

  for (n_asked = 0; n_asked < 300; n_asked++)
    {
      int *fd = &fds[n_asked % G_N_ELEMENTS (fds)];
      g_autofree char *user = g_strdup_printf ("%u", n_asked);

      if (n_asked >= G_N_ELEMENTS (fds))
        close (*fd);
      *fd = join_small (self, user);
      if (n_asked % 2 == 0)
        fixture_send_size (self, 0, user, LARGE);
      ask (self, &n_told);
      if (n_asked % 3 == 0)
        {
          sse_fanout_end_user (self->fanout, 0, user);
          n_ended++;
        }
      if (n_asked % 7 == 0)
        fixture_wait_left (self, n_ended);
    }
  while (n_told < n_asked)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (n_told, ==, n_asked);
  close_all (fds, G_N_ELEMENTS (fds));
  fixture_wait_left (self, self->n_joined);
}

/* Whatever was asked for is told before the fan-out is gone. */
static void
test_freed (Fixture *self, gconstpointer data)
{
  g_auto (Listing) listing = { 0 };
  g_auto (Listing) empty = { 0 };
  int fds[N_SLOW + N_IDLE];

  join_many (self, fds);
  for (guint i = 0; i < 1000; i++) /* more than wait for the main context's iteration */
    sse_fanout_list (self->fanout, (guint[]){ 0 }, 1, 10, on_listed, &listing);
  sse_fanout_list (self->fanout, (guint[]){ 1 }, 1, 10, on_listed, &empty);
  g_assert_cmpuint (listing.n_told, ==, 0);
  fixture_stop (self);
  g_assert_cmpuint (listing.n_told, ==, 1000);
  g_assert_cmpuint (empty.n_told, ==, 1);
  close_all (fds, G_N_ELEMENTS (fds));
}

typedef struct
{
  Fixture *fixture;
  Listing listing;
  guint n_more;
} Again;

/* Asks again whenever it was told. */
static void
on_listed_again (GPtrArray *clients, gpointer user_data)
{
  Again *again = user_data;

  on_listed (clients, &again->listing);
  if (again->n_more-- > 0)
    sse_fanout_list (again->fixture->fanout, (guint[]){ 0 }, 1, 10, on_listed_again, again);
}

/* What is asked for while it ends is told too, also where those who were there have yet to be told
 * to have left: there is nobody any more. */
static void
test_asked_when_freed (Fixture *self, gconstpointer data)
{
  Again again = { .fixture = self, .n_more = 3 };
  SseFanout *fanout = self->fanout;
  int fd = fixture_join (self, 0, "ann", FALSE);
  struct pollfd readable = { .fd = fd, .events = POLLIN };

  sse_fanout_list (fanout, (guint[]){ 0 }, 1, 10, on_listed_again, &again);
  /* More than wait for the main context's iteration: the worker answers, and nobody hears it. */
  for (guint i = 0; i < 1000; i++)
    fixture_send (self, 0, "ann", "x");
  g_assert_cmpint (poll (&readable, 1, 60000), ==, 1);
  g_assert_cmpuint (again.listing.n_told, ==, 0);
  sse_fanout_free (fanout);
  self->fanout = NULL;
  g_assert_cmpuint (again.listing.n_told, ==, 4);
  g_assert_cmpuint (again.listing.clients->len, ==, 0);
  clear_listing (&again.listing);
  close (fd);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  alarm (300); /* for what never comes */
  fixture_add_test ("/listing/slow-first", &options, test_slow_first);
  fixture_add_test ("/listing/max", &options, test_max);
  fixture_add_test ("/listing/what-is-told", &options, test_what_is_told);
  fixture_add_test ("/listing/empty", &options, test_empty);
  fixture_add_test ("/listing/in-order", &options, test_in_order);
  fixture_add_test ("/listing/without-peer", &options, test_without_peer);
  fixture_add_test ("/listing/behind", &options, test_behind);
  fixture_add_test ("/listing/leaving", &options, test_leaving);
  fixture_add_test ("/listing/freed", &options, test_freed);
  fixture_add_test ("/listing/asked-when-freed", &options, test_asked_when_freed);
  return g_test_run ();
}
