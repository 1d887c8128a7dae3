/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-crowd-private.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "bench-descriptors.h"
#include "bench-error.h"

#define N_EVENTS 256
/* A client that is not served within this time never will be. */
#define CONNECT_BOUND_MS 60000

/**
 * bench_crowd_new:
 * @url: of the stream; its host is an IPv4 address
 * @exact: whether the server speaks Rivulet's dialect, see #BenchRules
 * @stream: (nullable): the one to look at, where several are followed on one connection
 * @error: (out) (optional): set to #BENCH_ERROR_USAGE where the URL is none of these
 */
BenchCrowd *
bench_crowd_new (const char *url, gboolean exact, const char *stream, GError **error)
{
  g_autoptr (BenchCrowd) self = g_new0 (BenchCrowd, 1);

  self->epoll = epoll_create1 (EPOLL_CLOEXEC);
  self->rules.expected = bench_expected_new ();
  self->rules.exact = exact;
  self->rules.prefix = stream != NULL ? g_strconcat (stream, "/", NULL) : NULL;
  if (!bench_address_parse (&self->rules.address, url, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
bench_crowd_free (BenchCrowd *self)
{
  bench_crowd_disconnect (self);
  bench_rules_clear (&self->rules);
  g_strfreev (self->tokens);
  close (self->epoll);
  g_free (self);
}

/**
 * bench_crowd_set_tokens:
 * @tokens: (transfer full): at least one; clients take them in turn
 */
void
bench_crowd_set_tokens (BenchCrowd *self, char **tokens)
{
  g_strfreev (self->tokens);
  self->tokens = tokens;
  self->n_tokens = g_strv_length (tokens);
}

/**
 * bench_crowd_set_progress:
 * @progress: whether to show on stderr how many are connected
 */
void
bench_crowd_set_progress (BenchCrowd *self, gboolean progress)
{
  self->progress = progress;
}

/* Waits for what a client that began to connect gets. */
gboolean
bench_crowd_watch (BenchCrowd *self, BenchClient *client, GError **error)
{
  struct epoll_event event = { .events = EPOLLOUT, .data.ptr = client };

  self->n_waiting++;
  if (epoll_ctl (self->epoll, EPOLL_CTL_ADD, client->fd, &event) == 0)
    return TRUE;
  bench_error_set_errno (error, "epoll");
  return FALSE;
}

static gboolean
open_client (BenchCrowd *self, guint number, gboolean stalled, GError **error)
{
  BenchClient *client = &self->clients[number];

  if (!bench_client_open (client, &self->rules, number, stalled, error))
    return FALSE;
  client->next = bench_expected_count (self->rules.expected);
  return bench_crowd_watch (self, client, error);
}

static gboolean
on_client (BenchCrowd *self, BenchClient *client, GError **error)
{
  guint all = bench_expected_count (self->rules.expected);

  if (client->state == BENCH_CLIENT_CONNECTING)
    {
      struct epoll_event event = { .events = EPOLLIN, .data.ptr = client };
      const char *token = self->n_tokens > 0 ? self->tokens[client->number % self->n_tokens] : NULL;
      epoll_ctl (self->epoll, EPOLL_CTL_MOD, client->fd, &event);
      return bench_client_send (client, token, error);
    }

  gboolean ready = client->state == BENCH_CLIENT_READY;
  gboolean behind = client->next < all;
  if (!bench_client_read (client, self->buffer, BENCH_CROWD_BUFFER, error))
    return FALSE;
  if (!ready && client->state == BENCH_CLIENT_READY)
    {
      self->n_waiting--;
      if (client->stalled)
        epoll_ctl (self->epoll, EPOLL_CTL_DEL, client->fd, NULL);
    }
  if (behind && client->next == all)
    self->n_behind--;
  return TRUE;
}

/* One round; returns how many clients had something, -1 on an error. */
static int
turn (BenchCrowd *self, int timeout_ms, GError **error)
{
  struct epoll_event events[N_EVENTS];
  int n = epoll_wait (self->epoll, events, N_EVENTS, timeout_ms);

  if (!bench_interrupt_check (error))
    return -1;
  for (int i = 0; i < n; i++)
    if (!on_client (self, events[i].data.ptr, error))
      return -1;
  return MAX (n, 0);
}

/**
 * bench_crowd_wait_ready:
 * @at_most: how many clients may be without what they get first
 * @error: (out) (optional): set where one gets what it must not, or nothing for too long
 */
gboolean
bench_crowd_wait_ready (BenchCrowd *self, guint at_most, GError **error)
{
  gint64 last = bench_monotonic_ns ();

  while (self->n_waiting > at_most)
    {
      int n = turn (self, 100, error);
      if (n < 0)
        return FALSE;
      if (n > 0)
        last = bench_monotonic_ns ();
      else if (bench_monotonic_ns () - last > CONNECT_BOUND_MS * BENCH_NS_PER_MS)
        {
          g_set_error (error, BENCH_ERROR, BENCH_ERROR_SERVER,
                       "%u clients got no head or no first event within %d s", self->n_waiting,
                       CONNECT_BOUND_MS / 1000);
          return FALSE;
        }
    }
  return TRUE;
}

/**
 * bench_crowd_connect:
 * @n_clients: how many
 * @n_at_once: how many of them may be without their first event at a time
 * @error: (out) (optional): set where one cannot connect or gets what it must not
 *
 * Connects so many clients, in place of those that were, and waits until all have their first
 * event.
 */
gboolean
bench_crowd_connect (BenchCrowd *self, guint n_clients, guint n_at_once, GError **error)
{
  if (!bench_descriptors_allow (n_clients, error))
    return FALSE;
  bench_crowd_disconnect (self);
  self->clients = g_new0 (BenchClient, n_clients);
  self->n_clients = n_clients;
  for (guint i = 0; i < n_clients; i++)
    {
      if (!open_client (self, i, FALSE, error)
          || !bench_crowd_wait_ready (self, n_at_once - 1, error))
        return FALSE;
      if (self->progress && (i + 1) % 500 == 0)
        g_printerr ("\r\033[Kconnecting: %u of %u", i + 1, n_clients);
    }
  if (self->progress)
    g_printerr ("\r\033[K");
  return bench_crowd_wait_ready (self, 0, error);
}

/**
 * bench_crowd_stall:
 * @n_clients: how many
 * @error: (out) (optional): set where one cannot connect again
 *
 * Connects so many of the clients again, spread over all: they get their first event, and from
 * then on do not read.
 */
gboolean
bench_crowd_stall (BenchCrowd *self, guint n_clients, GError **error)
{
  bench_rules_forget (&self->rules);
  for (guint i = 0; i < n_clients; i++)
    {
      guint number = (guint) ((guint64) i * self->n_clients / n_clients);
      bench_client_close (&self->clients[number]);
      if (!open_client (self, number, TRUE, error) || !bench_crowd_wait_ready (self, 0, error))
        return FALSE;
      self->n_stalled++;
    }
  return TRUE;
}

/**
 * bench_crowd_resume:
 * @error: (out) (optional): set where one cannot be read from any more
 *
 * Lets the stalled clients read again; bench_crowd_read_all() waits for what they lack.
 */
gboolean
bench_crowd_resume (BenchCrowd *self, GError **error)
{
  guint all = bench_expected_count (self->rules.expected);

  for (guint i = 0; i < self->n_clients; i++)
    {
      BenchClient *client = &self->clients[i];
      struct epoll_event event = { .events = EPOLLIN, .data.ptr = client };
      if (!client->stalled)
        continue;
      if (epoll_ctl (self->epoll, EPOLL_CTL_ADD, client->fd, &event) != 0)
        {
          bench_error_set_errno (error, "epoll");
          return FALSE;
        }
      client->stalled = FALSE;
      self->n_stalled--;
      self->n_behind += client->next < all ? 1 : 0;
    }
  return TRUE;
}

/**
 * bench_crowd_set_watched:
 * @watched: whether what comes is noticed
 * @error: (out) (optional): set where it cannot be
 *
 * Many sockets in one epoll are a lock that all threads of a server meet at, as no browsers make
 * them: so nobody watches while a server sends, and what came is seen afterwards.
 */
gboolean
bench_crowd_set_watched (BenchCrowd *self, gboolean watched, GError **error)
{
  for (guint i = 0; i < self->n_clients; i++)
    {
      BenchClient *client = &self->clients[i];
      struct epoll_event event = { .events = EPOLLIN, .data.ptr = client };
      if (client->stalled)
        continue;
      if (epoll_ctl (self->epoll, watched ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, client->fd, &event) != 0)
        {
          bench_error_set_errno (error, "epoll");
          return FALSE;
        }
    }
  return TRUE;
}

/**
 * bench_crowd_expect:
 * @text: see bench_expected_add()
 * @tail: (nullable): the same
 *
 * Says that an event is published: all clients are to get it.
 */
void
bench_crowd_expect (BenchCrowd *self, const char *text, const char *tail)
{
  guint all = bench_expected_count (self->rules.expected);

  bench_expected_add (self->rules.expected, text, tail);
  for (guint i = 0; i < self->n_clients; i++)
    if (!self->clients[i].stalled && self->clients[i].next == all)
      self->n_behind++;
}

/**
 * bench_crowd_read_all:
 * @bound_ms: how long nothing may come
 * @error: (out) (optional): set where something is wrong or missing
 *
 * Reads until every client that is not stalled has all that was published, and then what else is
 * there, for nothing may come on top.
 */
gboolean
bench_crowd_read_all (BenchCrowd *self, guint bound_ms, GError **error)
{
  gint64 last = bench_monotonic_ns ();
  int n;

  while (self->n_behind > 0)
    {
      n = turn (self, 100, error);
      if (n < 0)
        return FALSE;
      if (n > 0)
        last = bench_monotonic_ns ();
      else if (bench_monotonic_ns () - last > bound_ms * BENCH_NS_PER_MS)
        {
          g_set_error (error, BENCH_ERROR, BENCH_ERROR_SERVER,
                       "missing: %u of %u clients lack events, and nothing came for %u s",
                       self->n_behind, self->n_clients, bound_ms / 1000);
          return FALSE;
        }
    }
  while ((n = turn (self, 0, error)) > 0)
    ;
  return n == 0;
}

/**
 * bench_crowd_read_for:
 * @ms: how long
 * @error: (out) (optional): set where something came that must not
 */
gboolean
bench_crowd_read_for (BenchCrowd *self, guint ms, GError **error)
{
  gint64 end = bench_monotonic_ns () + ms * BENCH_NS_PER_MS;

  for (gint64 left; (left = end - bench_monotonic_ns ()) > 0;)
    if (turn (self, (int) (left / BENCH_NS_PER_MS) + 1, error) < 0)
      return FALSE;
  return TRUE;
}

/**
 * bench_crowd_disconnect:
 *
 * Closes all connections and forgets what was published.
 */
void
bench_crowd_disconnect (BenchCrowd *self)
{
  for (guint i = 0; i < self->n_clients; i++)
    bench_client_close (&self->clients[i]);
  g_clear_pointer (&self->clients, g_free);
  g_clear_pointer (&self->rules.expected, bench_expected_free);
  self->rules.expected = bench_expected_new ();
  bench_rules_forget (&self->rules);
  self->n_clients = self->n_stalled = self->n_waiting = self->n_behind = 0;
}

guint
bench_crowd_get_clients (BenchCrowd *self)
{
  return self->n_clients;
}

guint
bench_crowd_get_stalled (BenchCrowd *self)
{
  return self->n_stalled;
}

/**
 * bench_crowd_get_behind:
 *
 * Returns: how many of those that read lack events
 */
guint
bench_crowd_get_behind (BenchCrowd *self)
{
  return self->n_behind;
}

/**
 * bench_crowd_get_event_bytes:
 *
 * Returns: bytes of the newest event as it was received, 0 before the first one
 */
gsize
bench_crowd_get_event_bytes (BenchCrowd *self)
{
  return self->rules.event_bytes;
}

/**
 * bench_crowd_get_comments:
 *
 * Returns: comments that all clients got so far
 */
guint64
bench_crowd_get_comments (BenchCrowd *self)
{
  guint64 sum = 0;

  for (guint i = 0; i < self->n_clients; i++)
    sum += self->clients[i].events.comments;
  return sum;
}

/**
 * bench_crowd_get_unstamped:
 *
 * Returns: events for which the kernel gave no time of arrival
 */
guint64
bench_crowd_get_unstamped (BenchCrowd *self)
{
  return self->rules.unstamped;
}

/**
 * bench_crowd_get_times:
 * @since: ns since 1970 UTC
 * @times: (out): how long after that the clients which read had the newest event
 */
void
bench_crowd_get_times (BenchCrowd *self, gint64 since, BenchTimes *times)
{
  g_autofree gint64 *all = g_new (gint64, self->n_clients + 1);
  guint n = 0;

  for (guint i = 0; i < self->n_clients; i++)
    if (!self->clients[i].stalled)
      all[n++] = self->clients[i].arrived - since;
  bench_times_of (all, n, times);
}
