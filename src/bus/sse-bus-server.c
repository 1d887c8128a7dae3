/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-bus"

#include "config.h"

#include "sse-bus-server.h"

#include "sse-bus-changes.h"

struct _SseBusLiveServer
{
  SseBusServerSkeleton parent_instance;

  const SseCounters *counters;
  SseLog *log;
};

enum
{
  PROP_0,
  /* in the order of the interface's description */
  PROP_VERSION,
  PROP_CONNECTIONS,
  PROP_MAX_CONNECTIONS,
  PROP_ACCEPTED,
  PROP_REFUSED_BY_TOTAL,
  PROP_REFUSED_BY_ADDRESS,
  PROP_REFUSED_BY_USER,
  PROP_TOKENS_REFUSED,
  PROP_ACCEPT_PAUSES,
  PROP_STORE_STATE,
  PROP_STORE_ERROR,
  PROP_LOG_POSITION,
  PROP_LOG_LAG,
  PROP_NODES,
};

G_DEFINE_FINAL_TYPE (SseBusLiveServer, sse_bus_live_server, SSE_BUS_TYPE_SERVER_SKELETON)

static const char *
get_store_state (SseLog *log)
{
  if (!sse_log_is_durable (log))
    return "none";
  return sse_log_get_error (log) != NULL ? "failed" : "ok";
}

static const char *
get_store_error (SseLog *log)
{
  const char *error = sse_log_get_error (log);

  return error != NULL ? error : "";
}

/* Returns: (transfer floating): an a(stt) */
static GVariant *
list_nodes (SseLog *log)
{
  g_autoptr (GArray) nodes = sse_log_list_nodes (log);
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(stt)"));

  for (guint i = 0; i < nodes->len; i++)
    {
      const SseLogNode *node = &g_array_index (nodes, SseLogNode, i);

      g_variant_builder_add (&builder, "(stt)", node->name, node->position, node->lag);
    }
  return g_variant_builder_end (&builder);
}

static void
on_log_changed (SseLog *log, gpointer user_data)
{
  GVariantBuilder changed = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);

  g_variant_builder_add (&changed, "{sv}", "StoreState",
                         g_variant_new_string (get_store_state (log)));
  g_variant_builder_add (&changed, "{sv}", "StoreError",
                         g_variant_new_string (get_store_error (log)));
  sse_bus_changes_emit (G_DBUS_INTERFACE_SKELETON (user_data), g_variant_builder_end (&changed));
}

static void
sse_bus_live_server_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  SseBusLiveServer *self = SSE_BUS_LIVE_SERVER (object);
  const SseCounters *counters = self->counters;

  switch (id)
    {
    case PROP_VERSION:
      g_value_set_string (value, RIVULET_VERSION);
      break;
    case PROP_CONNECTIONS:
      g_value_set_uint (value, counters->connections);
      break;
    case PROP_MAX_CONNECTIONS:
      g_value_set_uint (value, counters->max_connections);
      break;
    case PROP_ACCEPTED:
      g_value_set_uint64 (value, counters->accepted);
      break;
    case PROP_REFUSED_BY_TOTAL:
      g_value_set_uint64 (value, counters->refused_by_total);
      break;
    case PROP_REFUSED_BY_ADDRESS:
      g_value_set_uint64 (value, counters->refused_by_address);
      break;
    case PROP_REFUSED_BY_USER:
      g_value_set_uint64 (value, counters->refused_by_user);
      break;
    case PROP_TOKENS_REFUSED:
      g_value_set_uint64 (value, counters->tokens_refused);
      break;
    case PROP_ACCEPT_PAUSES:
      g_value_set_uint64 (value, counters->accept_pauses);
      break;
    case PROP_STORE_STATE:
      g_value_set_string (value, get_store_state (self->log));
      break;
    case PROP_STORE_ERROR:
      g_value_set_string (value, get_store_error (self->log));
      break;
    case PROP_LOG_POSITION:
      g_value_set_uint64 (value, sse_log_get_position (self->log));
      break;
    case PROP_LOG_LAG:
      g_value_set_uint64 (value, sse_log_get_lag (self->log));
      break;
    case PROP_NODES:
      g_value_take_variant (value, g_variant_ref_sink (list_nodes (self->log)));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

/* The interface wants its properties writable in the process; nothing here writes them. */
static void
sse_bus_live_server_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
sse_bus_live_server_finalize (GObject *object)
{
  SseBusLiveServer *self = SSE_BUS_LIVE_SERVER (object);

  g_signal_handlers_disconnect_by_data (self->log, self);
  g_clear_object (&self->log);
  G_OBJECT_CLASS (sse_bus_live_server_parent_class)->finalize (object);
}

static void
sse_bus_live_server_class_init (SseBusLiveServerClass *class)
{
  GObjectClass *object_class = G_OBJECT_CLASS (class);

  object_class->get_property = sse_bus_live_server_get_property;
  object_class->set_property = sse_bus_live_server_set_property;
  object_class->finalize = sse_bus_live_server_finalize;
  sse_bus_server_override_properties (object_class, PROP_VERSION);
}

static void
sse_bus_live_server_init (SseBusLiveServer *self)
{
}

/**
 * sse_bus_live_server_new:
 * @counters: what its properties are read from; outlives it
 *
 * Returns: (transfer full): the Server interface, to be exported
 */
SseBusServer *
sse_bus_live_server_new (const SseCounters *counters, SseLog *log)
{
  SseBusLiveServer *self = g_object_new (SSE_BUS_TYPE_LIVE_SERVER, NULL);

  self->counters = counters;
  self->log = g_object_ref (log);
  g_signal_connect (log, "changed", G_CALLBACK (on_log_changed), self);
  return SSE_BUS_SERVER (self);
}
