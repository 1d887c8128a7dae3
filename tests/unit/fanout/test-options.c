/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fixture.h"

/* What is changed while clients are there. */

#define LARGE 100000

static int
join_slow (Fixture *self)
{
  const SseJoin join = { .user = "ann", .expires = NEVER };

  return fixture_join_small (self, &join, NULL);
}

static void
test_heartbeat (Fixture *self, gconstpointer data)
{
  SseFanoutOptions changed = default_options;
  int fd = fixture_join (self, 0, "ann", FALSE), later;

  changed.heartbeat_ms = 10;
  sse_fanout_configure (self->fanout, &changed);
  fixture_expect (fd, ":\n\n:\n\n");
  later = fixture_join (self, 0, "bob", FALSE);
  fixture_expect (later, ":\n\n:\n\n");

  changed.heartbeat_ms = 3600 * 1000;
  sse_fanout_configure (self->fanout, &changed);
  fixture_wait_worker (self, 1);
  close (fd);
  close (later);
}

static void
test_retry (Fixture *self, gconstpointer data)
{
  SseFanoutOptions changed = default_options;
  g_autoptr (SseFrame) frame = NULL;
  int fd = fixture_join (self, 0, "ann", FALSE);
  gsize length;
  const char *text;

  changed.retry_min_ms = 1234;
  changed.retry_max_ms = 1234;
  sse_fanout_configure (self->fanout, &changed);
  frame = sse_fanout_new_retry_frame (self->fanout);
  text = sse_frame_get_bytes (frame, FALSE, &length);
  g_assert_cmpuint (length, ==, strlen ("retry: 1234\n\n"));
  g_assert_cmpint (memcmp (text, "retry: 1234\n\n", length), ==, 0);
  sse_fanout_end (self->fanout);
  fixture_expect (fd, "retry: 1234\n\n");
  fixture_expect_end (fd);
}

/* One that is there already overflows. */
static void
test_queue (Fixture *self, gconstpointer data)
{
  SseFanoutOptions changed = default_options;
  int fd = join_slow (self);

  fixture_send_size (self, 0, NULL, LARGE);
  fixture_wait_queued (self, 0, 1);
  changed.queue_bytes = LARGE;
  sse_fanout_configure (self->fanout, &changed);
  fixture_send_size (self, 0, NULL, LARGE / 2);
  fixture_wait_queued (self, 0, LARGE);
  g_assert_cmpuint (self->left->len, ==, 0);
  fixture_send_size (self, 0, NULL, LARGE);
  fixture_expect_left (self, "0 ann overflow");
  close (fd);
}

static void
test_total (Fixture *self, gconstpointer data)
{
  SseFanoutOptions changed = default_options;
  int fd = join_slow (self), quick = fixture_join (self, 0, "bob", FALSE);

  fixture_send_size (self, 0, "ann", LARGE);
  fixture_wait_queued (self, 0, 1);
  changed.total_bytes = LARGE / 2;
  sse_fanout_configure (self->fanout, &changed);
  fixture_send (self, 0, "bob", "event");
  fixture_expect_left (self, "0 ann overflow");
  fixture_expect (quick, "event");
  close (fd);
  close (quick);
}

static guint
get_timeout (int fd)
{
  guint timeout = 0;
  socklen_t length = sizeof timeout;

  g_assert_cmpint (getsockopt (fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout, &length), ==, 0);
  return timeout;
}

static void
test_peer_timeout (Fixture *self, gconstpointer data)
{
  SseFanoutOptions changed = default_options;
  SseJoin join = { .user = "tcp", .expires = NEVER };
  int fds[2], copy;

  changed.peer_timeout_ms = 12345;
  sse_fanout_configure (self->fanout, &changed);
  make_tcp_pair (fds);
  copy = dup (fds[0]);
  join.fd = fds[0];
  fixture_join_fd (self, &join, NULL);
  fixture_wait_worker (self, 1);
  g_assert_cmpuint (get_timeout (copy), ==, 12345);
  close (copy);
  close (fds[1]);
}

/* The number of threads is what it was. */
static void
test_what_stays (Fixture *self, gconstpointer data)
{
  SseFanoutOptions changed = default_options;
  int fd;

  changed.n_workers = 7;
  changed.n_channels = 9;
  sse_fanout_configure (self->fanout, &changed);
  fd = fixture_join (self, 1, "ann", FALSE);
  fixture_send (self, 1, NULL, "event");
  fixture_expect (fd, "event");
  close (fd);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  alarm (300); /* for what never comes */
  fixture_add_test ("/options/heartbeat", &default_options, test_heartbeat);
  fixture_add_test ("/options/retry", &default_options, test_retry);
  fixture_add_test ("/options/queue", &default_options, test_queue);
  fixture_add_test ("/options/total", &default_options, test_total);
  fixture_add_test ("/options/peer-timeout", &default_options, test_peer_timeout);
  fixture_add_test ("/options/what-stays", &default_options, test_what_stays);
  return g_test_run ();
}
