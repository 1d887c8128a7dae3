/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-listener.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "guests.h"

/* Those that are let in beyond the limits. */
#define HEADROOM             64
#define HEADROOM_PER_ADDRESS 16

static const SseListenerOptions slow_heads = {
  .gate = { .max_connections = 1000, .max_body_bytes = 1000 },
  .head_timeout_ms = 50,
  .body_timeout_seconds = 60,
};

static void
test_head_timeout (Guests *guests, gconstpointer data)
{
  g_autofree char *nothing = NULL;

  guests_assert_answered (guests, guests_connect (guests, "GET / HTTP/1.1\r\nHo"), 408);
  nothing = receive_all (connect_to (guests->address));
  g_assert_cmpstr (nothing, ==, "");
}

/* The time is for the whole head: bytes in between do not begin it again. */
static void
test_head_timeout_dripping (Guests *guests, gconstpointer data)
{
  int fd = guests_connect (guests, "GET /");
  g_autoptr (GString) received = g_string_new (NULL);

  wait_for (send (fd, "x", 1, MSG_NOSIGNAL) < 0 || !receive_some (fd, received));
  guests_assert_status (received->str, 408);
  close (fd);
}

static const SseListenerOptions few = {
  .gate = { .max_connections = 1, .max_body_bytes = 1000 },
  .head_timeout_ms = 60000,
  .body_timeout_seconds = 60,
};

static char *last_message;
static guint n_messages;

static GLogWriterOutput
keep_message (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
  for (gsize i = 0; i < n_fields; i++)
    if (strcmp (fields[i].key, "MESSAGE") == 0)
      {
        g_free (last_message);
        last_message = g_strdup (fields[i].value);
        n_messages++;
      }
  return G_LOG_WRITER_HANDLED;
}

/* A main context that has nothing to do until a timeout comes to rest. */
static void
assert_rests (void)
{
  guint n = 0;

  while (g_main_context_iteration (NULL, FALSE))
    g_assert_cmpuint (n++, <, 1000);
}

/* Half a head is looked at once, and again when there is more of it, not all the while. */
static void
test_half_a_head (Guests *guests, gconstpointer data)
{
  int fd = guests_connect (guests, "GET / HTTP/1.1\r\nHo");

  wait_for (sse_listener_get_connections (guests->listener) == 1);
  assert_rests ();
  g_assert_cmpint (send (fd, "st: x\r\n", 7, MSG_NOSIGNAL), ==, 7);
  assert_rests ();
  g_assert_cmpuint (guests->admitted->len, ==, 0);
  close (fd);
  wait_for (sse_listener_get_connections (guests->listener) == 0);
}

/* So many that wait with their heads that one more may come, and no further. */
static void
fill_headroom (Guests *guests, int *fds)
{
  for (guint i = 0; i < HEADROOM; i++)
    fds[i] = connect_to (guests->address);
  wait_for (sse_listener_get_connections (guests->listener) == HEADROOM);
}

static void
close_all (int *fds, guint n)
{
  for (guint i = 0; i < n; i++)
    close (fds[i]);
}

static void
test_limit (Guests *guests, gconstpointer data)
{
  int waiting[HEADROOM];
  int first, second;

  n_messages = 0;
  fill_headroom (guests, waiting);
  first = guests_connect (guests, REQUEST);
  second = guests_connect (guests, REQUEST);
  wait_for (n_messages > 0);
  g_assert_nonnull (strstr (last_message, "65 connections"));
  wait_for (guests->admitted->len == 1);
  assert_rests ();
  g_assert_cmpuint (guests->admitted->len, ==, 1);

  /* One leaves: the next comes in at once. */
  g_ptr_array_set_size (guests->admitted, 0);
  assert_rests ();
  g_assert_cmpuint (guests->admitted->len, ==, 1);
  close (first);

  /* One leaves whose head never came. */
  first = guests_connect (guests, REQUEST);
  iterate ();
  g_assert_cmpuint (guests->admitted->len, ==, 1);
  close (waiting[0]);
  wait_for (guests->admitted->len == 2);
  g_assert_cmpuint (n_messages, ==, 1);
  g_assert_cmpuint (guests->counters.accept_pauses, ==, 0);
  close (first);
  close (second);
  close_all (waiting + 1, HEADROOM - 1);
}

/* Heads that have not come count, too. */
static void
test_limit_of_pending (Guests *guests, gconstpointer data)
{
  int waiting[HEADROOM];
  int first, second;

  n_messages = 0;
  fill_headroom (guests, waiting);
  first = connect_to (guests->address);
  wait_for (sse_listener_get_connections (guests->listener) == HEADROOM + 1);
  second = guests_connect (guests, REQUEST);
  wait_for (n_messages > 0);
  g_assert_cmpuint (guests->admitted->len, ==, 0);
  close (first);
  wait_for (guests->admitted->len == 1);
  close (second);
  close_all (waiting, HEADROOM);
}

/* What would stay is turned away at the limit; what is soon done is served. */
static void
test_no_room (Guests *guests, gconstpointer data)
{
  int first = guests_connect (guests, STAY);
  g_autofree char *refused = NULL;
  int second;

  wait_for (guests->admitted->len == 1);
  refused = receive_all (guests_connect (guests, STAY));
  guests_assert_status (refused, 200);
  g_assert_true (g_str_has_suffix (refused, "\r\n\r\nretry: 1\n\n"));
  g_assert_cmpuint (guests->counters.refused_by_total, ==, 1);

  second = guests_connect (guests, REQUEST);
  wait_for (guests->admitted->len == 2);
  g_assert_cmpuint (guests->counters.refused_by_total, ==, 1);
  g_assert_cmpuint (guests->counters.accepted, ==, 3);
  close (first);
  close (second);
}

static const SseListenerOptions two_per_address = {
  .gate = { .max_connections = 1000, .max_per_address = 2, .max_body_bytes = 1000 },
  .head_timeout_ms = 60000,
  .body_timeout_seconds = 60,
};

/* All at once, and from another address too: exactly two of each are let in. */
static void
test_address_burst (Guests *guests, gconstpointer data)
{
  int fds[10];

  for (guint i = 0; i < 8; i++)
    fds[i] = guests_connect_from (guests, "127.0.0.2:0", STAY);
  for (guint i = 8; i < G_N_ELEMENTS (fds); i++)
    fds[i] = guests_connect_from (guests, "127.0.0.3:0", STAY);
  wait_for (guests->n_asked == G_N_ELEMENTS (fds));
  g_assert_cmpuint (guests->admitted->len, ==, 4);
  g_assert_cmpuint (guests->counters.refused_by_address, ==, 6);
  g_assert_cmpuint (guests->counters.refused_by_total, ==, 0);
  close_all (fds, G_N_ELEMENTS (fds));
}

/* One that stays silent has its share of them, and a few more; then its connections are closed. */
static void
test_address_closed (Guests *guests, gconstpointer data)
{
  int fds[2 + HEADROOM_PER_ADDRESS];
  g_autofree char *nothing = NULL;
  int other;

  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    fds[i] = connect_from ("127.0.0.2:0", guests->address);
  wait_for (sse_listener_get_connections (guests->listener) == G_N_ELEMENTS (fds));
  nothing = receive_all (connect_from ("127.0.0.2:0", guests->address));
  g_assert_cmpstr (nothing, ==, "");
  g_assert_cmpuint (guests->counters.refused_by_address, ==, 1);
  g_assert_cmpuint (guests->counters.connections, ==, G_N_ELEMENTS (fds));

  other = guests_connect_from (guests, "127.0.0.3:0", STAY);
  wait_for (guests->admitted->len == 1);
  close (fds[0]);
  wait_for (sse_listener_get_connections (guests->listener) == G_N_ELEMENTS (fds));
  fds[0] = guests_connect_from (guests, "127.0.0.2:0", STAY);
  wait_for (guests->admitted->len == 2);
  close (other);
  close_all (fds, G_N_ELEMENTS (fds));
}

/* Descriptors run out: nobody is lost, and nothing spins. */
static void
test_no_descriptors (Guests *guests, gconstpointer data)
{
  struct rlimit before, lower;
  int fds[10];

  n_messages = 0;
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    fds[i] = guests_connect (guests, REQUEST);
  g_assert_no_errno (getrlimit (RLIMIT_NOFILE, &before));
  lower = before;
  lower.rlim_cur = (rlim_t) fds[G_N_ELEMENTS (fds) - 1] + 3;
  g_assert_no_errno (setrlimit (RLIMIT_NOFILE, &lower));

  wait_for (n_messages > 0);
  g_assert_nonnull (strstr (last_message, g_strerror (EMFILE)));
  assert_rests ();
  g_assert_cmpuint (guests->admitted->len, <, G_N_ELEMENTS (fds));
  g_assert_cmpuint (guests->counters.accept_pauses, >, 0);

  g_assert_no_errno (setrlimit (RLIMIT_NOFILE, &before));
  wait_for (guests->admitted->len == G_N_ELEMENTS (fds));
  g_assert_cmpuint (n_messages, ==, 1);
  close_all (fds, G_N_ELEMENTS (fds));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_writer_func (keep_message, NULL, NULL);
#define ADD(name, options, func)                                                                   \
  g_test_add ("/http/listener-limits/" name, Guests, options, guests_set_up, func, guests_tear_down)
  ADD ("head-timeout", &slow_heads, test_head_timeout);
  ADD ("head-timeout-dripping", &slow_heads, test_head_timeout_dripping);
  ADD ("half-a-head", &few, test_half_a_head);
  ADD ("limit", &few, test_limit);
  ADD ("limit-of-pending", &few, test_limit_of_pending);
  ADD ("no-room", &few, test_no_room);
  ADD ("address-burst", &two_per_address, test_address_burst);
  ADD ("address-closed", &two_per_address, test_address_closed);
  ADD ("no-descriptors", NULL, test_no_descriptors);
  return g_test_run ();
}
