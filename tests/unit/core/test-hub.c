/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-hub.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "sse-volatile-log.h"

/* ---- a log that fails when told to: a disk would do so too ---- */

#define TEST_TYPE_LOG (test_log_get_type ())
G_DECLARE_FINAL_TYPE (TestLog, test_log, TEST, LOG, GObject)

struct _TestLog
{
  GObject parent_instance;
  GPtrArray *pending; /* arrays of updates, one for each append */
  guint64 position;
};

static void test_log_iface_init (SseLogInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (TestLog,
                               test_log,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (SSE_TYPE_LOG, test_log_iface_init))

static const char *
test_log_get_epoch (SseLog *log)
{
  return "ep";
}

static void
test_log_append (SseLog *log, GPtrArray *updates)
{
  g_ptr_array_add (TEST_LOG (log)->pending, updates);
}

static void
test_log_iface_init (SseLogInterface *iface)
{
  iface->get_epoch = test_log_get_epoch;
  iface->append = test_log_append;
}

static void
test_log_finalize (GObject *object)
{
  g_ptr_array_unref (TEST_LOG (object)->pending);
  G_OBJECT_CLASS (test_log_parent_class)->finalize (object);
}

static void
test_log_class_init (TestLogClass *class)
{
  G_OBJECT_CLASS (class)->finalize = test_log_finalize;
}

static void
test_log_init (TestLog *self)
{
  self->pending = g_ptr_array_new_with_free_func ((GDestroyNotify) g_ptr_array_unref);
}

/* Ends all that is pending: in one commit, or each as failed. */
static void
test_log_finish (TestLog *self, gboolean ok)
{
  g_autoptr (GPtrArray) all = g_ptr_array_new_with_free_func ((GDestroyNotify) sse_update_unref);
  g_autoptr (GError) error
      = g_error_new_literal (SSE_ERROR, SSE_ERROR_STORE_FAILED, "the disk is full");

  for (guint i = 0; i < self->pending->len; i++)
    {
      GPtrArray *updates = g_ptr_array_index (self->pending, i);

      if (!ok)
        sse_log_emit_failed (SSE_LOG (self), updates, error);
      for (guint j = 0; ok && j < updates->len; j++)
        {
          sse_update_set_position (g_ptr_array_index (updates, j), ++self->position);
          g_ptr_array_add (all, sse_update_ref (g_ptr_array_index (updates, j)));
        }
    }
  g_ptr_array_set_size (self->pending, 0);
  if (ok)
    sse_log_emit_committed (SSE_LOG (self), all);
}

/* ---- a hub with two streams: "probe", and "other" which follows it ---- */

typedef struct
{
  TestLog *log;
  SseHub *hub;
  GPtrArray *answers;
} Fixture;

static GPtrArray *
load_plugins (void)
{
  g_autofree char *dir = g_dir_make_tmp ("rivulet-hub-XXXXXX", NULL);
  const char *const probes[] = { "good", "other-stream", "wrong-abi" };
  g_autoptr (SseConfig) config = sse_config_new (NULL);
  g_autoptr (GError) error = NULL;
  GPtrArray *plugins;

  for (guint i = 0; i < G_N_ELEMENTS (probes); i++)
    {
      g_autofree char *target
          = g_strdup_printf ("%s/probe-%s.so", g_getenv ("PROBE_DIR"), probes[i]);
      g_autofree char *link = g_strdup_printf ("%s/%s.so", dir, probes[i]);

      g_assert_no_errno (symlink (target, link));
    }
  g_test_expect_message ("rivulet-plugins", G_LOG_LEVEL_WARNING, "*wrong-abi*disabled*");
  plugins = sse_plugins_load (dir, &error);
  g_test_assert_expected_messages ();
  g_assert_no_error (error);
  g_assert_true (sse_plugins_configure (plugins, config, &error));

  for (guint i = 0; i < G_N_ELEMENTS (probes); i++)
    {
      g_autofree char *link = g_strdup_printf ("%s/%s.so", dir, probes[i]);

      g_unlink (link);
    }
  g_rmdir (dir);
  return plugins;
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  const SseHubOptions options = {
    .intake = { .max_update_bytes = 100000, .max_updates = 100, .max_bytes = 1000000 },
    .fanout = { .n_workers = 1,
                .queue_bytes = 100000,
                .heartbeat_ms = 600000,
                .retry_min_ms = 7,
                .retry_max_ms = 7 },
    .conflate_ms = 20,
    .resume_events = 3,
    .resume_bytes = 100000,
  };
  g_autoptr (GPtrArray) plugins = load_plugins ();
  g_autoptr (GError) error = NULL;

  fixture->log = g_object_new (TEST_TYPE_LOG, NULL);
  fixture->hub = sse_hub_new (plugins, SSE_LOG (fixture->log), &options, &error);
  g_assert_no_error (error);
  fixture->answers = g_ptr_array_new_with_free_func (g_free);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  sse_hub_stop (fixture->hub);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  g_assert_finalize_object (fixture->hub);
  g_assert_finalize_object (fixture->log);
  g_ptr_array_unref (fixture->answers);
}

static void
on_published (GObject *hub, GAsyncResult *result, gpointer user_data)
{
  Fixture *fixture = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) outcomes = sse_hub_publish_finish (SSE_HUB (hub), result, &error);

  if (outcomes == NULL)
    g_ptr_array_add (fixture->answers, g_strdup (error->message));
  for (guint i = 0; outcomes != NULL && i < outcomes->len; i++)
    {
      SseOutcome *outcome = g_ptr_array_index (outcomes, i);

      g_ptr_array_add (fixture->answers,
                       g_strdup (outcome->id != NULL ? outcome->id : outcome->error->message));
    }
}

static void
push (
    Fixture *fixture, const char *stream, const char *audience, const char *kind, const char *value)
{
  g_autofree char *text = g_strdup_printf ("{\"type\":\"%s\",\"value\":\"%s\"}", kind, value);
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));
  GPtrArray *updates = g_ptr_array_new_with_free_func ((GDestroyNotify) sse_update_unref);

  g_ptr_array_add (updates, sse_update_new (stream, audience, bytes));
  sse_hub_publish_async (fixture->hub, updates, on_published, fixture);
}

static void
wait_for_answers (Fixture *fixture, guint n)
{
  while (fixture->answers->len < n)
    g_main_context_iteration (NULL, TRUE);
}

/* Publishes one update and commits it. */
static void
publish (
    Fixture *fixture, const char *stream, const char *audience, const char *kind, const char *value)
{
  guint n = fixture->answers->len;

  push (fixture, stream, audience, kind, value);
  test_log_finish (fixture->log, TRUE);
  wait_for_answers (fixture, n + 1);
}

static const char *
last_answer (Fixture *fixture)
{
  return g_ptr_array_index (fixture->answers, fixture->answers->len - 1);
}

/* ---- clients ---- */

typedef struct
{
  int fd;
  GString *text; /* what arrived and was not expected yet */
} Client;

static void
client_free (Client *client)
{
  close (client->fd);
  g_string_free (client->text, TRUE);
  g_free (client);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Client, client_free)

static Client *
follow (Fixture *fixture, const char *stream, const char *user, const char *last_event_id)
{
  g_autoptr (SseFrame) head = sse_frame_new_raw ("HEAD\n", 5);
  Client *client = g_new0 (Client, 1);
  int fds[2];
  SseSubscriber subscriber;

  g_assert_no_errno (socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds));
  subscriber = (SseSubscriber){
    .fd = fds[0], .user = user, .expires = G_MAXINT64, .last_event_id = last_event_id, .head = head
  };
  sse_hub_subscribe (fixture->hub, sse_hub_get_stream (fixture->hub, stream), &subscriber);
  client->fd = fds[1];
  client->text = g_string_new (NULL);
  return client;
}

/* Reads what has arrived, for at most @ms; whether the connection is still there. */
static gboolean
client_read (Client *client, int ms)
{
  struct pollfd fd = { .fd = client->fd, .events = POLLIN };
  char buffer[4096];
  gssize n;

  if (poll (&fd, 1, ms) <= 0)
    return TRUE;
  n = read (client->fd, buffer, sizeof buffer);
  if (n > 0)
    {
      g_string_append_len (client->text, buffer, n);
      g_string_replace (client->text, "\n\n:\n\n", "\n\n", 0); /* heartbeats come at any time */
      if (g_str_has_prefix (client->text->str, ":\n\n"))
        g_string_erase (client->text, 0, 3);
    }
  return n > 0;
}

/* Waits until as much as @expected arrived, and checks that it is that. */
static void
expect (Client *client, const char *expected)
{
  gsize length = strlen (expected);
  gint64 until = g_get_monotonic_time () + 10 * G_USEC_PER_SEC;

  while (client->text->len < length && g_get_monotonic_time () < until)
    {
      g_main_context_iteration (NULL, FALSE);
      if (!client_read (client, 5))
        break;
    }
  if (client->text->len > length)
    {
      g_autofree char *start = g_strndup (client->text->str, length);

      g_assert_cmpstr (start, ==, expected);
    }
  else
    {
      g_assert_cmpstr (client->text->str, ==, expected);
    }
  g_string_erase (client->text, 0, (gssize) length);
}

#define EVENT(position, type, value)                                                               \
  "id: ep-" position "\nevent: " type "\ndata: {\"type\":\"" type "\",\"value\":\"" value "\"}"    \
  "\n\n"
#define START(position, value) "HEAD\nretry: 7\n\n" EVENT (position, "value", value)

/* ---- tests ---- */

static void
test_first_events (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Client) early = follow (fixture, "probe", "ann", NULL);
  g_autoptr (Client) late = NULL;

  expect (early, START ("0", "-"));
  publish (fixture, "probe", NULL, "set", "one");
  g_assert_cmpstr (last_answer (fixture), ==, "ep-1");
  expect (early, EVENT ("1", "value-update", "one"));
  late = follow (fixture, "probe", "bob", NULL);
  expect (late, START ("1", "one"));
  g_assert_cmpuint (sse_hub_get_n_clients (fixture->hub), ==, 2);
}

static void
test_appended (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Client) ann = follow (fixture, "probe", "ann", NULL);
  g_autoptr (Client) bob = follow (fixture, "probe", "bob", NULL);

  expect (ann, START ("0", "-"));
  expect (bob, START ("0", "-"));
  publish (fixture, "probe", NULL, "say", "all");
  publish (fixture, "probe", "ann", "say", "you");
  publish (fixture, "probe", NULL, "say", "end");
  expect (ann, EVENT ("1", "said", "all") EVENT ("2", "said", "you") EVENT ("3", "said", "end"));
  expect (bob, EVENT ("1", "said", "all") EVENT ("3", "said", "end"));
}

/* A view that only newcomers need is rendered for them, and sent to nobody else. */
static void
test_stale (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Client) early = follow (fixture, "probe", "ann", NULL);
  g_autoptr (Client) late = NULL;

  expect (early, START ("0", "-"));
  publish (fixture, "probe", NULL, "say", "x");
  late = follow (fixture, "probe", "bob", NULL);
  expect (late, START ("1", "x"));
  publish (fixture, "probe", NULL, "set", "y");
  expect (early, EVENT ("1", "said", "x") EVENT ("2", "value-update", "y"));
}

/* What is touched several times in one commit is sent once, as it is in the end. */
static void
test_conflated (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Client) ann = follow (fixture, "probe", "ann", NULL);

  expect (ann, START ("0", "-"));
  for (guint i = 0; i < 5; i++)
    push (fixture, "probe", NULL, "set", i < 4 ? "before" : "last");
  test_log_finish (fixture->log, TRUE);
  wait_for_answers (fixture, 5);
  expect (ann, EVENT ("5", "value-update", "last"));
  publish (fixture, "probe", NULL, "set", "next");
  expect (ann, EVENT ("6", "value-update", "next"));
}

static void
test_audience (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Client) ann = follow (fixture, "probe", "ann", NULL);
  g_autoptr (Client) bob = follow (fixture, "probe", "bob", NULL);
  g_autoptr (Client) ann_again = NULL;

  expect (ann, START ("0", "-"));
  expect (bob, START ("0", "-"));
  publish (fixture, "probe", "ann", "set", "hers");
  expect (ann, EVENT ("1", "value-update", "hers"));
  ann_again = follow (fixture, "probe", "ann", NULL);
  expect (ann_again, START ("1", "hers"));
  publish (fixture, "probe", NULL, "set", "all");
  expect (bob, EVENT ("2", "value-update", "all"));
  expect (ann, EVENT ("2", "value-update", "hers"));
  expect (ann_again, EVENT ("2", "value-update", "hers"));
}

/* An update for one user may take something from another, by a bound that they share. */
static void
test_stale_for_all (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Client) ann = follow (fixture, "probe", "ann", NULL);
  g_autoptr (Client) ann_again = NULL;

  expect (ann, START ("0", "-"));
  publish (fixture, "probe", "ann", "set", "hers");
  expect (ann, EVENT ("1", "value-update", "hers"));
  publish (fixture, "probe", "bob", "drop", "ann");
  ann_again = follow (fixture, "probe", "ann", NULL);
  expect (ann_again, START ("2", "-"));
}

static void
test_verdicts (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Client) ann = follow (fixture, "probe", "ann", NULL);

  expect (ann, START ("0", "-"));
  publish (fixture, "probe", NULL, "refuse", "x");
  g_assert_cmpstr (last_answer (fixture), ==, "value: not today");
  publish (fixture, "probe", NULL, "again", "x");
  g_assert_cmpstr (last_answer (fixture), ==, "ep-2");
  publish (fixture, "probe", NULL, "set", "x");
  expect (ann, EVENT ("3", "value-update", "x"));
}

static void
test_follower (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Client) ann = follow (fixture, "other", "ann", NULL);

  expect (ann, START ("0", "-"));
  publish (fixture, "probe", NULL, "set", "followed");
  expect (ann, EVENT ("1", "value-update", "followed"));
  publish (fixture, "probe", NULL, "again", "x");
  publish (fixture, "probe", "ann", "set", "hers");
  expect (ann, EVENT ("3", "value-update", "hers"));
}

static void
test_unknown_and_disabled (Fixture *fixture, gconstpointer data)
{
  push (fixture, "nowhere", NULL, "set", "x");
  wait_for_answers (fixture, 1);
  g_assert_cmpstr (last_answer (fixture), ==, "there is no stream named “nowhere”");
  push (fixture, "wrong-abi", NULL, "set", "x");
  wait_for_answers (fixture, 2);
  g_assert_true (g_str_has_prefix (last_answer (fixture), "the stream wrong-abi is disabled: "));
  g_assert_cmpuint (fixture->log->pending->len, ==, 0);
}

/* What the log did not keep is seen by nobody, and changes nothing. */
static void
test_log_fails (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Client) ann = follow (fixture, "probe", "ann", NULL);
  g_autoptr (Client) bob = NULL;

  expect (ann, START ("0", "-"));
  push (fixture, "probe", NULL, "set", "lost");
  test_log_finish (fixture->log, FALSE);
  wait_for_answers (fixture, 1);
  g_assert_cmpstr (last_answer (fixture), ==, "the disk is full");
  bob = follow (fixture, "probe", "bob", NULL);
  expect (bob, START ("0", "-"));
  publish (fixture, "probe", NULL, "set", "kept");
  expect (ann, EVENT ("1", "value-update", "kept"));
}

/* The ring holds three events here. */
static void
test_resume (Fixture *fixture, gconstpointer data)
{
  static const struct
  {
    const char *id;
    const char *expected;
  } rows[] = {
    { "ep-5", "HEAD\nretry: 7\n\n" EVENT ("5", "value-update", "e5") },
    { "ep-4", "HEAD\nretry: 7\n\n" EVENT ("5", "said", "e5") EVENT ("5", "value-update", "e5") },
    { "ep-2", "HEAD\nretry: 7\n\n" EVENT ("3", "said", "e3") EVENT ("5", "said", "e5")
                  EVENT ("5", "value-update", "e5") },
    { "ep-1", START ("5", "e5") },  /* trimmed */
    { "ep-6", START ("5", "e5") },  /* past the end */
    { "old-4", START ("5", "e5") }, /* of another epoch */
    { "4", START ("5", "e5") },     /* malformed */
  };

  publish (fixture, "probe", NULL, "say", "e1");
  publish (fixture, "probe", NULL, "say", "e2");
  publish (fixture, "probe", NULL, "say", "e3");
  publish (fixture, "probe", "ann", "say", "e4");
  publish (fixture, "probe", NULL, "say", "e5");
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (Client) bob = follow (fixture, "probe", "bob", rows[i].id);

      g_test_message ("%s", rows[i].id);
      expect (bob, rows[i].expected);
    }
}

static void
test_leaving (Fixture *fixture, gconstpointer data)
{
  SseStream *stream = sse_hub_get_stream (fixture->hub, "probe");
  Client *ann = follow (fixture, "probe", "ann", NULL);
  g_autoptr (Client) bob = follow (fixture, "probe", "bob", NULL);

  expect (ann, START ("0", "-"));
  g_assert_cmpuint (sse_stream_get_clients (stream), ==, 2);
  client_free (ann);
  while (sse_stream_get_clients (stream) > 1)
    g_main_context_iteration (NULL, TRUE);
  publish (fixture, "probe", "ann", "set", "nobody's");
  publish (fixture, "probe", NULL, "set", "x");
  expect (bob, START ("0", "-") EVENT ("2", "value-update", "x"));
}

/* Clients and publishers that are there when the hub stops are told so. */
static void
test_stop (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Client) ann = follow (fixture, "probe", "ann", NULL);
  g_autoptr (Client) waiting = NULL;

  expect (ann, START ("0", "-"));
  publish (fixture, "probe", NULL, "say", "y");
  expect (ann, EVENT ("1", "said", "y"));
  waiting = follow (fixture, "probe", "ann", NULL); /* for the next turn */
  push (fixture, "probe", NULL, "set", "z");
  sse_hub_stop (fixture->hub);
  wait_for_answers (fixture, 2);
  g_assert_true (g_str_has_prefix (last_answer (fixture), "the daemon stops"));
  expect (ann, "retry: 7\n\n");
  g_assert_false (client_read (ann, 10000));
  push (fixture, "probe", NULL, "set", "z");
  wait_for_answers (fixture, 3);
  g_assert_true (g_str_has_prefix (last_answer (fixture), "the daemon stops"));
}

/* The volatile log commits what is appended later, in order, each at its own position. */
static void
on_committed (SseLog *log, GPtrArray *updates, gpointer user_data)
{
  for (guint i = 0; i < updates->len; i++)
    g_array_append_vals (user_data,
                         &(guint64){ sse_update_get_position (g_ptr_array_index (updates, i)) }, 1);
}

static void
test_volatile_log (void)
{
  g_autoptr (SseLog) log = sse_volatile_log_new ();
  g_autoptr (SseLog) other = sse_volatile_log_new ();
  g_autoptr (GArray) positions = g_array_new (FALSE, FALSE, sizeof (guint64));
  g_autoptr (GBytes) bytes = g_bytes_new_static ("{}", 2);

  g_assert_cmpstr (sse_log_get_epoch (log), !=, sse_log_get_epoch (other));
  g_assert_null (strchr (sse_log_get_epoch (log), '-'));
  g_signal_connect (log, "committed", G_CALLBACK (on_committed), positions);
  for (guint i = 0; i < 3; i++)
    {
      GPtrArray *updates = g_ptr_array_new_with_free_func ((GDestroyNotify) sse_update_unref);

      for (guint j = 0; j <= i; j++)
        g_ptr_array_add (updates, sse_update_new ("s", NULL, bytes));
      sse_log_append (log, updates);
    }
  g_assert_cmpuint (positions->len, ==, 0);
  while (positions->len < 6)
    g_main_context_iteration (NULL, TRUE);
  for (guint i = 0; i < 6; i++)
    g_assert_cmpuint (g_array_index (positions, guint64, i), ==, i + 1);
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *path;
    void (*test) (Fixture *, gconstpointer);
  } tests[] = {
    { "/core/hub/first-events", test_first_events },
    { "/core/hub/appended", test_appended },
    { "/core/hub/stale", test_stale },
    { "/core/hub/conflated", test_conflated },
    { "/core/hub/audience", test_audience },
    { "/core/hub/stale-for-all", test_stale_for_all },
    { "/core/hub/verdicts", test_verdicts },
    { "/core/hub/follower", test_follower },
    { "/core/hub/unknown-and-disabled", test_unknown_and_disabled },
    { "/core/hub/log-fails", test_log_fails },
    { "/core/hub/resume", test_resume },
    { "/core/hub/leaving", test_leaving },
    { "/core/hub/stop", test_stop },
  };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Fixture, NULL, set_up, tests[i].test, tear_down);
  g_test_add_func ("/core/volatile-log", test_volatile_log);
  return g_test_run ();
}
