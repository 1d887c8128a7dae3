/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-routes.h"

#include <gio/gio.h>

#include "probe.h"
#include "sse-stream-private.h"

static void
test_base_paths (void)
{
  const char *const right[] = { "/api", "/v1/live", "/a.b-c_d~e", NULL };
  const char *const wrong[] = { "",   "/",    "api",    "/api/", "//api", "/a//b", "/a/../b",
                                "/.", "/a b", "/a%20b", "/a?b",  "/a#b",  "/é",    "/a;b" };
  g_autoptr (GError) none = NULL;

  g_assert_true (sse_routes_check_base_paths (right, &none));
  g_assert_no_error (none);
  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      const char *const list[] = { "/api", wrong[i], NULL };
      g_autoptr (GError) error = NULL;

      g_test_message ("%s", wrong[i]);
      g_assert_false (sse_routes_check_base_paths (list, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
      g_assert_nonnull (strstr (error->message, wrong[i]));
    }
}

/* ---- a receiver that takes ten bytes, and is a stream, each at such a path ---- */

static const char *hook_path = "/hook", *stream_path = "/publish/receiver";

#define TEST_TYPE_RECEIVER (test_receiver_get_type ())
G_DECLARE_FINAL_TYPE (TestReceiver, test_receiver, TEST, RECEIVER, GObject)

struct _TestReceiver
{
  GObject parent_instance;
};

static const char *
get_path (SseReceiver *self)
{
  return hook_path;
}

static gsize
get_max_body (SseReceiver *self)
{
  return 10;
}

static void
receiver_init (SseReceiverInterface *iface)
{
  iface->get_path = get_path;
  iface->get_max_body = get_max_body;
}

static const char *
get_stream (SseSource *self)
{
  return "receiver";
}

static const char *
get_stream_path (SseSource *self)
{
  return stream_path;
}

static const SseView *
get_views (SseSource *self)
{
  static const SseView views[] = { { NULL, NULL } };

  return views;
}

static void
source_init (SseSourceInterface *iface)
{
  iface->get_stream = get_stream;
  iface->get_path = get_stream_path;
  iface->get_views = get_views;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (TestReceiver,
                               test_receiver,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (SSE_TYPE_SOURCE, source_init)
                                   G_IMPLEMENT_INTERFACE (SSE_TYPE_RECEIVER, receiver_init))

static void
test_receiver_class_init (TestReceiverClass *class)
{
}

static void
test_receiver_init (TestReceiver *self)
{
}

static void
assert_refused (
    const SseRoute *route, const char *method, gint64 length, guint status, const char *allow)
{
  g_autoptr (SseAnswer) answer = sse_routes_refuse (route, method, length, FALSE);
  g_autoptr (GString) bytes = NULL;

  g_test_message ("%s %" G_GINT64_FORMAT, method, length);
  if (status == 0)
    {
      g_assert_null (answer);
      return;
    }
  g_assert_nonnull (answer);
  g_assert_cmpuint (sse_answer_get_status (answer), ==, status);
  bytes = sse_answer_to_string (answer, TRUE);
  if (allow != NULL)
    g_assert_nonnull (strstr (bytes->str, allow));
  else
    g_assert_null (strstr (bytes->str, "Allow: "));
}

static void
test_refuse (void)
{
  g_autoptr (TestReceiver) receiver = g_object_new (TEST_TYPE_RECEIVER, NULL);
  g_autoptr (GObject) something = g_object_new (G_TYPE_OBJECT, NULL);
  const SseRoute nothing = { NULL };
  const SseRoute hook = { .receiver = SSE_RECEIVER (receiver) };
  const SseRoute published = { .published = "quota" };
  const SseRoute stream = { .stream = (gpointer) something };
  const SseRoute script = { .script = sse_script_find ("/rivulet.js") };
  const SseRoute combined = { .combined = TRUE };
  const SseRoute both = { .receiver = hook.receiver, .stream = stream.stream };

  assert_refused (&nothing, "GET", -1, 404, NULL);
  assert_refused (&nothing, "POST", 1, 404, NULL);

  assert_refused (&stream, "GET", -1, 0, NULL);
  assert_refused (&stream, "OPTIONS", -1, 0, NULL);
  assert_refused (&stream, "get", -1, 405, "Allow: GET, OPTIONS\r\n");
  assert_refused (&stream, "HEAD", -1, 405, "Allow: GET, OPTIONS\r\n");
  assert_refused (&stream, "POST", 5, 405, "Allow: GET, OPTIONS\r\n");
  assert_refused (&stream, "PUT", -1, 405, "Allow: GET, OPTIONS\r\n");

  assert_refused (&combined, "GET", -1, 0, NULL);
  assert_refused (&combined, "OPTIONS", -1, 0, NULL);
  assert_refused (&combined, "HEAD", -1, 405, "Allow: GET, OPTIONS\r\n");
  assert_refused (&combined, "POST", 5, 405, "Allow: GET, OPTIONS\r\n");

  assert_refused (&hook, "POST", 0, 0, NULL);
  assert_refused (&hook, "POST", 10, 0, NULL);
  assert_refused (&hook, "POST", 11, 413, NULL);
  assert_refused (&hook, "POST", G_MAXINT64, 413, NULL);
  assert_refused (&hook, "POST", -1, 411, NULL);
  assert_refused (&hook, "GET", -1, 405, "Allow: POST\r\n");
  assert_refused (&hook, "OPTIONS", -1, 405, "Allow: POST\r\n");

  /* Nothing without a body is taken for a GET. */
  assert_refused (&published, "POST", -1, 411, NULL);
  assert_refused (&published, "POST", 0, 0, NULL);
  assert_refused (&published, "POST", G_MAXINT64, 0, NULL);
  assert_refused (&published, "OPTIONS", -1, 0, NULL);
  assert_refused (&published, "GET", -1, 405, "Allow: OPTIONS, POST\r\n");
  assert_refused (&published, "PUT", 5, 405, "Allow: OPTIONS, POST\r\n");

  assert_refused (&script, "GET", -1, 0, NULL);
  assert_refused (&script, "HEAD", -1, 0, NULL);
  assert_refused (&script, "OPTIONS", -1, 405, "Allow: GET, HEAD\r\n");
  assert_refused (&script, "POST", 5, 405, "Allow: GET, HEAD\r\n");

  assert_refused (&both, "POST", 10, 0, NULL);
  assert_refused (&both, "GET", -1, 0, NULL);
  assert_refused (&both, "DELETE", -1, 405, "Allow: GET, OPTIONS, POST\r\n");
}

/* What comes in chunks is counted while it comes; to be in chunks makes nothing good otherwise. */
static void
test_chunked (void)
{
  g_autoptr (TestReceiver) receiver = g_object_new (TEST_TYPE_RECEIVER, NULL);
  const SseRoute hook = { .receiver = SSE_RECEIVER (receiver) };
  const SseRoute published = { .published = "quota" };
  g_autoptr (SseAnswer) refusal = NULL;

  g_assert_null (sse_routes_refuse (&hook, "POST", -1, TRUE));
  g_assert_null (sse_routes_refuse (&published, "POST", -1, TRUE));
  refusal = sse_routes_refuse (&hook, "PUT", -1, TRUE);
  g_assert_cmpuint (sse_answer_get_status (refusal), ==, 405);
}

/* Two streams want one path, and one prefix stands there twice. */
static void
test_clash (void)
{
  const char *const base_paths[] = { "/api", "/api", NULL };
  SseStreamHost host = { .epoch = (char *) "ep" };
  g_autoptr (TestProbe) source = g_object_new (TEST_TYPE_PROBE, NULL);
  g_autoptr (TestProbe) other = g_object_new (TEST_TYPE_PROBE, NULL);
  SseStream *first = sse_stream_new (SSE_SOURCE (source), "a", 0, &host);
  SseStream *second = sse_stream_new (SSE_SOURCE (other), "b", 1, &host);
  g_autoptr (GPtrArray) streams = g_ptr_array_new_with_free_func (g_object_unref);
  const char *path = sse_stream_get_path (first);
  g_autofree char *prefixed = g_strconcat ("/api", path, NULL);
  SseRoutes *routes;

  g_ptr_array_add (streams, first);
  g_ptr_array_add (streams, second);
  for (guint i = 0; i < 6; i++) /* stream and receiver, plain and under each prefix */
    g_test_expect_message ("rivulet-http", G_LOG_LEVEL_WARNING, "*not served at *another's*");
  routes = sse_routes_new (streams, base_paths, FALSE);
  g_test_assert_expected_messages ();

  g_assert_true (sse_routes_find (routes, path).stream == first);
  g_assert_true (sse_routes_find (routes, prefixed).stream == first);
  sse_routes_free (routes);
}

/* A script is at its path, below each prefix too, and nowhere else. */
static void
test_scripts (void)
{
  g_autoptr (GPtrArray) streams = g_ptr_array_new_with_free_func (g_object_unref);
  const char *const base_paths[] = { "/api", NULL };
  g_autoptr (SseRoutes) routes = sse_routes_new (streams, base_paths, FALSE);

  g_assert_nonnull (sse_routes_find (routes, "/rivulet.js").script);
  g_assert_true (sse_routes_find (routes, "/api/rivulet/line.js").script
                 == sse_script_find ("/rivulet/line.js"));
  g_assert_null (sse_routes_find (routes, "/rivulet/").script);
  g_assert_null (sse_routes_find (routes, "/v1/rivulet.js").script);
}

/* Several streams, plain and under each prefix, and nothing below that. */
static void
test_combined (void)
{
  const char *const base_paths[] = { "/api", "/v1/live", NULL };
  const char *const paths[] = { "/streams", "/api/streams", "/v1/live/streams" };
  const char *const nowhere[]
      = { "/streams/", "/stream", "/streams/quota", "/v1/streams", "streams" };
  g_autoptr (GPtrArray) none = g_ptr_array_new ();
  SseRoutes *routes = sse_routes_new (none, base_paths, TRUE);

  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    g_assert_true (sse_routes_find (routes, paths[i]).combined);
  for (guint i = 0; i < G_N_ELEMENTS (nowhere); i++)
    g_assert_false (sse_routes_find (routes, nowhere[i]).combined);
  sse_routes_free (routes);
}

/* What a plugin has where the daemon has something of its own is not served, neither below a
 * prefix. */
static void
test_taken (void)
{
  static const struct
  {
    const char *path;
    const char *why;
  } rows[] = { { "/streams", "*not served at *where several streams are followed" },
               { "/rivulet.js", "*not served at *another's already" } };
  const char *const base_paths[] = { "/api", NULL };
  SseStreamHost host = { .epoch = (char *) "ep" };

  for (guint i = 0; i < 4; i++)
    {
      g_autoptr (TestReceiver) source = g_object_new (TEST_TYPE_RECEIVER, NULL);
      g_autoptr (GPtrArray) streams = g_ptr_array_new_with_free_func (g_object_unref);
      g_autofree char *below = g_strconcat ("/api", rows[i % 2].path, NULL);
      SseRoutes *routes;

      hook_path = i < 2 ? rows[i % 2].path : "/hook";
      stream_path = i < 2 ? "/receiver/stream" : rows[i % 2].path;
      g_ptr_array_add (streams, sse_stream_new (SSE_SOURCE (source), "a", 0, &host));
      g_test_expect_message ("rivulet-http", G_LOG_LEVEL_WARNING, rows[i % 2].why);
      g_test_expect_message ("rivulet-http", G_LOG_LEVEL_WARNING, rows[i % 2].why);
      routes = sse_routes_new (streams, base_paths, FALSE);
      g_test_assert_expected_messages ();
      for (guint j = 0; j < 2; j++)
        {
          SseRoute route = sse_routes_find (routes, j == 0 ? rows[i % 2].path : below);

          g_assert_null (route.stream);
          g_assert_null (route.receiver);
          g_assert_true (route.combined || route.script != NULL);
        }
      sse_routes_free (routes);
    }
  hook_path = "/hook";
  stream_path = "/publish/receiver";
}

static void
assert_published (SseRoutes *routes, const char *path, const char *name)
{
  SseRoute route = sse_routes_find (routes, path);

  g_test_message ("%s", path);
  g_assert_cmpstr (route.published, ==, name);
  g_assert_null (route.stream);
  g_assert_null (route.receiver);
}

static void
test_publish (void)
{
  const char *const base_paths[] = { "/api", "/v1/live", NULL };
  const char *const nowhere[] = { "",
                                  "publish",
                                  "/",
                                  "/publish",
                                  "/publish/",
                                  "/publish/quota/",
                                  "/publish/a/b",
                                  "//publish/quota",
                                  "/publish//quota",
                                  "/x/publish/quota",
                                  "/xpublish/quota",
                                  "/Publish/quota",
                                  "/%70ublish/quota",
                                  "/apipublish/quota",
                                  "/api/publish/",
                                  "/v1/publish/quota",
                                  "/quota" };
  g_autoptr (GPtrArray) none = g_ptr_array_new ();
  SseRoutes *on = sse_routes_new (none, base_paths, TRUE);
  SseRoutes *off = sse_routes_new (none, base_paths, FALSE);

  assert_published (on, "/publish/quota", "quota");
  assert_published (on, "/api/publish/quota", "quota");
  assert_published (on, "/v1/live/publish/x%2e", "x%2e");
  for (guint i = 0; i < G_N_ELEMENTS (nowhere); i++)
    assert_published (on, nowhere[i], NULL);
  assert_published (off, "/publish/quota", NULL);
  assert_published (off, "/api/publish/quota", NULL);
  sse_routes_free (on);
  sse_routes_free (off);
}

/* Paths of a plugin at which updates are taken: its stream's, plain and with the prefix, and its
 * receiver's, with it alone. They are its own where none are. */
static void
test_publish_clash (void)
{
  const char *const base_paths[] = { "/publish", NULL };
  SseStreamHost host = { .epoch = (char *) "ep" };
  g_autoptr (TestReceiver) source = g_object_new (TEST_TYPE_RECEIVER, NULL);
  SseStream *stream = sse_stream_new (SSE_SOURCE (source), "a", 0, &host);
  g_autoptr (GPtrArray) streams = g_ptr_array_new_with_free_func (g_object_unref);
  SseRoutes *routes;

  g_ptr_array_add (streams, stream);
  routes = sse_routes_new (streams, base_paths, FALSE);
  g_assert_true (sse_routes_find (routes, "/publish/receiver").stream == stream);
  g_assert_true (sse_routes_find (routes, "/publish/hook").receiver == SSE_RECEIVER (source));
  sse_routes_free (routes);

  for (guint i = 0; i < 3; i++)
    g_test_expect_message ("rivulet-http", G_LOG_LEVEL_WARNING,
                           "*not served at /publish/*, where updates are taken*");
  routes = sse_routes_new (streams, base_paths, TRUE);
  g_test_assert_expected_messages ();
  assert_published (routes, "/publish/receiver", "receiver");
  assert_published (routes, "/publish/publish/receiver", "receiver");
  assert_published (routes, "/publish/hook", "hook");
  g_assert_true (sse_routes_find (routes, "/hook").receiver == SSE_RECEIVER (source));
  sse_routes_free (routes);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/http/routes/base-paths", test_base_paths);
  g_test_add_func ("/http/routes/refuse", test_refuse);
  g_test_add_func ("/http/routes/chunked", test_chunked);
  g_test_add_func ("/http/routes/clash", test_clash);
  g_test_add_func ("/http/routes/scripts", test_scripts);
  g_test_add_func ("/http/routes/combined", test_combined);
  g_test_add_func ("/http/routes/taken", test_taken);
  g_test_add_func ("/http/routes/publish", test_publish);
  g_test_add_func ("/http/routes/publish-clash", test_publish_clash);
  return g_test_run ();
}
