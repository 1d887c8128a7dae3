/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fixture.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static gboolean
on_timeout (gpointer user_data)
{
  return G_SOURCE_REMOVE;
}

/* Once, and for 1 ms at most where nothing happens: a client's socket wakes no main context. */
void
iterate (void)
{
  g_autoptr (GSource) source = g_timeout_source_new (1);

  g_source_set_callback (source, on_timeout, NULL, NULL);
  g_source_attach (source, NULL);
  g_main_context_iteration (NULL, TRUE);
  g_source_destroy (source);
}

gboolean
have_ipv6 (void)
{
  int fd;
  gboolean ok = try_connect ("[::1]:1", &fd) || errno == ECONNREFUSED;

  return ok;
}

static socklen_t
to_native (const char *address, struct sockaddr_storage *native)
{
  g_autoptr (GSocketAddress) inet = NULL;
  g_autofree char *host = NULL;
  struct sockaddr_un *local = (struct sockaddr_un *) native;
  const char *colon = strrchr (address, ':');

  memset (native, 0, sizeof *native);
  if (g_str_has_prefix (address, "unix:"))
    {
      local->sun_family = AF_UNIX;
      g_strlcpy (local->sun_path, address + strlen ("unix:"), sizeof local->sun_path);
      return sizeof *local;
    }
  host = *address == '[' ? g_strndup (address + 1, (gsize) (colon - address) - 2)
                         : g_strndup (address, (gsize) (colon - address));
  inet = g_inet_socket_address_new_from_string (host,
                                                (guint) g_ascii_strtoull (colon + 1, NULL, 10));
  g_assert_true (g_socket_address_to_native (inet, native, sizeof *native, NULL));
  return (socklen_t) g_socket_address_get_native_size (inet);
}

static gboolean
try_connect_from (const char *source, const char *address, int *fd)
{
  struct sockaddr_storage native;
  socklen_t length = to_native (address, &native);
  int saved;

  *fd = socket (native.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (*fd < 0)
    return FALSE;
  if (source != NULL)
    {
      struct sockaddr_storage own;
      socklen_t own_length = to_native (source, &own);

      g_assert_no_errno (bind (*fd, (struct sockaddr *) &own, own_length));
    }
  if (connect (*fd, (struct sockaddr *) &native, length) == 0)
    return TRUE;
  saved = errno;
  close (*fd);
  errno = saved;
  *fd = -1;
  return FALSE;
}

/* Connects to an address as the listener names it; errno says why not. */
gboolean
try_connect (const char *address, int *fd)
{
  return try_connect_from (NULL, address, fd);
}

/* Connects from an address of one's own: "127.0.0.2:0". */
int
connect_from (const char *source, const char *address)
{
  int fd;

  g_assert_no_errno (try_connect_from (source, address, &fd) ? 0 : -1);
  return fd;
}

int
connect_to (const char *address)
{
  int fd;

  g_assert_no_errno (try_connect (address, &fd) ? 0 : -1);
  return fd;
}

void
send_text (int fd, const char *text)
{
  g_assert_cmpint (send (fd, text, strlen (text), MSG_NOSIGNAL), ==, (gssize) strlen (text));
}

/* Adds what is there to @received; FALSE at the end, or after a reset, which adds "(reset)". */
gboolean
receive_some (int fd, GString *received)
{
  char buffer[4096];
  gssize length = recv (fd, buffer, sizeof buffer, MSG_DONTWAIT);

  if (length < 0 && errno == EAGAIN)
    return TRUE;
  if (length < 0)
    g_string_append (received, "(reset)");
  else
    g_string_append_len (received, buffer, length);
  return length > 0;
}

/* All until the end; closes the socket. */
char *
receive_all (int fd)
{
  GString *received = g_string_new (NULL);

  wait_for (!receive_some (fd, received));
  close (fd);
  return g_string_free (received, FALSE);
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
