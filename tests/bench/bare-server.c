/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What sending costs at the least: one thread that accepts, reads a request's head, answers with a
 * fixed one, and sends each line of stdin to each client with one send(). It looks at nothing that
 * clients say, and closes those that take less than all. */

#include <glib.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define N_EVENTS 256
#define N_SLOTS  60
#define EPOCH    "00000000000000ba"

/* The head and the first event are, byte for byte, as long as Rivulet's. */
static const char head[]
    = "HTTP/1.1 200 OK\r\n"
      "Content-Type: text/event-stream; charset=utf-8\r\n"
      "Cache-Control: no-cache\r\n"
      "Connection: keep-alive\r\n"
      "X-Accel-Buffering: no\r\n"
      "Transfer-Encoding: chunked\r\n"
      "Access-Control-Allow-Origin: http://localhost:3000\r\n"
      "Access-Control-Allow-Credentials: true\r\n"
      "Access-Control-Allow-Methods: GET\r\n"
      "Access-Control-Allow-Headers: Cache-Control, Last-Event-ID, "
      "Authorization\r\n"
      "Vary: Origin\r\n\r\n"
      "d\r\nretry: 1000\n\n\r\n"
      "4a\r\nid: " EPOCH "-0\nevent: events\ndata: {\"type\":\"events\",\"events\":[]}\n\n\r\n";
static const char heartbeat[] = "3\r\n:\n\n\r\n";

typedef struct
{
  int epoll;
  int listener;
  int timer;
  GArray *clients; /* int: the descriptor; its index moves when one before it leaves */
  GArray *places;  /* guint: by descriptor, where it is in clients, and whether it was answered */
  GString *input;
  guint64 position;
  guint slot;
} Server;

#define NOT_ANSWERED G_MAXUINT

static void
watch (Server *self, int fd, guint32 events)
{
  struct epoll_event event = { .events = events, .data.fd = fd };

  if (epoll_ctl (self->epoll, EPOLL_CTL_ADD, fd, &event) != 0)
    g_error ("epoll: %s", g_strerror (errno));
}

static void
drop (Server *self, int fd)
{
  guint place = g_array_index (self->places, guint, fd);

  if (place != NOT_ANSWERED)
    {
      g_array_remove_index_fast (self->clients, place);
      if (place < self->clients->len)
        g_array_index (self->places, guint, g_array_index (self->clients, int, place)) = place;
    }
  close (fd);
}

static void
accept_all (Server *self)
{
  const int on = 1;
  int fd;

  while ((fd = accept4 (self->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
    {
      setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      if ((guint) fd >= self->places->len)
        g_array_set_size (self->places, (guint) fd * 2);
      g_array_index (self->places, guint, fd) = NOT_ANSWERED;
      watch (self, fd, EPOLLIN | EPOLLRDHUP);
    }
}

/* A request comes in one piece here; what follows it is the end. */
static void
on_client (Server *self, int fd)
{
  char request[4096];
  gssize got = recv (fd, request, sizeof request, 0);

  if (got <= 0 || g_array_index (self->places, guint, fd) != NOT_ANSWERED
      || memmem (request, (gsize) got, "\r\n\r\n", 4) == NULL
      || send (fd, head, sizeof head - 1, MSG_NOSIGNAL) != (gssize) sizeof head - 1)
    {
      drop (self, fd);
      return;
    }
  g_array_index (self->places, guint, fd) = self->clients->len;
  g_array_append_val (self->clients, fd);
}

static void
send_to (Server *self, guint from, guint to, const char *bytes, gsize length)
{
  g_autoptr (GArray) dead = NULL;

  for (guint i = from; i < to; i++)
    {
      int fd = g_array_index (self->clients, int, i);
      if (send (fd, bytes, length, MSG_NOSIGNAL) == (gssize) length)
        continue;
      if (dead == NULL)
        dead = g_array_new (FALSE, FALSE, sizeof (int));
      g_array_append_val (dead, fd);
    }
  for (guint i = 0; dead != NULL && i < dead->len; i++)
    drop (self, g_array_index (dead, int, i));
}

static void
send_event (Server *self, const char *data)
{
  g_autofree char *body
      = g_strdup_printf ("id: " EPOCH "-%" G_GUINT64_FORMAT "\nevent: new-event\ndata: %s\n\n",
                         ++self->position, data);
  g_autofree char *chunk = g_strdup_printf ("%zx\r\n%s\r\n", strlen (body), body);

  send_to (self, 0, self->clients->len, chunk, strlen (chunk));
}

static gboolean
on_input (Server *self)
{
  char bytes[65536];
  gssize got = read (STDIN_FILENO, bytes, sizeof bytes);
  char *line = self->input->str;
  char *end;

  if (got <= 0)
    return FALSE;
  g_string_append_len (self->input, bytes, got);
  for (line = self->input->str; (end = strchr (line, '\n')) != NULL; line = end + 1)
    {
      *end = '\0';
      send_event (self, line);
    }
  g_string_erase (self->input, 0, line - self->input->str);
  return TRUE;
}

static void
on_timer (Server *self)
{
  guint64 times;
  guint all = self->clients->len;
  guint slot = self->slot++ % N_SLOTS;

  if (read (self->timer, &times, sizeof times) != (gssize) sizeof times)
    return;
  send_to (self, (guint) ((guint64) all * slot / N_SLOTS),
           (guint) ((guint64) all * (slot + 1) / N_SLOTS), heartbeat, sizeof heartbeat - 1);
}

static void
listen_on_loopback (Server *self)
{
  struct sockaddr_in address
      = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t size = sizeof address;

  self->listener = socket (AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (bind (self->listener, (struct sockaddr *) &address, size) != 0
      || listen (self->listener, 4096) != 0
      || getsockname (self->listener, (struct sockaddr *) &address, &size) != 0)
    g_error ("listening: %s", g_strerror (errno));
  watch (self, self->listener, EPOLLIN);
  printf ("bare-server: listening on 127.0.0.1:%d\n", ntohs (address.sin_port));
  fflush (stdout);
}

static void
start_timer (Server *self, guint heartbeat_ms)
{
  gint64 ns = (gint64) heartbeat_ms * 1000000 / N_SLOTS;
  struct timespec every = { .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 };
  struct itimerspec times = { .it_interval = every, .it_value = every };

  self->timer = timerfd_create (CLOCK_MONOTONIC, TFD_CLOEXEC);
  timerfd_settime (self->timer, 0, &times, NULL);
  watch (self, self->timer, EPOLLIN);
}

static void
run (Server *self)
{
  struct epoll_event events[N_EVENTS];

  while (TRUE)
    {
      int n = epoll_wait (self->epoll, events, N_EVENTS, -1);
      for (int i = 0; i < n; i++)
        {
          int fd = events[i].data.fd;
          if (fd == self->listener)
            accept_all (self);
          else if (fd == self->timer)
            on_timer (self);
          else if (fd != STDIN_FILENO)
            on_client (self, fd);
          else if (!on_input (self))
            return;
        }
    }
}

int
main (int argc, char **argv)
{
  Server self = { .epoll = epoll_create1 (EPOLL_CLOEXEC), .timer = -1 };
  struct rlimit limit;
  guint64 heartbeat_ms = 15000;

  if (argc > 2
      || (argc == 2
          && !g_ascii_string_to_unsigned (argv[1], 10, 60, G_MAXUINT, &heartbeat_ms, NULL)))
    {
      g_printerr (
          "Usage: bare-server [HEARTBEAT-MS]\n\nSends each line of stdin to all clients.\n");
      return 2;
    }
  if (getrlimit (RLIMIT_NOFILE, &limit) == 0)
    {
      limit.rlim_cur = limit.rlim_max;
      setrlimit (RLIMIT_NOFILE, &limit);
    }
  self.clients = g_array_new (FALSE, FALSE, sizeof (int));
  self.places = g_array_new (FALSE, TRUE, sizeof (guint));
  self.input = g_string_new (NULL);
  g_array_set_size (self.places, 64);
  watch (&self, STDIN_FILENO, EPOLLIN);
  start_timer (&self, (guint) heartbeat_ms);
  listen_on_loopback (&self);
  run (&self);
  g_array_unref (self.clients);
  g_array_unref (self.places);
  g_string_free (self.input, TRUE);
  return EXIT_SUCCESS;
}
