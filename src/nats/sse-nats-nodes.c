/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-nats-nodes.h"

#include <string.h>

#include "sse-log.h"
#include "sse-nats-position.h"

/* One of which nothing was heard for so long, in µs, is away. */
#define PRESENCE (5 * G_USEC_PER_SEC)
/* Names that are remembered. */
#define MAX_NODES 1000

struct _SseNatsNodes
{
  GTree *by_name; /* name → Node */
};

typedef struct
{
  guint64 position;
  gint64 heard; /* monotonic, µs */
} Node;

static gboolean
is_there (const Node *node)
{
  return node->heard >= g_get_monotonic_time () - PRESENCE;
}

/* Forgets one that is away; returns whether there was one. */
static gboolean
make_room (SseNatsNodes *self)
{
  for (GTreeNode *place = g_tree_node_first (self->by_name); place != NULL;
       place = g_tree_node_next (place))
    if (!is_there (g_tree_node_value (place)))
      return g_tree_remove (self->by_name, g_tree_node_key (place));
  return FALSE;
}

/**
 * sse_nats_nodes_hear:
 * @name: (transfer full): a node's
 * @position: up to where it has read the log
 */
void
sse_nats_nodes_hear (SseNatsNodes *self, char *name, guint64 position)
{
  Node *node;

  if (g_tree_nnodes (self->by_name) >= MAX_NODES && g_tree_lookup (self->by_name, name) == NULL
      && !make_room (self))
    {
      g_free (name);
      return;
    }
  node = g_new (Node, 1);
  *node = (Node){ position, g_get_monotonic_time () };
  g_tree_replace (self->by_name, name, node);
}

/* How many of the messages up to @end come behind @position. */
static guint64
get_lag (guint64 position, guint64 end)
{
  guint64 sequence = sse_nats_position_get_sequence (position);

  return sequence < end ? end - sequence : 0;
}

/**
 * sse_nats_nodes_list:
 * @end: the last message's sequence number
 *
 * Returns: (transfer container) (element-type SseLogNode): those that are there; the names are its
 *   own
 */
GArray *
sse_nats_nodes_list (SseNatsNodes *self, guint64 end)
{
  GArray *nodes = g_array_new (FALSE, FALSE, sizeof (SseLogNode));

  for (GTreeNode *place = g_tree_node_first (self->by_name); place != NULL;
       place = g_tree_node_next (place))
    {
      const Node *node = g_tree_node_value (place);
      SseLogNode listed
          = { g_tree_node_key (place), node->position, get_lag (node->position, end) };

      if (is_there (node))
        g_array_append_val (nodes, listed);
    }
  return nodes;
}

static int
compare_names (gconstpointer a, gconstpointer b, gpointer user_data)
{
  return strcmp (a, b);
}

SseNatsNodes *
sse_nats_nodes_new (void)
{
  SseNatsNodes *self = g_new (SseNatsNodes, 1);

  self->by_name = g_tree_new_full (compare_names, NULL, g_free, g_free);
  return self;
}

void
sse_nats_nodes_free (SseNatsNodes *self)
{
  g_tree_unref (self->by_name);
  g_free (self);
}
