/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-publisher.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench-address.h"
#include "bench-error.h"

/* Posts one after the other on one connection without waiting for answers. */
#define PIPELINED 100
/* A webhook has a connection of its own, as GitHub does it. */
#define CONNECTIONS 16

typedef struct
{
  BenchPublisher parent;
  BenchAddress address;
  char *secret; /* NULL: plain posts on a connection that is kept */
  GArray *connections;
} HttpPublisher;

typedef struct
{
  int fd;
  guint waiting;
  GString *input;
} Connection;

static void
clear_connection (gpointer data)
{
  Connection *connection = data;

  close (connection->fd);
  g_string_free (connection->input, TRUE);
}

static Connection *
connection_for (HttpPublisher *self, GError **error)
{
  const int on = 1;
  Connection made = { 0 };

  if (self->secret == NULL && self->connections->len > 0)
    return &g_array_index (self->connections, Connection, 0);
  made.fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (made.fd < 0
      || connect (made.fd, (struct sockaddr *) &self->address.inet, sizeof self->address.inet) != 0)
    {
      bench_error_set_errno (error, "publishing to %s", self->address.host);
      if (made.fd >= 0)
        close (made.fd);
      return NULL;
    }
  setsockopt (made.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  made.input = g_string_new (NULL);
  g_array_append_val (self->connections, made);
  return &g_array_index (self->connections, Connection, self->connections->len - 1);
}

static void
append_request (HttpPublisher *self, const BenchUpdate *update, GString *requests)
{
  gsize length = strlen (update->body);

  g_string_append_printf (requests,
                          "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\n"
                          "Content-Length: %" G_GSIZE_FORMAT "\r\n",
                          self->address.target, self->address.host, length);
  if (self->secret != NULL)
    {
      g_autofree char *digest
          = g_compute_hmac_for_data (G_CHECKSUM_SHA256, (const guchar *) self->secret,
                                     strlen (self->secret), (const guchar *) update->body, length);
      g_string_append_printf (requests,
                              "User-Agent: GitHub-Hookshot/044aadd\r\nAccept: */*\r\n"
                              "X-GitHub-Event: push\r\nX-GitHub-Delivery: %s\r\n"
                              "X-Hub-Signature-256: sha256=%s\r\n",
                              update->id, digest);
    }
  g_string_append_printf (requests, "\r\n%s", update->body);
}

static gboolean
send_on (HttpPublisher *self, Connection *connection, const GString *bytes, GError **error)
{
  for (gsize done = 0; done < bytes->len;)
    {
      gssize sent = send (connection->fd, bytes->str + done, bytes->len - done, MSG_NOSIGNAL);
      if (sent < 0)
        {
          bench_error_set_errno (error, "publishing to %s", self->address.host);
          return FALSE;
        }
      done += (gsize) sent;
    }
  return TRUE;
}

static gboolean
send_posts (BenchPublisher *publisher, GPtrArray *updates, GError **error)
{
  HttpPublisher *self = (HttpPublisher *) publisher;
  g_autoptr (GString) requests = g_string_new (NULL);

  for (guint i = 0; i < updates->len; i++)
    {
      append_request (self, g_ptr_array_index (updates, i), requests);
      if (self->secret == NULL && i + 1 < updates->len)
        continue;
      Connection *connection = connection_for (self, error);
      if (connection == NULL || !send_on (self, connection, requests, error))
        return FALSE;
      connection->waiting += self->secret == NULL ? updates->len : 1;
      g_string_truncate (requests, 0);
    }
  publisher->waiting += updates->len;
  return TRUE;
}

static gsize
content_length (const char *head)
{
  const char *found = strcasestr (head, "\r\nContent-Length:");

  return found != NULL ? (gsize) g_ascii_strtoull (found + strlen ("\r\nContent-Length:"), NULL, 10)
                       : 0;
}

/* Takes one answer that is whole; 0 where none is, -1 where it is a refusal. */
static int
take_answer (HttpPublisher *self, Connection *connection, GError **error)
{
  const char *end = strstr (connection->input->str, "\r\n\r\n");

  if (end == NULL)
    return 0;
  gsize head_length = (gsize) (end + 4 - connection->input->str);
  g_autofree char *head = g_strndup (connection->input->str, head_length);
  gsize length = head_length + content_length (head);
  if (connection->input->len < length)
    return 0;
  if (!g_str_has_prefix (head, "HTTP/1.1 2"))
    {
      *strchr (head, '\r') = '\0';
      g_set_error (error, BENCH_ERROR, BENCH_ERROR_SERVER, "publishing to %s: %s",
                   self->address.host, head);
      return -1;
    }
  g_string_erase (connection->input, 0, (gssize) length);
  connection->waiting--;
  self->parent.waiting--;
  return 1;
}

static gboolean
read_answers (HttpPublisher *self, Connection *connection, GError **error)
{
  char bytes[16384];
  gssize got = recv (connection->fd, bytes, sizeof bytes, MSG_DONTWAIT);
  int taken;

  if (got < 0 && errno == EAGAIN)
    return TRUE;
  if (got > 0)
    g_string_append_len (connection->input, bytes, got);
  while (connection->waiting > 0 && (taken = take_answer (self, connection, error)) != 0)
    if (taken < 0)
      return FALSE;
  if (got > 0 || connection->waiting == 0)
    return TRUE;
  g_set_error (error, BENCH_ERROR, BENCH_ERROR_SERVER,
               "publishing to %s: the connection was closed before an answer", self->address.host);
  return FALSE;
}

static gboolean
turn_posts (BenchPublisher *publisher, guint ms, GError **error)
{
  HttpPublisher *self = (HttpPublisher *) publisher;
  guint n = self->connections->len;
  g_autofree struct pollfd *polled = g_new0 (struct pollfd, n + 1);

  for (guint i = 0; i < n; i++)
    polled[i] = (struct pollfd){ .fd = g_array_index (self->connections, Connection, i).fd,
                                 .events = POLLIN };
  if (n == 0 || poll (polled, n, (int) ms) <= 0)
    return TRUE;
  for (guint i = n; i-- > 0;)
    {
      Connection *connection = &g_array_index (self->connections, Connection, i);
      if (polled[i].revents == 0)
        continue;
      if (!read_answers (self, connection, error))
        return FALSE;
      if (self->secret != NULL && connection->waiting == 0)
        g_array_remove_index_fast (self->connections, i);
    }
  return TRUE;
}

static void
free_http (BenchPublisher *publisher)
{
  HttpPublisher *self = (HttpPublisher *) publisher;

  g_array_unref (self->connections);
  bench_address_clear (&self->address);
  g_free (self->secret);
  g_free (self);
}

static HttpPublisher *
new_http (const char *url, GError **error)
{
  BenchAddress address;

  if (!bench_address_parse (&address, url, error))
    return NULL;
  HttpPublisher *self = g_new0 (HttpPublisher, 1);
  self->parent = (BenchPublisher){ .bound = PIPELINED,
                                   .make = bench_update_new,
                                   .send = send_posts,
                                   .turn = turn_posts,
                                   .free = free_http };
  self->address = address;
  self->connections = g_array_new (FALSE, FALSE, sizeof (Connection));
  g_array_set_clear_func (self->connections, clear_connection);
  return self;
}

/**
 * bench_publisher_new_post:
 * @url: where to POST each update, on one connection, without waiting for answers in between
 */
BenchPublisher *
bench_publisher_new_post (const char *url, const BenchPublisherOptions *options, GError **error)
{
  return (BenchPublisher *) new_http (url, error);
}

static BenchUpdate *
make_webhook (guint64 number, gsize length)
{
  return bench_update_new_webhook (number);
}

/**
 * bench_publisher_new_webhook:
 * @url: where to POST what GitHub would, signed, each on a connection of its own
 */
BenchPublisher *
bench_publisher_new_webhook (const char *url, const BenchPublisherOptions *options, GError **error)
{
  if (options->webhook_secret == NULL)
    {
      g_set_error (error, BENCH_ERROR, BENCH_ERROR_USAGE,
                   "webhooks are signed: --webhook-secret-file is missing");
      return NULL;
    }
  HttpPublisher *self = new_http (url, error);
  if (self == NULL)
    return NULL;
  self->parent.bound = CONNECTIONS;
  self->parent.make = make_webhook;
  self->secret = g_strdup (options->webhook_secret);
  return &self->parent;
}
