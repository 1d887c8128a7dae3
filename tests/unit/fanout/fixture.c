/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* No wait in these tests lasts long; one that does has failed. */
#define BOUND_SECONDS 60

/* Little enough that a frame of some 10 KiB is written in parts. */
#define SMALL_BUFFER 4608

const SseFanoutOptions default_options = {
  .n_workers = 1,
  .n_channels = 2,
  .queue_bytes = 1024 * 1024,
  .total_bytes = G_MAXSIZE,
  .heartbeat_ms = 3600 * 1000,
  .peer_timeout_ms = 60000,
  .retry_min_ms = 0,
  .retry_max_ms = 0,
};

typedef struct
{
  SseTicket ticket;
  guint *n_released;
} Ticket;

static void
release (SseTicket *ticket)
{
  (*((Ticket *) ticket)->n_released)++;
  g_free (ticket);
}

static SseTicket *
new_ticket (Fixture *self)
{
  Ticket *ticket = g_new (Ticket, 1);

  *ticket = (Ticket){ { release }, &self->n_released };
  return &ticket->ticket;
}

static void
on_left (guint channel,
         const char *user,
         const char *last_event_id,
         SseCloseReason reason,
         gpointer user_data)
{
  Fixture *self = user_data;

  g_ptr_array_add (self->left,
                   g_strdup_printf ("%u %s %s", channel, user, sse_close_reason_get_name (reason)));
}

void
fixture_set_up (Fixture *self, const SseFanoutOptions *options)
{
  g_autoptr (GError) error = NULL;

  self->left = g_ptr_array_new_with_free_func (g_free);
  self->n_joined = 0;
  self->n_expected = 0;
  self->n_released = 0;
  self->fanout = sse_fanout_new (options, on_left, self, &error);
  g_assert_no_error (error);
}

void
fixture_stop (Fixture *self)
{
  g_clear_pointer (&self->fanout, sse_fanout_free);
}

/* Every client that joined must have left, once, and its ticket with it. */
void
fixture_tear_down (Fixture *self)
{
  fixture_stop (self);
  g_assert_cmpuint (self->left->len, ==, self->n_joined);
  g_assert_cmpuint (self->n_released, ==, self->n_joined);
  g_ptr_array_unref (self->left);
}

/* @texts: (nullable) */
GPtrArray *
make_frames (const char *const *texts)
{
  GPtrArray *frames = g_ptr_array_new_with_free_func ((GDestroyNotify) sse_frame_unref);

  for (; texts != NULL && *texts != NULL; texts++)
    g_ptr_array_add (frames, sse_frame_new_raw (*texts, strlen (*texts)));
  return frames;
}

static SseJoin
prepare_join (Fixture *self, const SseJoin *join, GPtrArray *frames)
{
  SseJoin copy = *join;

  copy.frames = frames;
  copy.ticket = new_ticket (self);
  self->n_joined++;
  return copy;
}

void
fixture_join_fd (Fixture *self, const SseJoin *join, const char *const *first)
{
  g_autoptr (GPtrArray) frames = make_frames (first);
  SseJoin copy = prepare_join (self, join, frames);

  sse_fanout_join (self->fanout, &copy);
}

SseCatchUp *
fixture_join_behind (Fixture *self,
                     const SseJoin *join,
                     const char *const *first,
                     SseFanoutFed fed,
                     gpointer user_data)
{
  g_autoptr (GPtrArray) frames = make_frames (first);
  SseJoin copy = prepare_join (self, join, frames);

  return sse_fanout_join_behind (self->fanout, &copy, fed, user_data);
}

/* Joins one end of a new socket pair and returns the other; the join's descriptor is not used. */
int
fixture_join_full (Fixture *self, const SseJoin *join, const char *const *first)
{
  SseJoin copy = *join;
  int fds[2];

  make_pair (fds);
  copy.fd = fds[0];
  fixture_join_fd (self, &copy, first);
  return fds[1];
}

int
fixture_join (Fixture *self, guint channel, const char *user, gboolean chunked)
{
  SseJoin join = { .channel = channel, .user = user, .chunked = chunked, .expires = NEVER };

  return fixture_join_full (self, &join, NULL);
}

void
fixture_send (Fixture *self, guint channel, const char *user, const char *body)
{
  g_autoptr (SseFrame) frame = sse_frame_new_body (body, strlen (body));

  sse_fanout_send (self->fanout, channel, user, frame);
}

void
fixture_send_size (Fixture *self, guint channel, const char *user, gsize size)
{
  g_autofree char *body = g_strnfill (size, 'x');

  fixture_send (self, channel, user, body);
}

void
fixture_send_view (Fixture *self, guint channel, const char *user, guint view, const char *body)
{
  g_autoptr (SseFrame) frame = sse_frame_new_body (body, strlen (body));

  sse_fanout_send_view (self->fanout, channel, user, view, frame);
}

/* The same with a socket that takes little of what is sent. */
int
fixture_join_small (Fixture *self, const SseJoin *join, const char *const *first)
{
  SseJoin copy = *join;
  int fds[2];

  make_small_pair (fds);
  copy.fd = fds[0];
  fixture_join_fd (self, &copy, first);
  return fds[1];
}

/* Waits until the worker has done what was asked for: another client, of a channel that nobody
 * else follows, got what was sent later. Where there are several workers, one has. */
void
fixture_wait_worker (Fixture *self, guint channel)
{
  int fd = fixture_join (self, channel, "witness", FALSE);

  fixture_send (self, channel, "witness", "done ");
  fixture_expect (fd, "done ");
  close (fd);
}

static gboolean
on_bound (gpointer user_data)
{
  g_error ("what the test waits for did not happen");
  return G_SOURCE_REMOVE;
}

static gboolean
on_input (int fd, GIOCondition condition, gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
  return G_SOURCE_REMOVE;
}

/* Iterates the main context until there is something to read, or the end. */
void
fixture_wait_input (int fd)
{
  guint bound = g_timeout_add_seconds (BOUND_SECONDS, on_bound, NULL);
  gboolean readable = FALSE;

  g_unix_fd_add (fd, G_IO_IN | G_IO_HUP | G_IO_ERR, on_input, &readable);
  while (!readable)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (bound);
}

/* Waits until that many bytes or more wait for a channel's clients. */
void
fixture_wait_queued (Fixture *self, guint channel, guint64 bytes)
{
  guint bound = g_timeout_add_seconds (BOUND_SECONDS, on_bound, NULL);

  while (sse_fanout_get_queued_bytes (self->fanout, channel) < bytes)
    g_main_context_iteration (NULL, FALSE);
  g_source_remove (bound);
}

/* Waits until that many clients have left in all. */
void
fixture_wait_left (Fixture *self, guint n)
{
  guint bound = g_timeout_add_seconds (BOUND_SECONDS, on_bound, NULL);

  while (self->left->len < n)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (bound);
}

static gssize
read_some (int fd, char *bytes, gsize length)
{
  gssize n;

  while ((n = read (fd, bytes, length)) < 0 && (errno == EAGAIN || errno == EINTR))
    fixture_wait_input (fd);
  return n;
}

/* Reads that many bytes. */
char *
fixture_read (int fd, gsize length)
{
  char *bytes = g_malloc0 (length + 1);

  for (gsize done = 0; done < length;)
    {
      gssize n = read_some (fd, bytes + done, length - done);

      g_assert_cmpint (n, >, 0);
      done += (gsize) n;
    }
  return bytes;
}

/* Reads until the end, and closes. */
char *
fixture_read_all (int fd)
{
  GString *text = g_string_new (NULL);
  char bytes[4096];
  gssize n;

  while ((n = read_some (fd, bytes, sizeof bytes)) > 0)
    g_string_append_len (text, bytes, n);
  g_assert_cmpint (n, ==, 0);
  close (fd);
  return g_string_free (text, FALSE);
}

void
fixture_expect (int fd, const char *text)
{
  g_autofree char *bytes = fixture_read (fd, strlen (text));

  g_assert_cmpstr (bytes, ==, text);
}

/* Nothing more comes; closes. */
void
fixture_expect_end (int fd)
{
  g_autofree char *bytes = fixture_read_all (fd);

  g_assert_cmpstr (bytes, ==, "");
}

/* The next client that leaves is this one. */
void
fixture_expect_left (Fixture *self, const char *text)
{
  guint index = self->n_expected++;

  fixture_wait_left (self, index + 1);
  g_assert_cmpstr (g_ptr_array_index (self->left, index), ==, text);
}

/* Waits until this is told, whoever else leaves. */
void
fixture_wait_told (Fixture *self, const char *text)
{
  while (!g_ptr_array_find_with_equal_func (self->left, text, g_str_equal, NULL))
    fixture_wait_left (self, self->left->len + 1);
}

void
make_pair (int fds[2])
{
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), ==, 0);
}

void
make_small_pair (int fds[2])
{
  static const int size = SMALL_BUFFER;

  make_pair (fds);
  g_assert_cmpint (setsockopt (fds[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof size), ==, 0);
}

void
make_tcp_pair (int fds[2])
{
  struct sockaddr_in address
      = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t length = sizeof address;
  int listener = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_assert_cmpint (bind (listener, (struct sockaddr *) &address, length), ==, 0);
  g_assert_cmpint (listen (listener, 1), ==, 0);
  g_assert_cmpint (getsockname (listener, (struct sockaddr *) &address, &length), ==, 0);
  fds[1] = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_assert_cmpint (connect (fds[1], (struct sockaddr *) &address, length), ==, 0);
  fds[0] = accept4 (listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  g_assert_cmpint (fds[0], >=, 0);
  g_assert_cmpint (fcntl (fds[1], F_SETFL, O_NONBLOCK), ==, 0);
  close (listener);
}

guint
count_descriptors (void)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/fd", 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

static void
set_up (Fixture *self, gconstpointer options)
{
  fixture_set_up (self, options);
}

static void
tear_down (Fixture *self, gconstpointer options)
{
  fixture_tear_down (self);
}

/* Adds a test with a fan-out of its own. */
void
fixture_add_test (const char *path, const SseFanoutOptions *options, FixtureTest test)
{
  g_test_add (path, Fixture, options, set_up, test, tear_down);
}
