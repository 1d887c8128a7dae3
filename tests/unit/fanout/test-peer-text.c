/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <arpa/inet.h>
#include <string.h>

#include "sse-peer-text.h"

static void
assert_written (const struct sockaddr_storage *address, const char *expected)
{
  char text[SSE_PEER_TEXT_BYTES];

  memset (text, 'x', sizeof text);
  sse_peer_text_write (address, text);
  g_assert_cmpstr (text, ==, expected);
}

static void
test_ipv4 (void)
{
  struct sockaddr_in ipv4 = { .sin_family = AF_INET, .sin_port = htons (1234) };
  struct sockaddr_storage address = { 0 };

  g_assert_cmpint (inet_pton (AF_INET, "192.0.2.1", &ipv4.sin_addr), ==, 1);
  memcpy (&address, &ipv4, sizeof ipv4);
  assert_written (&address, "192.0.2.1");
}

static void
test_ipv6 (void)
{
  static const char *const rows[][2] = {
    { "2001:db8:0:1:2:3:4:5", "2001:db8:0:1:2:3:4:5" },
    { "::1", "::1" },
    { "::ffff:192.0.2.1", "192.0.2.1" },
    { "ffff:eeee:dddd:cccc:bbbb:aaaa:9999:8888", "ffff:eeee:dddd:cccc:bbbb:aaaa:9999:8888" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      struct sockaddr_in6 ipv6 = { .sin6_family = AF_INET6, .sin6_port = htons (1234) };
      struct sockaddr_storage address = { 0 };

      g_assert_cmpint (inet_pton (AF_INET6, rows[i][0], &ipv6.sin6_addr), ==, 1);
      memcpy (&address, &ipv6, sizeof ipv6);
      assert_written (&address, rows[i][1]);
    }
}

static void
test_others (void)
{
  struct sockaddr_storage address = { .ss_family = AF_UNIX };

  assert_written (&address, "unix");
  address.ss_family = AF_UNSPEC;
  assert_written (&address, "");
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/peer-text/ipv4", test_ipv4);
  g_test_add_func ("/peer-text/ipv6", test_ipv6);
  g_test_add_func ("/peer-text/others", test_others);
  return g_test_run ();
}
