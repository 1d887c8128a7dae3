/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hub-fixture.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <glib/gstdio.h>

/* ---- a log that fails when told to: a disk would do so too ---- */

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

static guint64
test_log_get_position (SseLog *log)
{
  return TEST_LOG (log)->position;
}

static void
test_log_iface_init (SseLogInterface *iface)
{
  iface->get_position = test_log_get_position;
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
void
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

/* ---- the hub ---- */

static GPtrArray *
load_plugins (const char *const *probes)
{
  g_autofree char *dir = g_dir_make_tmp ("rivulet-hub-XXXXXX", NULL);
  g_autoptr (SseConfig) config = sse_config_new (NULL);
  g_autoptr (GError) error = NULL;
  GPtrArray *plugins;

  for (guint i = 0; probes[i] != NULL; i++)
    {
      g_autofree char *target
          = g_strdup_printf ("%s/probe-%s.so", g_getenv ("PROBE_DIR"), probes[i]);
      g_autofree char *link = g_strdup_printf ("%s/%s.so", dir, probes[i]);

      g_assert_no_errno (symlink (target, link));
    }
  if (g_strv_contains (probes, "wrong-abi"))
    g_test_expect_message ("rivulet-plugins", G_LOG_LEVEL_WARNING, "*wrong-abi*disabled*");
  plugins = sse_plugins_load (dir, &error);
  g_test_assert_expected_messages ();
  g_assert_no_error (error);
  g_assert_true (sse_plugins_configure (plugins, config, &error));

  for (guint i = 0; probes[i] != NULL; i++)
    {
      g_autofree char *link = g_strdup_printf ("%s/%s.so", dir, probes[i]);

      g_unlink (link);
    }
  g_rmdir (dir);
  return plugins;
}

/* Makes the hub of a fixture that is empty or ended. */
void
fixture_begin (Fixture *fixture, SseLog *log, const char *const *probes)
{
  g_autoptr (GPtrArray) plugins = load_plugins (probes);
  g_autoptr (GError) error = NULL;

  fixture->options = (SseHubOptions){
    .intake = { .max_update_bytes = 100000, .max_updates = 100, .max_bytes = 1000000 },
    .fanout = { .n_workers = 1,
                .queue_bytes = 100000,
                .total_bytes = G_MAXSIZE,
                .heartbeat_ms = 600000,
                .peer_timeout_ms = 60000,
                .retry_min_ms = 7,
                .retry_max_ms = 7 },
    .conflate_ms = CONFLATE_MS,
    .slice_bytes = SLICE_BYTES,
    .resume_events = RESUME_EVENTS,
    .resume_bytes = 100000,
  };
  fixture->hub = sse_hub_new (plugins, log, &fixture->options, &error);
  g_assert_no_error (error);
  g_assert_true (sse_hub_load (fixture->hub, &error));
  g_assert_no_error (error);
  fixture->answers = g_ptr_array_new_with_free_func (g_free);
}

void
fixture_end (Fixture *fixture)
{
  sse_hub_stop (fixture->hub);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  g_assert_finalize_object (fixture->hub);
  g_ptr_array_unref (fixture->answers);
}

void
fixture_set_up (Fixture *fixture, gconstpointer data)
{
  static const char *const probes[] = { "good", "other-stream", "wrong-abi", NULL };

  fixture->log = g_object_new (TEST_TYPE_LOG, NULL);
  fixture_begin (fixture, SSE_LOG (fixture->log), probes);
}

void
fixture_tear_down (Fixture *fixture, gconstpointer data)
{
  fixture_end (fixture);
  g_assert_finalize_object (fixture->log);
}

/* Sets the least time between two renderings of a view. */
void
fixture_set_conflate (Fixture *fixture, guint conflate_ms)
{
  fixture->options.conflate_ms = conflate_ms;
  sse_hub_configure (fixture->hub, &fixture->options);
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

void
fixture_push (
    Fixture *fixture, const char *stream, const char *audience, const char *kind, const char *value)
{
  g_autofree char *text = g_strdup_printf ("{\"type\":\"%s\",\"value\":\"%s\"}", kind, value);
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));
  GPtrArray *updates = g_ptr_array_new_with_free_func ((GDestroyNotify) sse_update_unref);

  g_ptr_array_add (updates, sse_update_new (stream, audience, bytes));
  sse_hub_publish_async (fixture->hub, updates, on_published, fixture);
}

void
fixture_wait (Fixture *fixture, guint n)
{
  while (fixture->answers->len < n)
    g_main_context_iteration (NULL, TRUE);
}

/* Publishes one update and waits for the answer; a log of its own commits it. */
void
fixture_publish (
    Fixture *fixture, const char *stream, const char *audience, const char *kind, const char *value)
{
  guint n = fixture->answers->len;

  fixture_push (fixture, stream, audience, kind, value);
  if (fixture->log != NULL)
    test_log_finish (fixture->log, TRUE);
  fixture_wait (fixture, n + 1);
}

const char *
fixture_last_answer (Fixture *fixture)
{
  return g_ptr_array_index (fixture->answers, fixture->answers->len - 1);
}

/* ---- clients ---- */

void
client_free (Client *client)
{
  close (client->fd);
  g_string_free (client->text, TRUE);
  g_free (client->id_start);
  g_free (client);
}

/* Subscribes it to one of the two. */
static Client *
follow (Fixture *fixture,
        GPtrArray *streams,
        SseCombination *combination,
        const char *user,
        const char *last_event_id)
{
  const char *epoch = sse_log_get_epoch (sse_hub_get_log (fixture->hub));
  g_autofree char *id = NULL;
  g_autoptr (SseFrame) head = sse_frame_new_raw ("HEAD\n", 5);
  Client *client = g_new0 (Client, 1);
  int fds[2];
  static const int small = 4608;
  SseSubscriber subscriber;

  g_assert_no_errno (socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds));
  g_assert_no_errno (setsockopt (fds[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small));
  if (last_event_id != NULL && g_str_has_prefix (last_event_id, "ep-"))
    last_event_id = id = g_strconcat (epoch, last_event_id + 2, NULL);
  subscriber = (SseSubscriber){
    .fd = fds[0], .user = user, .expires = G_MAXINT64, .last_event_id = last_event_id, .head = head
  };
  if (combination != NULL)
    sse_hub_subscribe_combined (fixture->hub, combination, streams, &subscriber);
  else
    sse_hub_subscribe (fixture->hub, streams->pdata[0], &subscriber);
  client->fd = fds[1];
  client->text = g_string_new (NULL);
  client->id_start = g_strdup_printf ("id: %s-", epoch);
  return client;
}

Client *
client_new (Fixture *fixture, const char *stream, const char *user, const char *last_event_id)
{
  g_autoptr (GPtrArray) streams = g_ptr_array_new ();

  g_ptr_array_add (streams, sse_hub_get_stream (fixture->hub, stream));
  return follow (fixture, streams, NULL, user, last_event_id);
}

Client *
client_new_combined (Fixture *fixture,
                     const char *const *streams,
                     const char *user,
                     const char *last_event_id)
{
  g_autoptr (GPtrArray) found = g_ptr_array_new ();
  SseCombination *combination;

  for (; *streams != NULL; streams++)
    g_ptr_array_add (found, sse_hub_get_stream (fixture->hub, *streams));
  combination = sse_hub_combine (fixture->hub, found, user);
  return combination != NULL ? follow (fixture, found, combination, user, last_event_id) : NULL;
}

/* Reads what has arrived, for at most @ms; whether the connection is still there. */
gboolean
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
      g_string_replace (client->text, client->id_start, "id: ep-", 0);
    }
  return n > 0;
}

/* Waits until as much as @expected arrived, and checks that it is that. */
void
client_expect (Client *client, const char *expected)
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
