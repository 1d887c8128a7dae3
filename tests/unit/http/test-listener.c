/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-listener.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "guests.h"
#include "sse-address.h"

/* Nothing of the request is taken from the socket. */
static void
test_admit (Guests *guests, gconstpointer data)
{
  int fd = guests_connect (guests, REQUEST);
  GSocket *socket;
  char buffer[1000];
  gssize length;

  wait_for (guests->admitted->len == 1);
  socket = g_socket_connection_get_socket (
      ((Guest *) g_ptr_array_index (guests->admitted, 0))->connection);
  length = g_socket_receive (socket, buffer, sizeof buffer, NULL, NULL);
  g_assert_cmpint (length, ==, strlen (REQUEST));
  g_assert_cmpint (memcmp (buffer, REQUEST, strlen (REQUEST)), ==, 0);
  g_assert_cmpuint (g_socket_get_timeout (socket), ==, 30);
  g_assert_cmpuint (sse_listener_get_connections (guests->listener), ==, 1);
  close (fd);
}

static void
test_pieces (Guests *guests, gconstpointer data)
{
  int fd = connect_to (guests->address);

  for (const char *byte = REQUEST; *byte != '\0'; byte++)
    {
      const char text[] = { *byte, '\0' };

      g_assert_cmpuint (guests->admitted->len, ==, 0);
      send_text (fd, text);
      iterate ();
    }
  wait_for (guests->admitted->len == 1);
  g_assert_cmpuint (guests->n_asked, ==, 1);
  close (fd);
}

static void
test_many (Guests *guests, gconstpointer data)
{
  int fds[300];

  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    fds[i] = guests_connect (guests, REQUEST);
  wait_for (guests->admitted->len == G_N_ELEMENTS (fds));
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    close (fds[i]);
}

static void
test_refused (Guests *guests, gconstpointer data)
{
  g_autofree char *head = NULL;

  guests_assert_answered (guests, guests_connect (guests, "GET /refuse?x HTTP/1.1\r\n" HOST "\r\n"),
                          404);
  head = receive_all (guests_connect (guests, "HEAD /refuse HTTP/1.1\r\n" HOST "\r\n"));
  guests_assert_status (head, 404);
  g_assert_true (g_str_has_suffix (head, "\r\n\r\n"));
  g_assert_cmpuint (guests->admitted->len, ==, 0);
}

static void
test_malformed (Guests *guests, gconstpointer data)
{
  g_autofree char *long_value = g_strnfill (17000, 'x');
  g_autofree char *too_long = g_strconcat ("GET / HTTP/1.1\r\n" HOST "X: ", long_value, NULL);

  guests_assert_answered (guests, guests_connect (guests, "GET /\n"), 400);
  guests_assert_answered (guests, guests_connect (guests, "\x16\x03\x01"), 400);
  guests_assert_answered (guests, guests_connect (guests, "GET / HTTP/2.0\r\n"), 505);
  guests_assert_answered (guests, guests_connect (guests, too_long), 431);
  g_assert_cmpuint (guests->n_asked, ==, 0);
}

/* A client that sends its whole body before it looks gets the answer nevertheless, and no reset. */
static void
test_refused_while_sending (Guests *guests, gconstpointer data)
{
  g_autofree char *body = g_strnfill (500000, 'x');
  int fd
      = guests_connect (guests, "POST /refuse HTTP/1.1\r\n" HOST "Content-Length: 500000\r\n\r\n");
  gsize sent = 0;

  while (sent < strlen (body))
    {
      gssize length = send (fd, body + sent, strlen (body) - sent, MSG_DONTWAIT | MSG_NOSIGNAL);

      g_assert_true (length >= 0 || errno == EAGAIN);
      sent += (gsize) MAX (length, 0);
      iterate ();
    }
  shutdown (fd, SHUT_WR);
  guests_assert_answered (guests, fd, 404);
}

/* All of it is there before the listener looks, so that nothing more will wake it. */
static void
test_refused_after_sending (Guests *guests, gconstpointer data)
{
  g_autofree char *body = g_strnfill (60000, 'x');
  int fd
      = guests_connect (guests, "POST /refuse HTTP/1.1\r\n" HOST "Content-Length: 60000\r\n\r\n");

  send_text (fd, body);
  g_assert_no_errno (shutdown (fd, SHUT_WR));
  guests_assert_answered (guests, fd, 404);
}

/* One that never stops is not listened to for ever. */
static void
test_refused_and_endless (Guests *guests, gconstpointer data)
{
  g_autofree char *body = g_strnfill (100000, 'x');
  int fd = guests_connect (guests,
                           "POST /refuse HTTP/1.1\r\n" HOST "Content-Length: 500000000\r\n\r\n");
  gsize sent = 0;
  gssize length;

  while ((length = send (fd, body, strlen (body), MSG_DONTWAIT | MSG_NOSIGNAL)) >= 0
         || errno == EAGAIN)
    {
      sent += (gsize) MAX (length, 0);
      g_assert_cmpuint (sent, <, 50000000);
      iterate ();
    }
  g_assert_cmpuint (sse_listener_get_connections (guests->listener), ==, 0);
  close (fd);
}

/* Closed without an answer. */
static void
assert_nothing (const char *received)
{
  g_assert_true (strcmp (received, "") == 0 || strcmp (received, "(reset)") == 0);
}

static void
test_gone (Guests *guests, gconstpointer data)
{
  const struct linger reset = { 1, 0 };
  g_autofree char *received = NULL;
  int fd;

  close (connect_to (guests->address));
  close (guests_connect (guests, "GET / HT"));
  fd = guests_connect (guests, "GET / HT");
  g_assert_no_errno (setsockopt (fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset));
  close (fd);
  fd = guests_connect (guests, "GET / HT");
  g_assert_no_errno (shutdown (fd, SHUT_WR));
  received = receive_all (fd);
  assert_nothing (received);
  g_assert_cmpuint (guests->admitted->len, ==, 0);
}

/* The request is whole: that nothing follows is in order. */
static void
test_half_closed (Guests *guests, gconstpointer data)
{
  int fd = guests_connect (guests, REQUEST);

  g_assert_no_errno (shutdown (fd, SHUT_WR));
  wait_for (guests->admitted->len == 1);
  close (fd);
}

/* A page of metrics may be larger than what a socket's buffer takes by itself. */
static void
test_large_answer (void)
{
  const int little = 4608;
  g_autofree char *text = g_strnfill (60000, 'x');
  g_autoptr (SseAnswer) page = sse_answer_new (200, "text/plain", text);
  g_autofree char *received = NULL;
  SsePending *pending;
  int fds[2];

  g_assert_no_errno (socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds));
  g_assert_no_errno (setsockopt (fds[0], SOL_SOCKET, SO_SNDBUF, &little, sizeof little));
  pending = sse_pending_new (fds[0], NULL);
  g_assert_true (sse_pending_answer (pending, page, TRUE));
  received = receive_all (fds[1]);
  g_assert_true (g_str_has_suffix (received, text));
  sse_pending_free (pending);
}

static void
test_freed (Guests *guests, gconstpointer data)
{
  int admitted = guests_connect (guests, REQUEST);
  int partial = guests_connect (guests, "GET");
  int refused = guests_connect (guests, "GET /refuse HTTP/1.1\r\n" HOST "\r\n");
  g_autofree char *nothing = NULL;
  g_autofree char *answer = NULL;

  wait_for (guests->admitted->len == 1 && guests->n_asked == 2
            && sse_listener_get_connections (guests->listener) == 3);
  g_clear_pointer (&guests->listener, sse_listener_free);
  nothing = receive_all (partial);
  assert_nothing (nothing);
  answer = receive_all (refused);
  guests_assert_status (answer, 404);
  close (admitted);
}

/* The service manager has the socket as well: who comes then waits there for the next daemon. */
static void
test_stopped (void)
{
  const SseListenerOptions options = { .gate = { .max_connections = 10 } };
  struct sockaddr_in any = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  int held = socket (AF_INET, SOCK_STREAM, 0);
  GPtrArray *bound = g_ptr_array_new_with_free_func ((GDestroyNotify) sse_bound_free);
  SseCounters counters = { 0 };
  SseListener *listener;
  int client;

  g_assert_cmpint (bind (held, (struct sockaddr *) &any, sizeof any), ==, 0);
  g_assert_cmpint (listen (held, 10), ==, 0);
  g_ptr_array_add (bound, sse_address_adopt (dup (held), NULL));
  listener = sse_listener_new (bound, &options, &guests_funcs, &counters, NULL, NULL);
  sse_listener_stop (listener);
  client = connect_to (sse_listener_get_addresses (listener)[0]);
  g_assert_false (g_main_context_pending (NULL));
  sse_listener_free (listener);
  close (client);
  close (held);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, options, func)                                                                   \
  g_test_add ("/http/listener/" name, Guests, options, guests_set_up, func, guests_tear_down)
  ADD ("admit", NULL, test_admit);
  ADD ("pieces", NULL, test_pieces);
  ADD ("many", NULL, test_many);
  ADD ("refused", NULL, test_refused);
  ADD ("malformed", NULL, test_malformed);
  ADD ("refused-while-sending", NULL, test_refused_while_sending);
  ADD ("refused-after-sending", NULL, test_refused_after_sending);
  ADD ("refused-and-endless", NULL, test_refused_and_endless);
  ADD ("gone", NULL, test_gone);
  ADD ("half-closed", NULL, test_half_closed);
  ADD ("freed", NULL, test_freed);
  g_test_add_func ("/http/listener/large-answer", test_large_answer);
  g_test_add_func ("/http/listener/stopped", test_stopped);
  return g_test_run ();
}
