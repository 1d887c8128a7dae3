/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hub-fixture.h"

/* The log is shared with other nodes: clients come that have more than was applied here. */

#define TEST_TYPE_SHARED_LOG (test_shared_log_get_type ())
G_DECLARE_FINAL_TYPE (TestSharedLog, test_shared_log, TEST, SHARED_LOG, GObject)

struct _TestSharedLog
{
  GObject parent_instance;
  guint64 position;
};

static void test_shared_log_iface_init (SseLogInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (TestSharedLog,
                               test_shared_log,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (SSE_TYPE_LOG, test_shared_log_iface_init))

static const char *
get_epoch (SseLog *log)
{
  return "ep";
}

static guint64
get_position (SseLog *log)
{
  return TEST_SHARED_LOG (log)->position;
}

static void
append (SseLog *log, GPtrArray *updates)
{
  g_ptr_array_unref (updates);
}

/* It is told when a test wants that. */
static void
ask_end (SseLog *log)
{
}

static void
test_shared_log_iface_init (SseLogInterface *iface)
{
  iface->get_epoch = get_epoch;
  iface->get_position = get_position;
  iface->append = append;
  iface->ask_end = ask_end;
}

static void
test_shared_log_class_init (TestSharedLogClass *class)
{
}

static void
test_shared_log_init (TestSharedLog *self)
{
}

typedef struct
{
  Fixture hub;
  TestSharedLog *log;
} Shared;

static void
set_up (Shared *self, gconstpointer data)
{
  static const char *const probes[] = { "good", NULL };

  self->log = g_object_new (TEST_TYPE_SHARED_LOG, NULL);
  fixture_begin (&self->hub, SSE_LOG (self->log), probes);
}

static void
tear_down (Shared *self, gconstpointer data)
{
  fixture_end (&self->hub);
  g_assert_finalize_object (self->log);
}

static void
wait_empty (Shared *self)
{
  while (sse_hub_get_n_clients (self->hub.hub) > 0)
    g_main_context_iteration (NULL, TRUE);
}

/* It was told nothing. */
static void
expect_closed (Client *client)
{
  g_assert_false (client_read (client, 10000));
  g_assert_cmpstr (client->text->str, ==, "");
}

/* What takes a place without being an update, as what asks for a checkpoint, is told with the end.
 */
static void
test_no_update (Shared *self, gconstpointer data)
{
  g_autoptr (Client) ann = client_new (&self->hub, "probe", "ann", "ep-3");
  g_autoptr (Client) bob = client_new (&self->hub, "probe", "bob", "ep-4");

  self->log->position = 3;
  sse_log_emit_end (SSE_LOG (self->log), 4);
  client_expect (ann, "HEAD\nretry: 7\n\n");
  g_assert_true (client_read (bob, 0));
  g_assert_cmpstr (bob->text->str, ==, "");
  self->log->position = 4;
  sse_log_emit_end (SSE_LOG (self->log), 4);
  client_expect (bob, "HEAD\nretry: 7\n\n");
}

/* Who has more is told nothing by a node that stops: another may have it. */
static void
test_stop (Shared *self, gconstpointer data)
{
  g_autoptr (Client) before = client_new (&self->hub, "probe", "ann", "ep-3");
  g_autoptr (Client) meanwhile = NULL;
  g_autoptr (Client) late = NULL;
  g_autoptr (Client) new = NULL;

  sse_hub_close (self->hub.hub);
  meanwhile = client_new (&self->hub, "probe", "bob", "ep-3");
  expect_closed (meanwhile);
  sse_hub_end_clients (self->hub.hub);
  expect_closed (before);
  late = client_new (&self->hub, "probe", "eve", "ep-3");
  expect_closed (late);
  new = client_new (&self->hub, "probe", "dan", NULL);
  client_expect (new, START ("0", "-") "retry: 7\n\n");
  wait_empty (self);
}

/* So is who waited when it ends its clients at once. */
static void
test_end (Shared *self, gconstpointer data)
{
  g_autoptr (Client) ann = client_new (&self->hub, "probe", "ann", "ep-3");

  sse_hub_end_clients (self->hub.hub);
  expect_closed (ann);
  wait_empty (self);
}

#define ADD(name, func) g_test_add ("/core/hub-shared/" name, Shared, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("no-update", test_no_update);
  ADD ("stop", test_stop);
  ADD ("end", test_end);
  return g_test_run ();
}
