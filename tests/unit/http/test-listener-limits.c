/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-listener.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "guests.h"

/* Those that are let in beyond the limit. */
#define HEADROOM 64

static const SseListenerOptions slow_heads = {
  .max_connections = 1000,
  .max_body_bytes = 1000,
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
test_limit (Guests *guests, gconstpointer data)
{
  int first, second;

  n_messages = 0;
  guests->others = HEADROOM;
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

  /* One of the others leaves, of which the listener is not told. */
  first = guests_connect (guests, REQUEST);
  iterate ();
  g_assert_cmpuint (guests->admitted->len, ==, 1);
  guests->others--;
  wait_for (guests->admitted->len == 2);
  g_assert_cmpuint (n_messages, ==, 1);
  close (first);
  close (second);
}

/* Heads that have not come count, too. */
static void
test_limit_of_pending (Guests *guests, gconstpointer data)
{
  int first, second;

  n_messages = 0;
  guests->others = HEADROOM;
  first = connect_to (guests->address);
  wait_for (sse_listener_get_connections (guests->listener) == 1);
  second = guests_connect (guests, REQUEST);
  wait_for (n_messages > 0);
  g_assert_cmpuint (guests->admitted->len, ==, 0);
  close (first);
  wait_for (guests->admitted->len == 1);
  close (second);
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

  g_assert_no_errno (setrlimit (RLIMIT_NOFILE, &before));
  wait_for (guests->admitted->len == G_N_ELEMENTS (fds));
  g_assert_cmpuint (n_messages, ==, 1);
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    close (fds[i]);
}

static void
test_body_bytes (Guests *guests, gconstpointer data)
{
  static const char post[] = "POST /x HTTP/1.1\r\n" HOST "Content-Length: 600\r\n\r\n";
  int first = guests_connect (guests, post);
  g_autofree char *busy = NULL;
  int third;

  wait_for (guests->admitted->len == 1);
  busy = receive_all (guests_connect (guests, post));
  guests_assert_status (busy, 503);
  g_assert_nonnull (strstr (busy, "\r\nRetry-After: 1\r\n"));

  g_ptr_array_set_size (guests->admitted, 0);
  third = guests_connect (guests, post);
  wait_for (guests->admitted->len == 1);
  close (first);
  close (third);
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
  ADD ("limit", &few, test_limit);
  ADD ("limit-of-pending", &few, test_limit_of_pending);
  ADD ("no-descriptors", NULL, test_no_descriptors);
  ADD ("body-bytes", NULL, test_body_bytes);
  return g_test_run ();
}
