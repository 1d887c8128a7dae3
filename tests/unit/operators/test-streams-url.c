/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-streams-url.h"

static void
test_good (void)
{
  static const struct
  {
    const char *url;
    const char *origin;
  } cases[] = {
    { "http://localhost:3001", "http://localhost:3001" },
    { "https://example.org", "https://example.org" },
    { "https://a_b.example.org:8443/live/api", "https://a_b.example.org:8443" },
    { "http://127.0.0.1:1/x", "http://127.0.0.1:1" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *origin = sse_streams_url_dup_origin (cases[i].url);

      g_assert_true (sse_streams_url_check (cases[i].url, &error));
      g_assert_no_error (error);
      g_assert_cmpstr (origin, ==, cases[i].origin);
    }
}

/* What is accepted goes into a Content-Security-Policy as it is. */
static void
test_bad (void)
{
  static const char *const urls[] = {
    "",
    "x",
    "http://",
    "//example.org",
    "ws://example.org",
    "HTTP://example.org",
    "http://example.org:80",
    "http://example.org/",
    "http://example.org/x/",
    "http://example.org//x",
    "http://example.org/../x",
    "http://example.org/?x",
    "http://example.org/x;y",
    "http://example.org?x",
    "http://example.org#x",
    "http://a@example.org",
    "http://*.example.org",
    "http://*",
    "http://[::1]:3001",
    "http://a;b",
    "http://a,b",
    "http://a b",
    "http://a 'unsafe-inline'",
    "http://'self'",
    "http://a%20b",
    "http://a\r\nX: y",
    "http://ü.example",
  };

  for (guint i = 0; i < G_N_ELEMENTS (urls); i++)
    {
      g_autoptr (GError) error = NULL;

      g_test_message ("%s", urls[i]);
      g_assert_false (sse_streams_url_check (urls[i], &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
    }
}

static void
test_choose (void)
{
  static const struct
  {
    const char *configured;
    const char *addresses[4];
    const char *chosen;
  } cases[] = {
    { NULL, { "127.0.0.1:3001", "[::1]:3001" }, "http://127.0.0.1:3001" },
    { NULL, { "unix:/run/x", "[::1]:5", "10.0.0.1:3001" }, "http://10.0.0.1:3001" },
    { NULL, { "*:3001" }, "http://localhost:3001" },
    { NULL, { "unix:/run/x", "[::1]:5" }, NULL },
    { NULL, { NULL }, NULL },
    { "https://example.org/x", { "127.0.0.1:3001" }, "https://example.org/x" },
    { "https://example.org/x", { NULL }, "https://example.org/x" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *chosen = sse_streams_url_choose (cases[i].configured, cases[i].addresses);

      g_assert_cmpstr (chosen, ==, cases[i].chosen);
      g_assert_true (chosen == NULL || sse_streams_url_check (chosen, NULL));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/operators/streams-url/good", test_good);
  g_test_add_func ("/operators/streams-url/bad", test_bad);
  g_test_add_func ("/operators/streams-url/choose", test_choose);
  return g_test_run ();
}
