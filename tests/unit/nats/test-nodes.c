/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-nats-nodes.h"

#include "sse-log.h"
#include "sse-nats-position.h"

static void
test_listed (void)
{
  SseNatsNodes *nodes = sse_nats_nodes_new ();
  g_autoptr (GArray) listed = NULL;
  const SseLogNode *node;

  sse_nats_nodes_hear (nodes, g_strdup ("b"), sse_nats_position (1, 0));
  sse_nats_nodes_hear (nodes, g_strdup ("a"), sse_nats_position (2, 999));
  sse_nats_nodes_hear (nodes, g_strdup ("b"), sse_nats_position (4, 0));
  listed = sse_nats_nodes_list (nodes, 3);
  g_assert_cmpuint (listed->len, ==, 2);
  node = &g_array_index (listed, SseLogNode, 0);
  g_assert_cmpstr (node->name, ==, "a");
  g_assert_cmpuint (node->position, ==, 2999);
  g_assert_cmpuint (node->lag, ==, 1);
  node = &g_array_index (listed, SseLogNode, 1);
  g_assert_cmpstr (node->name, ==, "b");
  g_assert_cmpuint (node->position, ==, 4000);
  g_assert_cmpuint (node->lag, ==, 0);
  sse_nats_nodes_free (nodes);
}

/* Whoever makes up names fills no memory, and those that are known are heard on. */
static void
test_bounded (void)
{
  SseNatsNodes *nodes = sse_nats_nodes_new ();
  g_autoptr (GArray) listed = NULL;
  const SseLogNode *first;

  sse_nats_nodes_hear (nodes, g_strdup (""), 1);
  for (guint i = 0; i < 5000; i++)
    sse_nats_nodes_hear (nodes, g_strdup_printf ("node %u", i), i);
  sse_nats_nodes_hear (nodes, g_strdup (""), 2);
  listed = sse_nats_nodes_list (nodes, 0);
  g_assert_cmpuint (listed->len, ==, 1000);
  first = &g_array_index (listed, SseLogNode, 0);
  g_assert_cmpuint (first->position, ==, 2);
  sse_nats_nodes_free (nodes);
}

/* Those that are away make room for others. */
static void
test_room (void)
{
  SseNatsNodes *nodes = sse_nats_nodes_new ();
  g_autoptr (GArray) listed = NULL;

  for (guint i = 0; i < 1000; i++)
    sse_nats_nodes_hear (nodes, g_strdup_printf ("node %u", i), i);
  do
    {
      g_usleep (G_USEC_PER_SEC / 100);
      g_clear_pointer (&listed, g_array_unref);
      listed = sse_nats_nodes_list (nodes, 0);
    }
  while (listed->len > 0);
  sse_nats_nodes_hear (nodes, g_strdup ("new"), 1);
  g_array_unref (listed);
  listed = sse_nats_nodes_list (nodes, 0);
  g_assert_cmpuint (listed->len, ==, 1);
  sse_nats_nodes_free (nodes);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/nats/nodes/listed", test_listed);
  g_test_add_func ("/nats/nodes/bounded", test_bounded);
  g_test_add_func ("/nats/nodes/room", test_room);
  return g_test_run ();
}
