/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-listener.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fixture.h"

#define HOST     "Host: localhost\r\n"
#define REQUEST  "GET /x?token=t HTTP/1.1\r\n" HOST "\r\n"
#define HEADROOM 64

/* A connection that was admitted. */
typedef struct
{
  GSocketConnection *connection;
  SseAdmission *admission;
} Guest;

typedef struct
{
  SseListener *listener;
  const char *address;
  GPtrArray *guests;
  guint others;
  guint n_asked;
} Fixture;

static void
guest_free (gpointer data)
{
  Guest *guest = data;

  g_object_unref (guest->connection);
  sse_admission_unref (guest->admission);
  g_free (guest);
}

static SseAnswer *
refuse (const SseRequest *request, gpointer user_data)
{
  Fixture *fixture = user_data;

  fixture->n_asked++;
  return strcmp (request->path, "/refuse") == 0 ? sse_answer_new_message (404, "Not found") : NULL;
}

static void
admit (GSocketConnection *connection, SseAdmission *admission, gpointer user_data)
{
  Fixture *fixture = user_data;
  Guest *guest = g_new0 (Guest, 1);

  guest->connection = g_object_ref (connection);
  guest->admission = admission;
  g_ptr_array_add (fixture->guests, guest);
}

static guint
count_others (gpointer user_data)
{
  return ((Fixture *) user_data)->others;
}

static const SseListenerFuncs funcs = { refuse, admit, count_others };

static void
set_up (Fixture *fixture, gconstpointer data)
{
  const SseListenerOptions defaults = {
    .max_connections = 1000,
    .max_body_bytes = 1000,
    .head_timeout_ms = 60000,
    .body_timeout_seconds = 60,
  };
  const char *const addresses[] = { "127.0.0.1:0", NULL };
  g_autoptr (GError) error = NULL;

  fixture->guests = g_ptr_array_new_with_free_func (guest_free);
  fixture->listener
      = sse_listener_new (addresses, data != NULL ? data : &defaults, &funcs, fixture, &error);
  g_assert_no_error (error);
  fixture->address = sse_listener_get_addresses (fixture->listener)[0];
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_ptr_array_unref (fixture->guests);
  if (fixture->listener != NULL)
    {
      wait_for (sse_listener_get_connections (fixture->listener) == 0);
      sse_listener_free (fixture->listener);
    }
  g_assert_false (g_main_context_pending (NULL));
}

static int
connect_and_send (Fixture *fixture, const char *text)
{
  int fd = connect_to (fixture->address);

  send_text (fd, text);
  return fd;
}

static void
assert_status (const char *answer, guint status)
{
  g_autofree char *line = g_strdup_printf ("HTTP/1.1 %u ", status);

  g_test_message ("%s", answer);
  g_assert_true (g_str_has_prefix (answer, line));
}

static void
assert_answered (Fixture *fixture, int fd, guint status)
{
  g_autofree char *answer = receive_all (fd);

  assert_status (answer, status);
  g_assert_nonnull (strstr (answer, "\r\nConnection: close\r\n"));
  wait_for (sse_listener_get_connections (fixture->listener) == 0);
}

/* Nothing of the request is taken from the socket. */
static void
test_admit (Fixture *fixture, gconstpointer data)
{
  int fd = connect_and_send (fixture, REQUEST);
  GSocket *socket;
  char buffer[1000];
  gssize length;

  wait_for (fixture->guests->len == 1);
  socket = g_socket_connection_get_socket (
      ((Guest *) g_ptr_array_index (fixture->guests, 0))->connection);
  length = g_socket_receive (socket, buffer, sizeof buffer, NULL, NULL);
  g_assert_cmpint (length, ==, strlen (REQUEST));
  g_assert_cmpint (memcmp (buffer, REQUEST, strlen (REQUEST)), ==, 0);
  g_assert_cmpuint (g_socket_get_timeout (socket), ==, 60);
  g_assert_cmpuint (sse_listener_get_connections (fixture->listener), ==, 1);
  close (fd);
}

static void
test_pieces (Fixture *fixture, gconstpointer data)
{
  int fd = connect_to (fixture->address);

  for (const char *byte = REQUEST; *byte != '\0'; byte++)
    {
      const char text[] = { *byte, '\0' };

      g_assert_cmpuint (fixture->guests->len, ==, 0);
      send_text (fd, text);
      iterate ();
    }
  wait_for (fixture->guests->len == 1);
  g_assert_cmpuint (fixture->n_asked, ==, 1);
  close (fd);
}

static void
test_many (Fixture *fixture, gconstpointer data)
{
  int fds[300];

  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    fds[i] = connect_and_send (fixture, REQUEST);
  wait_for (fixture->guests->len == G_N_ELEMENTS (fds));
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    close (fds[i]);
}

static void
test_refused (Fixture *fixture, gconstpointer data)
{
  g_autofree char *head = NULL;

  assert_answered (fixture, connect_and_send (fixture, "GET /refuse?x HTTP/1.1\r\n" HOST "\r\n"),
                   404);
  head = receive_all (connect_and_send (fixture, "HEAD /refuse HTTP/1.1\r\n" HOST "\r\n"));
  assert_status (head, 404);
  g_assert_true (g_str_has_suffix (head, "\r\n\r\n"));
  g_assert_cmpuint (fixture->guests->len, ==, 0);
}

static void
test_malformed (Fixture *fixture, gconstpointer data)
{
  g_autofree char *long_value = g_strnfill (17000, 'x');
  g_autofree char *too_long = g_strconcat ("GET / HTTP/1.1\r\n" HOST "X: ", long_value, NULL);

  assert_answered (fixture, connect_and_send (fixture, "GET /\n"), 400);
  assert_answered (fixture, connect_and_send (fixture, "\x16\x03\x01"), 400);
  assert_answered (fixture, connect_and_send (fixture, "GET / HTTP/2.0\r\n"), 505);
  assert_answered (fixture, connect_and_send (fixture, too_long), 431);
  g_assert_cmpuint (fixture->n_asked, ==, 0);
}

/* A client that sends its whole body before it looks gets the answer nevertheless, and no reset. */
static void
test_refused_while_sending (Fixture *fixture, gconstpointer data)
{
  g_autofree char *body = g_strnfill (500000, 'x');
  int fd = connect_and_send (fixture,
                             "POST /refuse HTTP/1.1\r\n" HOST "Content-Length: 500000\r\n\r\n");
  gsize sent = 0;

  while (sent < strlen (body))
    {
      gssize length = send (fd, body + sent, strlen (body) - sent, MSG_DONTWAIT | MSG_NOSIGNAL);

      g_assert_true (length >= 0 || errno == EAGAIN);
      sent += (gsize) MAX (length, 0);
      iterate ();
    }
  shutdown (fd, SHUT_WR);
  assert_answered (fixture, fd, 404);
}

/* One that never stops is not listened to for ever. */
static void
test_refused_and_endless (Fixture *fixture, gconstpointer data)
{
  g_autofree char *body = g_strnfill (100000, 'x');
  int fd = connect_and_send (fixture,
                             "POST /refuse HTTP/1.1\r\n" HOST "Content-Length: 500000000\r\n\r\n");

  wait_for (send (fd, body, strlen (body), MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno != EAGAIN);
  g_assert_cmpuint (sse_listener_get_connections (fixture->listener), ==, 0);
  close (fd);
}

/* Closed without an answer. */
static void
assert_nothing (const char *received)
{
  g_assert_true (strcmp (received, "") == 0 || strcmp (received, "(reset)") == 0);
}

static void
test_gone (Fixture *fixture, gconstpointer data)
{
  const struct linger reset = { 1, 0 };
  g_autofree char *received = NULL;
  int fd;

  close (connect_to (fixture->address));
  close (connect_and_send (fixture, "GET / HT"));
  fd = connect_and_send (fixture, "GET / HT");
  g_assert_no_errno (setsockopt (fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset));
  close (fd);
  fd = connect_and_send (fixture, "GET / HT");
  g_assert_no_errno (shutdown (fd, SHUT_WR));
  received = receive_all (fd);
  assert_nothing (received);
  g_assert_cmpuint (fixture->guests->len, ==, 0);
}

/* The request is whole: that nothing follows is in order. */
static void
test_half_closed (Fixture *fixture, gconstpointer data)
{
  int fd = connect_and_send (fixture, REQUEST);

  g_assert_no_errno (shutdown (fd, SHUT_WR));
  wait_for (fixture->guests->len == 1);
  close (fd);
}

static void
test_freed (Fixture *fixture, gconstpointer data)
{
  int admitted = connect_and_send (fixture, REQUEST);
  int partial = connect_and_send (fixture, "GET");
  int refused = connect_and_send (fixture, "GET /refuse HTTP/1.1\r\n" HOST "\r\n");
  g_autofree char *nothing = NULL;
  g_autofree char *answer = NULL;

  wait_for (fixture->guests->len == 1 && fixture->n_asked == 2
            && sse_listener_get_connections (fixture->listener) == 3);
  g_clear_pointer (&fixture->listener, sse_listener_free);
  nothing = receive_all (partial);
  assert_nothing (nothing);
  answer = receive_all (refused);
  assert_status (answer, 404);
  close (admitted);
}

/* ---- limits ---- */

static const SseListenerOptions slow_heads = {
  .max_connections = 1000,
  .max_body_bytes = 1000,
  .head_timeout_ms = 50,
  .body_timeout_seconds = 60,
};

static void
test_head_timeout (Fixture *fixture, gconstpointer data)
{
  g_autofree char *nothing = NULL;

  assert_answered (fixture, connect_and_send (fixture, "GET / HTTP/1.1\r\nHo"), 408);
  nothing = receive_all (connect_to (fixture->address));
  g_assert_cmpstr (nothing, ==, "");
}

/* The time is for the whole head: bytes in between do not begin it again. */
static void
test_head_timeout_dripping (Fixture *fixture, gconstpointer data)
{
  int fd = connect_and_send (fixture, "GET /");
  g_autoptr (GString) received = g_string_new (NULL);

  wait_for (send (fd, "x", 1, MSG_NOSIGNAL) < 0 || !receive_some (fd, received));
  assert_status (received->str, 408);
  close (fd);
}

static const SseListenerOptions few = {
  .max_connections = 1,
  .max_body_bytes = 1000,
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

static void
test_limit (Fixture *fixture, gconstpointer data)
{
  int first, second;

  n_messages = 0;
  fixture->others = HEADROOM;
  first = connect_and_send (fixture, REQUEST);
  second = connect_and_send (fixture, REQUEST);
  wait_for (n_messages > 0);
  g_assert_nonnull (strstr (last_message, "65 connections"));
  wait_for (fixture->guests->len == 1);
  assert_rests ();
  g_assert_cmpuint (fixture->guests->len, ==, 1);

  /* One leaves: the next comes in at once. */
  g_ptr_array_set_size (fixture->guests, 0);
  wait_for (fixture->guests->len == 1);
  close (first);

  /* One of the others leaves, of which the listener is not told. */
  first = connect_and_send (fixture, REQUEST);
  iterate ();
  g_assert_cmpuint (fixture->guests->len, ==, 1);
  fixture->others--;
  wait_for (fixture->guests->len == 2);
  g_assert_cmpuint (n_messages, ==, 1);
  close (first);
  close (second);
}

/* Heads that have not come count, too. */
static void
test_limit_of_pending (Fixture *fixture, gconstpointer data)
{
  int first, second;

  n_messages = 0;
  fixture->others = HEADROOM;
  first = connect_to (fixture->address);
  wait_for (sse_listener_get_connections (fixture->listener) == 1);
  second = connect_and_send (fixture, REQUEST);
  wait_for (n_messages > 0);
  g_assert_cmpuint (fixture->guests->len, ==, 0);
  close (first);
  wait_for (fixture->guests->len == 1);
  close (second);
}

/* Descriptors run out: nobody is lost, and nothing spins. */
static void
test_no_descriptors (Fixture *fixture, gconstpointer data)
{
  struct rlimit before, lower;
  int fds[10];

  n_messages = 0;
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    fds[i] = connect_and_send (fixture, REQUEST);
  g_assert_no_errno (getrlimit (RLIMIT_NOFILE, &before));
  lower = before;
  lower.rlim_cur = (rlim_t) fds[G_N_ELEMENTS (fds) - 1] + 3;
  g_assert_no_errno (setrlimit (RLIMIT_NOFILE, &lower));

  wait_for (n_messages > 0);
  g_assert_nonnull (strstr (last_message, g_strerror (EMFILE)));
  assert_rests ();
  g_assert_cmpuint (fixture->guests->len, <, G_N_ELEMENTS (fds));

  g_assert_no_errno (setrlimit (RLIMIT_NOFILE, &before));
  wait_for (fixture->guests->len == G_N_ELEMENTS (fds));
  g_assert_cmpuint (n_messages, ==, 1);
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    close (fds[i]);
}

static void
test_body_bytes (Fixture *fixture, gconstpointer data)
{
  static const char post[] = "POST /x HTTP/1.1\r\n" HOST "Content-Length: 600\r\n\r\n";
  int first = connect_and_send (fixture, post);
  g_autofree char *busy = NULL;
  int third;

  wait_for (fixture->guests->len == 1);
  busy = receive_all (connect_and_send (fixture, post));
  assert_status (busy, 503);
  g_assert_nonnull (strstr (busy, "\r\nRetry-After: 1\r\n"));

  g_ptr_array_set_size (fixture->guests, 0);
  third = connect_and_send (fixture, post);
  wait_for (fixture->guests->len == 1);
  close (first);
  close (third);
}

static void
test_in_use (Fixture *fixture, gconstpointer data)
{
  const char *const addresses[] = { "127.0.0.1:0", fixture->address, NULL };
  g_autoptr (GError) error = NULL;
  guint before = count_descriptors ();

  g_assert_null (sse_listener_new (addresses, &few, &funcs, fixture, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);
  g_assert_cmpuint (count_descriptors (), ==, before);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_writer_func (keep_message, NULL, NULL);
#define ADD(name, options, func)                                                                   \
  g_test_add ("/http/listener/" name, Fixture, options, set_up, func, tear_down)
  ADD ("admit", NULL, test_admit);
  ADD ("pieces", NULL, test_pieces);
  ADD ("many", NULL, test_many);
  ADD ("refused", NULL, test_refused);
  ADD ("malformed", NULL, test_malformed);
  ADD ("refused-while-sending", NULL, test_refused_while_sending);
  ADD ("refused-and-endless", NULL, test_refused_and_endless);
  ADD ("gone", NULL, test_gone);
  ADD ("half-closed", NULL, test_half_closed);
  ADD ("freed", NULL, test_freed);
  ADD ("head-timeout", &slow_heads, test_head_timeout);
  ADD ("head-timeout-dripping", &slow_heads, test_head_timeout_dripping);
  ADD ("limit", &few, test_limit);
  ADD ("limit-of-pending", &few, test_limit_of_pending);
  ADD ("no-descriptors", NULL, test_no_descriptors);
  ADD ("body-bytes", NULL, test_body_bytes);
  ADD ("in-use", NULL, test_in_use);
  return g_test_run ();
}
