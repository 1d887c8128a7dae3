/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-address.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <glib-unix.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>

#define BACKLOG     4096
#define UNIX_PREFIX "unix:"

/* How often another free port is tried for both loopback addresses. */
#define MAX_TRIES 16

typedef enum
{
  KIND_ONE,       /* one numeric address */
  KIND_LOCALHOST, /* both loopback addresses, as far as they are there */
  KIND_ANY,       /* all addresses */
  KIND_UNIX,
} Kind;

typedef struct
{
  Kind kind;
  char *host; /* a path for KIND_UNIX */
  guint port;
} Parsed;

static void
parsed_clear (Parsed *parsed)
{
  g_free (parsed->host);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Parsed, parsed_clear)

/* Always FALSE. */
static gboolean
fail_to_parse (const char *text, GError **error)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               _ ("“%s” is no address to listen on; write 127.0.0.1:PORT, localhost:PORT, "
                  "[IPV6]:PORT, *:PORT or unix:PATH"),
               text);
  return FALSE;
}

static gboolean
parse_unix (const char *path, Parsed *parsed, GError **error)
{
  const gsize room = sizeof ((struct sockaddr_un *) NULL)->sun_path;

  if (strlen (path) >= room)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   _ ("the path “%s” is too long for a socket: at most %d bytes are possible"),
                   path, (int) room - 1);
      return FALSE;
    }
  parsed->kind = KIND_UNIX;
  parsed->host = g_strdup (path);
  return TRUE;
}

static gboolean
is_family (const char *host, GSocketFamily family)
{
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string (host, 1);

  return address != NULL && g_socket_address_get_family (address) == family;
}

static gboolean
parse_host (const char *host, gsize length, Parsed *parsed)
{
  if (length > 2 && host[0] == '[' && host[length - 1] == ']')
    {
      parsed->host = g_strndup (host + 1, length - 2);
      return is_family (parsed->host, G_SOCKET_FAMILY_IPV6);
    }
  parsed->host = g_strndup (host, length);
  if (strcmp (parsed->host, "localhost") == 0)
    parsed->kind = KIND_LOCALHOST;
  else if (strcmp (parsed->host, "*") == 0)
    parsed->kind = KIND_ANY;
  else
    return is_family (parsed->host, G_SOCKET_FAMILY_IPV4);
  return TRUE;
}

static gboolean
parse (const char *text, Parsed *parsed, GError **error)
{
  const char *colon = strrchr (text, ':');
  guint64 port;

  if (g_str_has_prefix (text, UNIX_PREFIX) && text[strlen (UNIX_PREFIX)] != '\0')
    return parse_unix (text + strlen (UNIX_PREFIX), parsed, error);
  if (colon == NULL || !g_ascii_string_to_unsigned (colon + 1, 10, 0, G_MAXUINT16, &port, NULL)
      || !parse_host (text, (gsize) (colon - text), parsed))
    return fail_to_parse (text, error);
  parsed->port = (guint) port;
  return TRUE;
}

/**
 * sse_address_check:
 * @text: HOST:PORT with a numeric IPv4 address, `localhost:PORT`, `[IPV6]:PORT`, `*:PORT` or
 *   unix:PATH; port 0 is any free one
 * @error: %G_IO_ERROR_INVALID_ARGUMENT where it is none of these
 *
 * Checks an address without listening on it.
 */
gboolean
sse_address_check (const char *text, GError **error)
{
  g_auto (Parsed) parsed = { 0 };

  return parse (text, &parsed, error);
}

/* ---- sockets ---- */

/* Closes @self and unlinks its path, if that is still its own. */
void
sse_bound_free (SseBound *self)
{
  struct stat now;

  if (self->path != NULL && lstat (self->path, &now) == 0 && now.st_dev == self->device
      && now.st_ino == self->inode)
    unlink (self->path);
  close (self->fd);
  g_free (self->path);
  g_free (self->name);
  g_free (self);
}

static int
new_socket (int family)
{
  return socket (family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

/* Closes @fd; errno stays. Always FALSE. */
static gboolean
give_up (int fd)
{
  int saved = errno;

  close (fd);
  errno = saved;
  return FALSE;
}

/* A listening socket, or -1 with errno. */
static int
listen_on_ip (const char *host, guint port, gboolean dual_stack)
{
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string (host, port);
  gboolean is_ipv6 = g_socket_address_get_family (address) == G_SOCKET_FAMILY_IPV6;
  struct sockaddr_storage native;
  const int on = 1, v6_only = !dual_stack;
  int fd = new_socket (is_ipv6 ? AF_INET6 : AF_INET);

  if (fd < 0)
    return -1;
  g_socket_address_to_native (address, &native, sizeof native, NULL);
  if (setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0
      || (is_ipv6 && setsockopt (fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6_only, sizeof v6_only) < 0)
      || bind (fd, (struct sockaddr *) &native,
               (socklen_t) g_socket_address_get_native_size (address))
             < 0
      || listen (fd, BACKLOG) < 0)
    {
      give_up (fd);
      return -1;
    }
  return fd;
}

static GSocketAddress *
get_local_address (int fd)
{
  struct sockaddr_storage native;
  socklen_t length = sizeof native;

  if (getsockname (fd, (struct sockaddr *) &native, &length) < 0)
    return NULL;
  return g_socket_address_new_from_native (&native, length);
}

static guint
get_port (int fd)
{
  g_autoptr (GSocketAddress) address = get_local_address (fd);

  return g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address));
}

static SseBound *
bound_new_ip (int fd, gboolean any)
{
  g_autoptr (GSocketAddress) address = get_local_address (fd);
  SseBound *self = g_new0 (SseBound, 1);

  self->fd = fd;
  if (any)
    self->name = g_strdup_printf ("*:%u", get_port (fd));
  else
    self->name = g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (address));
  return self;
}

/* Whether errno says that the machine has no such address, or no such protocol. */
static gboolean
is_absent (void)
{
  return errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL || errno == EPROTONOSUPPORT
         || errno == ENOPROTOOPT;
}

static gboolean
listen_on_localhost (guint port, GPtrArray *bound)
{
  for (guint i = 0; i < MAX_TRIES; i++)
    {
      int fd = listen_on_ip ("127.0.0.1", port, FALSE);
      int fd6;

      if (fd < 0)
        return FALSE;
      fd6 = listen_on_ip ("::1", get_port (fd), FALSE);
      if (fd6 >= 0 || is_absent ())
        {
          g_ptr_array_add (bound, bound_new_ip (fd, FALSE));
          if (fd6 >= 0)
            g_ptr_array_add (bound, bound_new_ip (fd6, FALSE));
          return TRUE;
        }
      give_up (fd);
      if (port != 0 || errno != EADDRINUSE)
        return FALSE;
    }
  return FALSE;
}

static gboolean
listen_on_any (guint port, GPtrArray *bound)
{
  int fd = listen_on_ip ("::", port, TRUE);

  if (fd < 0 && is_absent ())
    fd = listen_on_ip ("0.0.0.0", port, FALSE);
  if (fd < 0)
    return FALSE;
  g_ptr_array_add (bound, bound_new_ip (fd, TRUE));
  return TRUE;
}

static gboolean
listen_on_one (const char *host, guint port, GPtrArray *bound)
{
  int fd = listen_on_ip (host, port, FALSE);

  if (fd < 0)
    return FALSE;
  g_ptr_array_add (bound, bound_new_ip (fd, FALSE));
  return TRUE;
}

/* Removes a socket's file at which nobody answers; whether it did. errno is EADDRINUSE if not. */
static gboolean
remove_stale (const struct sockaddr_un *address)
{
  struct stat status;
  gboolean stale = FALSE;
  int fd;

  if (lstat (address->sun_path, &status) == 0 && S_ISSOCK (status.st_mode))
    {
      fd = new_socket (AF_UNIX);
      stale = fd >= 0 && connect (fd, (const struct sockaddr *) address, sizeof *address) < 0
              && errno == ECONNREFUSED;
      if (fd >= 0)
        close (fd);
    }
  if (stale && unlink (address->sun_path) == 0)
    return TRUE;
  errno = EADDRINUSE;
  return FALSE;
}

static gboolean
listen_on_unix (const char *path, mode_t mode, GPtrArray *bound)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  const struct sockaddr *native = (const struct sockaddr *) &address;
  int fd = new_socket (AF_UNIX);
  struct stat status;
  SseBound *self;

  if (fd < 0)
    return FALSE;
  g_strlcpy (address.sun_path, path, sizeof address.sun_path);
  if (bind (fd, native, sizeof address) < 0
      && (errno != EADDRINUSE || !remove_stale (&address) || bind (fd, native, sizeof address) < 0))
    return give_up (fd);
  if (g_chmod (path, mode) < 0 || lstat (path, &status) < 0 || listen (fd, BACKLOG) < 0)
    {
      int saved = errno;

      unlink (path);
      errno = saved;
      return give_up (fd);
    }

  self = g_new0 (SseBound, 1);
  self->fd = fd;
  self->name = g_strconcat (UNIX_PREFIX, path, NULL);
  self->path = g_strdup (path);
  self->device = status.st_dev;
  self->inode = status.st_ino;
  g_ptr_array_add (bound, self);
  return TRUE;
}

static gboolean
listen_on (const char *text, mode_t mode, GPtrArray *bound, GError **error)
{
  g_auto (Parsed) parsed = { 0 };
  gboolean ok = FALSE;
  int saved;

  if (!parse (text, &parsed, error))
    return FALSE;
  switch (parsed.kind)
    {
    case KIND_LOCALHOST:
      ok = listen_on_localhost (parsed.port, bound);
      break;
    case KIND_ANY:
      ok = listen_on_any (parsed.port, bound);
      break;
    case KIND_UNIX:
      ok = listen_on_unix (parsed.host, mode, bound);
      break;
    case KIND_ONE:
    default:
      ok = listen_on_one (parsed.host, parsed.port, bound);
      break;
    }
  saved = errno;
  if (!ok)
    g_set_error (error, G_IO_ERROR, (int) g_io_error_from_errno (saved),
                 _ ("cannot listen on %s: %s"), text, strerror (saved));
  return ok;
}

/**
 * sse_address_listen:
 * @addresses: (array zero-terminated=1): see sse_address_check()
 * @mode: of a Unix socket's file, such as %SSE_ADDRESS_OPEN
 * @error: in the domain %G_IO_ERROR, naming the address and why
 *
 * Listens on all of the addresses, or on none. A Unix socket's file that nobody serves any more is
 * replaced.
 *
 * Returns: (transfer full) (element-type SseBound) (nullable): the sockets, two for `localhost`
 */
GPtrArray *
sse_address_listen (const char *const *addresses, mode_t mode, GError **error)
{
  g_autoptr (GPtrArray) bound = g_ptr_array_new_with_free_func ((GDestroyNotify) sse_bound_free);

  for (; *addresses != NULL; addresses++)
    if (!listen_on (*addresses, mode, bound, error))
      return NULL;
  return g_steal_pointer (&bound);
}

/* A Unix socket's name is its path; one that has none, or an abstract one, is told apart by that.
 */
static char *
name_unix (const struct sockaddr_un *address, socklen_t length)
{
  const gsize start = offsetof (struct sockaddr_un, sun_path);

  if (length <= start || address->sun_path[0] == '\0')
    return g_strdup (UNIX_PREFIX "(abstract)");
  return g_strdup_printf (UNIX_PREFIX "%.*s", (int) (length - start), address->sun_path);
}

/**
 * sse_address_adopt:
 * @fd: a descriptor that somebody else opened; taken, whatever comes of it
 * @error: %G_IO_ERROR_INVALID_ARGUMENT where it is no stream socket that listens
 *
 * Returns: (transfer full) (nullable): the socket. What it is bound to stays when it is closed.
 */
SseBound *
sse_address_adopt (int fd, GError **error)
{
  struct sockaddr_storage native = { 0 };
  socklen_t native_length = sizeof native, length = sizeof (int);
  int listens = 0, type = 0;
  SseBound *self;

  if (getsockopt (fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &length) < 0
      || getsockopt (fd, SOL_SOCKET, SO_TYPE, &type, &length) < 0 || !listens || type != SOCK_STREAM
      || !g_unix_set_fd_nonblocking (fd, TRUE, NULL) || fcntl (fd, F_SETFD, FD_CLOEXEC) < 0
      || getsockname (fd, (struct sockaddr *) &native, &native_length) < 0)
    {
      close (fd);
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   _ ("descriptor %d is no stream socket that listens"), fd);
      return NULL;
    }
  if (native.ss_family != AF_UNIX)
    return bound_new_ip (fd, FALSE);
  self = g_new0 (SseBound, 1);
  self->fd = fd;
  self->name = name_unix ((const struct sockaddr_un *) &native, native_length);
  return self;
}
