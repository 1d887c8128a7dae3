/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-target.h"

#include <string.h>

#include "sse-cli.h"

static const struct
{
  const char *target;
  const char *path;
  const char *uri;
} targets[] = {
  { "http://localhost:3001", "/quota/stream", "http://localhost:3001/quota/stream" },
  { "http://localhost:3001/", "/quota/stream", "http://localhost:3001/quota/stream" },
  { "http://localhost:3001/api", "/quota/stream", "http://localhost:3001/api/quota/stream" },
  { "https://example.org/api/", "/quota/stream", "https://example.org/api/quota/stream" },
  { "http://[::1]:3001", "/quota/stream", "http://[::1]:3001/quota/stream" },
  { "unix:/run/rivulet/http.sock", "/quota/stream", "http://localhost/quota/stream" },
};

static const struct
{
  const char *target;
  const char *path;
} refused[] = {
  { "localhost:3001", "/quota/stream" },
  { "", "/quota/stream" },
  { "ftp://localhost", "/quota/stream" },
  { "http://", "/quota/stream" },
  { "http:///x", "/quota/stream" },
  { "http://localhost:port", "/quota/stream" },
  { "http://me:s3cret@localhost", "/quota/stream" },
  { "http://localhost/?token=s3cret", "/quota/stream" },
  { "http://localhost/#s3cret", "/quota/stream" },
  { "http://localhost", "/quota/stream?token=s3cret" },
  { "http://localhost", "/quota/stream#s3cret" },
  { "http://localhost", "/quota stream" },
};

static void
test_targets (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (targets); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GUri) uri = sse_target_make_uri (targets[i].target, targets[i].path, &error);
      g_autofree char *text = NULL;

      g_assert_no_error (error);
      text = g_uri_to_string (uri);
      g_assert_cmpstr (text, ==, targets[i].uri);
    }
}

/* Refused, and without repeating what may be a secret. */
static void
test_refused (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (refused); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (sse_target_make_uri (refused[i].target, refused[i].path, &error));
      g_assert_error (error, SSE_CLI_ERROR, SSE_CLI_ERROR_USAGE);
      g_assert_null (strstr (error->message, "s3cret"));
    }
}

/* The environment's proxy is for what is elsewhere. */
static void
test_proxies (void)
{
  static const char *const here[] = { "http://localhost:3001", "http://127.0.0.2:1",
                                      "http://[::1]:1", "unix:/run/rivulet/public" };
  g_autoptr (SoupSession) elsewhere = sse_target_make_session ("https://example.org");

  g_assert_nonnull (soup_session_get_proxy_resolver (elsewhere));
  for (guint i = 0; i < G_N_ELEMENTS (here); i++)
    {
      g_autoptr (SoupSession) session = sse_target_make_session (here[i]);

      g_assert_null (soup_session_get_proxy_resolver (session));
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cli/target/targets", test_targets);
  g_test_add_func ("/cli/target/refused", test_refused);
  g_test_add_func ("/cli/target/proxies", test_proxies);
  return g_test_run ();
}
