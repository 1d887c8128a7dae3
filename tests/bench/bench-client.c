/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-client.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include "bench-error.h"

/* Clients come from so many addresses, so that ports never run out. */
#define N_SOURCES 16
/* What a client that does not read lets its kernel take: as little as can be, in small segments,
 * so that the server's own buffer for it is small as well. */
#define STALLED_BUFFER  2048
#define STALLED_SEGMENT 536

static void
forget (GString **text)
{
  if (*text != NULL)
    g_string_free (g_steal_pointer (text), TRUE);
}

/**
 * bench_rules_forget:
 *
 * Forgets what the first client got: to be called where those who connect next may get another
 * first event.
 */
void
bench_rules_forget (BenchRules *rules)
{
  forget (&rules->head);
  forget (&rules->first);
  forget (&rules->epoch);
}

/**
 * bench_rules_leave:
 *
 * As bench_rules_forget(), but the epoch is remembered for those that come back.
 */
void
bench_rules_leave (BenchRules *rules)
{
  forget (&rules->left);
  rules->left = g_steal_pointer (&rules->epoch);
  bench_rules_forget (rules);
}

void
bench_rules_clear (BenchRules *rules)
{
  forget (&rules->left);
  g_clear_pointer (&rules->expected, bench_expected_free);
  g_clear_pointer (&rules->prefix, g_free);
  bench_address_clear (&rules->address);
  bench_rules_forget (rules);
}

static gboolean
fail (const BenchClient *self, GError **error)
{
  g_prefix_error (error, "client %u: ", self->number);
  return FALSE;
}

static gboolean
set_options (BenchClient *self, GError **error)
{
  const int on = 1;
  const int buffer = STALLED_BUFFER;
  const int segment = STALLED_SEGMENT;
  struct sockaddr_in source = { .sin_family = AF_INET };

  setsockopt (self->fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
  setsockopt (self->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (self->stalled)
    {
      setsockopt (self->fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
      setsockopt (self->fd, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof segment);
    }
  if (ntohl (self->rules->address.inet.sin_addr.s_addr) >> 24 != 127)
    return TRUE;

  /* 127.0.0.2 and on; a port is chosen with connect(), by the whole quadruple. */
  source.sin_addr.s_addr = htonl (INADDR_LOOPBACK + 1 + self->number % N_SOURCES);
  setsockopt (self->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  if (bind (self->fd, (struct sockaddr *) &source, sizeof source) == 0)
    return TRUE;
  bench_error_set_errno (error, "binding a loopback address");
  return FALSE;
}

/**
 * bench_client_open:
 * @self: one that is closed
 * @rules: shared with all others, kept
 * @number: its number; decides its address
 * @stalled: whether it will not read; its buffers are small then
 * @error: (out) (optional): set to #BENCH_ERROR_SYSTEM where no connection can be begun
 *
 * Begins to connect.
 */
gboolean
bench_client_open (
    BenchClient *self, BenchRules *rules, guint number, gboolean stalled, GError **error)
{
  memset (self, 0, sizeof *self);
  self->rules = rules;
  self->number = number;
  self->stalled = stalled;
  self->began = bench_realtime_ns ();
  self->fd = socket (AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (self->fd < 0)
    {
      bench_error_set_errno (error, "a socket");
      return fail (self, error);
    }
  self->state = BENCH_CLIENT_CONNECTING;
  bench_framing_init (&self->framing);
  bench_events_init (&self->events, rules->exact);
  if (!set_options (self, error))
    return fail (self, error);
  if (connect (self->fd, (struct sockaddr *) &rules->address.inet, sizeof rules->address.inet) == 0
      || errno == EINPROGRESS)
    return TRUE;
  bench_error_set_errno (error, "connecting to %s", rules->address.host);
  return fail (self, error);
}

/**
 * bench_client_return:
 * @self: one that was ready, and is closed
 * @error: (out) (optional): set to #BENCH_ERROR_SYSTEM where no connection can be begun
 *
 * Begins to connect again. It is to get what it missed meanwhile, each event once and in order, and
 * then the list, as `events-update`.
 */
gboolean
bench_client_return (BenchClient *self, GError **error)
{
  guint next = self->next;
  guint64 position = self->position;

  if (!bench_client_open (self, self->rules, self->number, FALSE, error))
    return FALSE;
  self->resumes = TRUE;
  self->next = next;
  self->position = position;
  return TRUE;
}

static void
add_last_event_id (const BenchClient *self, GString *request)
{
  if (self->resumes)
    g_string_append_printf (request, "Last-Event-ID: %s-%" G_GUINT64_FORMAT "\r\n",
                            self->rules->left->str, self->position);
}

/**
 * bench_client_send:
 * @token: (nullable): its JSON Web Token
 * @error: (out) (optional): set to #BENCH_ERROR_SYSTEM where it could not connect
 *
 * Sends the request; to be called when the socket can be written to.
 */
gboolean
bench_client_send (BenchClient *self, const char *token, GError **error)
{
  g_autoptr (GString) request = g_string_new (NULL);
  int code = 0;
  socklen_t size = sizeof code;

  g_string_printf (request, "GET %s HTTP/1.1\r\nHost: %s\r\nAccept: text/event-stream\r\n",
                   self->rules->address.target, self->rules->address.host);
  if (token != NULL)
    g_string_append_printf (request, "Authorization: Bearer %s\r\n", token);
  add_last_event_id (self, request);
  g_string_append (request, "\r\n");
  getsockopt (self->fd, SOL_SOCKET, SO_ERROR, &code, &size);
  errno = code;
  if (code == 0
      && send (self->fd, request->str, request->len, MSG_NOSIGNAL) == (gssize) request->len)
    {
      self->state = BENCH_CLIENT_WAITING;
      return TRUE;
    }
  bench_error_set_errno (error, "connecting to %s", self->rules->address.host);
  return fail (self, error);
}

/* All clients get the same, so the first one's is what the others' is held against. */
static gboolean
compare (GString **reference, const char *bytes, gsize length, const char *what, GError **error)
{
  if (*reference == NULL)
    *reference = g_string_new_len (bytes, (gssize) length);
  if ((*reference)->len == length && memcmp ((*reference)->str, bytes, length) == 0)
    return TRUE;
  g_autofree char *shown = g_strndup (bytes, MIN (length, 120));
  g_set_error (error, BENCH_ERROR, BENCH_ERROR_SERVER, "wrong bytes: not the %s others got: \"%s\"",
               what, shown);
  return FALSE;
}

static gboolean
check_head (BenchClient *self, GError **error)
{
  g_auto (GStrv) lines = g_strsplit (self->framing.head->str, "\r\n", -1);
  g_autoptr (GString) kept = g_string_new (NULL);

  for (gsize i = 0; lines[i] != NULL; i++)
    if (g_ascii_strncasecmp (lines[i], "Date:", 5) != 0)
      g_string_append_printf (kept, "%s\r\n", lines[i]);
  self->headed = TRUE;
  if (!compare (&self->rules->head, kept->str, kept->len, "head", error))
    return FALSE;
  if (!self->rules->exact)
    self->state = BENCH_CLIENT_READY;
  return TRUE;
}

/* An id is <epoch>-<position>, and never goes backwards on a connection. */
static gboolean
check_id (BenchClient *self, const BenchEvent *event, GError **error)
{
  const char *dash = memrchr (event->id, '-', event->id_length);
  gsize digits = dash != NULL ? (gsize) (event->id + event->id_length - dash - 1) : 0;
  guint64 position = 0;

  for (gsize i = 1; i <= digits; i++)
    {
      if (!g_ascii_isdigit (dash[i]) || (i == 1 && dash[i] == '0' && digits > 1))
        digits = 0;
      position = position * 10 + (guint) (dash[i] - '0');
    }
  if (digits == 0 || digits > 19)
    {
      g_set_error (error, BENCH_ERROR, BENCH_ERROR_SERVER, "wrong bytes: an id \"%.*s\"",
                   (int) MIN (event->id_length, 80), event->id);
      return FALSE;
    }
  if (position < self->position)
    {
      g_set_error (error, BENCH_ERROR, BENCH_ERROR_SERVER,
                   "an id went backwards: %" G_GUINT64_FORMAT " behind %" G_GUINT64_FORMAT,
                   position, self->position);
      return FALSE;
    }
  self->position = position;
  return compare (&self->rules->epoch, event->id, (gsize) (dash - event->id), "epoch", error);
}

static gboolean
has_type (const BenchEvent *event, const char *type, GError **error)
{
  gsize length = strlen (type);

  if (event->type_length == length && memcmp (event->type, type, length) == 0)
    return TRUE;
  g_set_error (error, BENCH_ERROR, BENCH_ERROR_SERVER,
               "wrong bytes: an event of type \"%.*s\" where \"%s\" was due",
               (int) MIN (event->type_length, 40), event->type, type);
  return FALSE;
}

static gboolean
check_first (BenchClient *self, const BenchEvent *event, GError **error)
{
  static const char start[] = "{\"type\":\"events\",\"events\":[";

  if (!has_type (event, "events", error))
    return FALSE;
  if (event->data_length < sizeof start || memcmp (event->data, start, sizeof start - 1) != 0)
    {
      g_set_error (error, BENCH_ERROR, BENCH_ERROR_SERVER, "wrong bytes: first event \"%.*s\"",
                   (int) MIN (event->data_length, 80), event->data);
      return FALSE;
    }
  self->state = BENCH_CLIENT_READY;
  return compare (&self->rules->first, event->data, event->data_length, "first event", error);
}

static gboolean
is_list (const BenchEvent *event)
{
  static const char list[] = "events-update";

  return event->type_length == sizeof list - 1
         && memcmp (event->type, list, event->type_length) == 0;
}

static gboolean
take_event (BenchClient *self, const BenchEvent *event, GError **error)
{
  BenchRules *rules = self->rules;

  if (rules->exact)
    {
      if (!check_id (self, event, error))
        return FALSE;
      if (self->state == BENCH_CLIENT_WAITING && !self->resumes)
        return check_first (self, event, error);
      if (self->state == BENCH_CLIENT_WAITING && is_list (event))
        {
          self->state = BENCH_CLIENT_READY;
          return bench_expected_check_list (rules->expected, self->next, event->data,
                                            event->data_length, error);
        }
      if (!has_type (event, "new-event", error))
        return FALSE;
    }
  if (event->data == NULL)
    return TRUE;
  if (!bench_expected_check (rules->expected, self->next, event->data, event->data_length, error))
    return FALSE;
  rules->event_bytes = event->bytes;
  self->next++;
  return TRUE;
}

/* Of several streams: one of those that is looked at is as on its own. */
static gboolean
on_event (const BenchEvent *event, gpointer user_data, GError **error)
{
  BenchClient *self = user_data;
  gsize length = self->rules->prefix != NULL ? strlen (self->rules->prefix) : 0;
  BenchEvent plain = *event;

  if (length == 0)
    return take_event (self, event, error);
  if (memchr (event->type, '/', event->type_length) == NULL)
    return has_type (event, self->rules->prefix, error);
  if (event->type_length <= length || memcmp (event->type, self->rules->prefix, length) != 0)
    return check_id (self, event, error);
  plain.type += length, plain.type_length -= length;
  return take_event (self, &plain, error);
}

static gboolean
on_body (const char *bytes, gsize length, gpointer user_data, GError **error)
{
  BenchClient *self = user_data;

  if (!self->headed && !check_head (self, error))
    return FALSE;
  return bench_events_feed (&self->events, bytes, length, on_event, self, error);
}

/* Reads once; the time is that of the last byte read, from the kernel, 0 where it has none: it
 * begins to keep them a moment after the first socket asks for them. */
static gssize
receive (BenchClient *self, char *buffer, gsize size, gint64 *arrived)
{
  union
  {
    struct cmsghdr header;
    char bytes[256];
  } control;
  struct iovec iov = { .iov_base = buffer, .iov_len = size };
  struct msghdr message = {
    .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
  };
  gssize got = recvmsg (self->fd, &message, MSG_DONTWAIT);

  *arrived = 0;
  if (got <= 0)
    return got;
  for (struct cmsghdr *part = CMSG_FIRSTHDR (&message); part != NULL;
       part = CMSG_NXTHDR (&message, part))
    if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_TIMESTAMPNS)
      {
        struct timespec stamp;
        memcpy (&stamp, CMSG_DATA (part), sizeof stamp);
        *arrived = stamp.tv_sec * BENCH_NS_PER_S + stamp.tv_nsec;
      }
  return got;
}

static gboolean
take (BenchClient *self, const char *bytes, gsize length, gint64 arrived, GError **error)
{
  guint before = self->next;

  if (!bench_framing_feed (&self->framing, bytes, length, on_body, self, error))
    return FALSE;
  /* A server may send nothing but a head at first. */
  if (!self->headed && bench_framing_has_head (&self->framing) && !check_head (self, error))
    return FALSE;
  if (self->next == before)
    return TRUE;
  if (arrived == 0)
    self->rules->unstamped++;
  self->arrived = arrived != 0 ? arrived : bench_realtime_ns ();
  return TRUE;
}

/**
 * bench_client_read:
 * @buffer: to read into
 * @size: its length
 * @error: (out) (optional): set to #BENCH_ERROR_SERVER where the server sent what it must not, or
 *   closed the connection
 *
 * Reads and checks all that is there.
 */
gboolean
bench_client_read (BenchClient *self, char *buffer, gsize size, GError **error)
{
  while (TRUE)
    {
      gint64 arrived;
      gssize got = receive (self, buffer, size, &arrived);
      if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return TRUE;
      if (got < 0)
        {
          bench_error_set_errno (error, "reading");
          return fail (self, error);
        }
      if (got == 0)
        {
          if (bench_framing_end (&self->framing, error))
            g_set_error_literal (error, BENCH_ERROR, BENCH_ERROR_SERVER,
                                 "the server ended the stream");
          return fail (self, error);
        }
      if (!take (self, buffer, (gsize) got, arrived, error))
        return fail (self, error);
      if ((gsize) got < size)
        return TRUE;
    }
}

void
bench_client_close (BenchClient *self)
{
  if (self->state == BENCH_CLIENT_CLOSED)
    return;
  close (self->fd);
  self->fd = -1;
  bench_framing_clear (&self->framing);
  bench_events_clear (&self->events);
  self->state = BENCH_CLIENT_CLOSED;
}
