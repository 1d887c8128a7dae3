/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-address.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "fixture.h"

static void
test_check (void)
{
  g_autofree char *longest = g_strnfill (107, 'x');
  g_autofree char *unix_longest = g_strconcat ("unix:", longest, NULL);
  g_autofree char *unix_too_long = g_strconcat ("unix:x", longest, NULL);
  const char *const right[]
      = { "127.0.0.1:3001", "0.0.0.0:0", "localhost:65535",    "*:80",      "[::]:80", "[::1]:3001",
          "[fe80::1]:1",    "unix:/x",   "unix:relative:path", unix_longest };
  const char *const wrong[] = { "",
                                ":",
                                ":80",
                                "localhost",
                                "localhost:",
                                "localhost:x",
                                "localhost:-1",
                                "localhost:+1",
                                "localhost: 1",
                                "localhost:1 ",
                                "localhost:65536",
                                "localhost:99999",
                                "example.org:80",
                                "127.0.0.1",
                                "127.1:80",
                                "127.0.0.256:80",
                                "::1:80",
                                ":::",
                                "[]:80",
                                "[127.0.0.1]:80",
                                "[localhost]:80",
                                "[::1]",
                                "[::1]80",
                                "**:80",
                                "unix:",
                                "unix",
                                unix_too_long };

  for (guint i = 0; i < G_N_ELEMENTS (right); i++)
    {
      g_autoptr (GError) error = NULL;

      g_test_message ("%s", right[i]);
      g_assert_true (sse_address_check (right[i], &error));
      g_assert_no_error (error);
    }
  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      const char *const list[] = { wrong[i], NULL };
      g_autoptr (GError) error = NULL;
      g_autoptr (GError) again = NULL;

      g_test_message ("%s", wrong[i]);
      g_assert_false (sse_address_check (wrong[i], &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
      g_assert_null (sse_address_listen (list, SSE_ADDRESS_OPEN, &again));
      g_assert_cmpstr (again->message, ==, error->message);
    }
}

static GPtrArray *
listen_on (const char *address)
{
  const char *const list[] = { address, NULL };
  g_autoptr (GError) error = NULL;
  GPtrArray *bound = sse_address_listen (list, SSE_ADDRESS_OPEN, &error);

  g_assert_no_error (error);
  g_assert_nonnull (bound);
  return bound;
}

static const char *
get_name (GPtrArray *bound, guint index)
{
  return ((SseBound *) g_ptr_array_index (bound, index))->name;
}

static void
assert_reachable (const char *address)
{
  close (connect_to (address));
}

static void
test_ip (void)
{
  g_autoptr (GPtrArray) bound = listen_on ("127.0.0.1:0");
  SseBound *one = g_ptr_array_index (bound, 0);

  g_assert_cmpuint (bound->len, ==, 1);
  g_assert_true (g_str_has_prefix (one->name, "127.0.0.1:"));
  g_assert_cmpstr (one->name, !=, "127.0.0.1:0");
  assert_reachable (one->name);
}

static void
test_localhost (void)
{
  g_autoptr (GPtrArray) bound = listen_on ("localhost:0");

  g_assert_cmpuint (bound->len, ==, have_ipv6 () ? 2 : 1);
  assert_reachable (get_name (bound, 0));
  if (bound->len == 2)
    {
      g_assert_true (g_str_has_prefix (get_name (bound, 1), "[::1]:"));
      g_assert_cmpstr (strrchr (get_name (bound, 0), ':'), ==, strrchr (get_name (bound, 1), ':'));
      assert_reachable (get_name (bound, 1));
    }
}

static void
test_any (void)
{
  g_autoptr (GPtrArray) bound = listen_on ("*:0");
  g_autofree char *ipv4 = g_strconcat ("127.0.0.1", get_name (bound, 0) + 1, NULL);
  g_autofree char *ipv6 = g_strconcat ("[::1]", get_name (bound, 0) + 1, NULL);

  g_assert_cmpuint (bound->len, ==, 1);
  g_assert_true (g_str_has_prefix (get_name (bound, 0), "*:"));
  assert_reachable (ipv4);
  if (have_ipv6 ())
    assert_reachable (ipv6);
}

/* The same port for both, as two addresses. */
static void
test_ipv6_alone (void)
{
  g_autoptr (GPtrArray) bound = NULL;
  g_autoptr (GPtrArray) other = NULL;
  g_autofree char *address = NULL;

  if (!have_ipv6 ())
    {
      g_test_skip ("no IPv6 here");
      return;
    }
  bound = listen_on ("[::]:0");
  address = g_strconcat ("0.0.0.0", strrchr (get_name (bound, 0), ':'), NULL);
  other = listen_on (address);
  g_assert_cmpstr (get_name (other, 0), ==, address);
}

static void
assert_in_use (const char *const *addresses, const char *which)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *expected
      = g_strdup_printf ("cannot listen on %s: %s", which, g_strerror (EADDRINUSE));

  g_assert_null (sse_address_listen (addresses, SSE_ADDRESS_OPEN, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);
  g_assert_cmpstr (error->message, ==, expected);
}

static void
test_in_use (void)
{
  g_autoptr (GPtrArray) bound = listen_on ("127.0.0.1:0");
  const char *port = strrchr (get_name (bound, 0), ':');
  g_autofree char *localhost = g_strconcat ("localhost", port, NULL);
  g_autofree char *any = g_strconcat ("*", port, NULL);
  const char *const once[] = { get_name (bound, 0), NULL };
  const char *const by_name[] = { localhost, NULL };
  const char *const everywhere[] = { any, NULL };
  guint before = count_descriptors ();
  const char *const second[] = { "127.0.0.1:0", get_name (bound, 0), NULL };

  assert_in_use (once, once[0]);
  assert_in_use (by_name, localhost);
  assert_in_use (everywhere, any);
  assert_in_use (second, once[0]);
  g_assert_cmpuint (count_descriptors (), ==, before);
}

static void
test_not_ours (void)
{
  const char *const list[] = { "192.0.2.1:0", NULL };
  g_autoptr (GError) error = NULL;

  g_assert_null (sse_address_listen (list, SSE_ADDRESS_OPEN, &error));
  g_assert_nonnull (strstr (error->message, "192.0.2.1:0"));
}

/* ---- Unix sockets ---- */

typedef struct
{
  char *dir;
  char *path;
  char *address;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->dir = g_dir_make_tmp ("rivulet-XXXXXX", NULL);
  fixture->path = g_build_filename (fixture->dir, "socket", NULL);
  fixture->address = g_strconcat ("unix:", fixture->path, NULL);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_unlink (fixture->path);
  g_assert_no_errno (g_rmdir (fixture->dir));
  g_free (fixture->dir);
  g_free (fixture->path);
  g_free (fixture->address);
}

static void
test_unix (Fixture *fixture, gconstpointer data)
{
  mode_t before = umask (0077);
  GPtrArray *bound = listen_on (fixture->address);
  struct stat status;

  umask (before);
  g_assert_cmpstr (get_name (bound, 0), ==, fixture->address);
  g_assert_no_errno (lstat (fixture->path, &status));
  g_assert_cmpint (status.st_mode & 0777, ==, 0666);
  assert_reachable (fixture->address);
  g_ptr_array_unref (bound);
  g_assert_false (g_file_test (fixture->path, G_FILE_TEST_EXISTS));
}

/* Closed to others before anybody can connect, whatever new files are. */
static void
test_unix_closed (Fixture *fixture, gconstpointer data)
{
  const char *const list[] = { fixture->address, NULL };
  mode_t before = umask (0);
  g_autoptr (GPtrArray) bound = sse_address_listen (list, SSE_ADDRESS_CLOSED, NULL);
  struct stat status;

  umask (before);
  g_assert_no_errno (lstat (fixture->path, &status));
  g_assert_cmpint (status.st_mode & 0777, ==, 0660);
  assert_reachable (fixture->address);
}

/* What a daemon leaves that was killed. */
static void
test_unix_stale (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GPtrArray) bound = NULL;
  g_autofree char *kept = g_strconcat (fixture->path, ".kept", NULL);
  GPtrArray *killed = listen_on (fixture->address);

  g_assert_no_errno (link (fixture->path, kept));
  g_ptr_array_unref (killed);
  g_assert_no_errno (rename (kept, fixture->path));

  bound = listen_on (fixture->address);
  assert_reachable (fixture->address);
}

static void
test_unix_live (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GPtrArray) bound = listen_on (fixture->address);
  const char *const list[] = { fixture->address, NULL };

  g_assert_cmpuint (bound->len, ==, 1);
  assert_in_use (list, fixture->address);
  assert_reachable (fixture->address);
}

/* One that is alive, and too busy to take anybody. */
static void
test_unix_busy (Fixture *fixture, gconstpointer data)
{
  const char *const list[] = { fixture->address, NULL };
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int server = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int clients[4];
  guint n_connected = 0;

  g_strlcpy (address.sun_path, fixture->path, sizeof address.sun_path);
  g_assert_no_errno (bind (server, (struct sockaddr *) &address, sizeof address));
  g_assert_no_errno (listen (server, 0));
  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    {
      clients[i] = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
      if (connect (clients[i], (struct sockaddr *) &address, sizeof address) == 0)
        n_connected++;
      else
        g_assert_cmpint (errno, ==, EAGAIN);
    }
  g_assert_cmpuint (n_connected, <, G_N_ELEMENTS (clients));

  assert_in_use (list, fixture->address);
  g_assert_true (g_file_test (fixture->path, G_FILE_TEST_EXISTS));
  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    close (clients[i]);
  close (server);
}

static void
test_unix_other_file (Fixture *fixture, gconstpointer data)
{
  const char *const list[] = { fixture->address, NULL };
  g_autofree char *content = NULL;

  g_assert_true (g_file_set_contents (fixture->path, "mine", -1, NULL));
  assert_in_use (list, fixture->address);
  g_assert_true (g_file_get_contents (fixture->path, &content, NULL, NULL));
  g_assert_cmpstr (content, ==, "mine");
}

/* Another daemon's socket is not ours to remove. */
static void
test_unix_replaced (Fixture *fixture, gconstpointer data)
{
  GPtrArray *bound = listen_on (fixture->address);
  g_autoptr (GPtrArray) other = NULL;

  g_assert_no_errno (g_unlink (fixture->path));
  other = listen_on (fixture->address);
  g_ptr_array_unref (bound);
  assert_reachable (fixture->address);
}

static void
test_unix_no_directory (Fixture *fixture, gconstpointer data)
{
  g_autofree char *address = g_strconcat (fixture->address, "/socket", NULL);
  const char *const list[] = { address, NULL };
  g_autoptr (GError) error = NULL;
  guint before = count_descriptors ();

  g_assert_null (sse_address_listen (list, SSE_ADDRESS_OPEN, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, address));
  g_assert_cmpuint (count_descriptors (), ==, before);
}

/* What somebody else has opened is named like what we open, and stays bound when it is closed. */
static void
test_adopted (Fixture *fixture, gconstpointer data)
{
  const char *const list[] = { "127.0.0.1:0", "[::1]:0", fixture->address, NULL };
  g_autoptr (GPtrArray) opened = sse_address_listen (list, SSE_ADDRESS_OPEN, NULL);

  for (guint i = 0; i < opened->len; i++)
    {
      const SseBound *theirs = g_ptr_array_index (opened, i);
      g_autoptr (GError) error = NULL;
      SseBound *ours = sse_address_adopt (dup (theirs->fd), &error);

      g_assert_no_error (error);
      g_assert_cmpstr (ours->name, ==, theirs->name);
      assert_reachable (ours->name);
      sse_bound_free (ours);
      assert_reachable (theirs->name);
    }
}

static void
test_not_adopted (void)
{
  guint before = count_descriptors ();
  int fds[] = { socket (AF_UNIX, SOCK_STREAM, 0), socket (AF_INET, SOCK_DGRAM, 0),
                open ("/dev/null", O_RDONLY), -1 };

  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (sse_address_adopt (fds[i], &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
    }
  g_assert_cmpuint (count_descriptors (), ==, before);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/http/address/check", test_check);
  g_test_add_func ("/http/address/ip", test_ip);
  g_test_add_func ("/http/address/localhost", test_localhost);
  g_test_add_func ("/http/address/any", test_any);
  g_test_add_func ("/http/address/ipv6-alone", test_ipv6_alone);
  g_test_add_func ("/http/address/in-use", test_in_use);
  g_test_add_func ("/http/address/not-ours", test_not_ours);
  g_test_add_func ("/http/address/not-adopted", test_not_adopted);
#define ADD(name, func) g_test_add ("/http/address/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("adopted", test_adopted);
  ADD ("unix", test_unix);
  ADD ("unix-closed", test_unix_closed);
  ADD ("unix-stale", test_unix_stale);
  ADD ("unix-live", test_unix_live);
  ADD ("unix-busy", test_unix_busy);
  ADD ("unix-other-file", test_unix_other_file);
  ADD ("unix-replaced", test_unix_replaced);
  ADD ("unix-no-directory", test_unix_no_directory);
  return g_test_run ();
}
