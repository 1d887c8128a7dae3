/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-bus"

#include "config.h"

#include "sse-bus-stream.h"

#include "sse-bus-changes.h"

struct _SseBusLiveStream
{
  SseBusStreamSkeleton parent_instance;

  SseStream *stream;
  SseBusChanges *changes;
};

enum
{
  PROP_0,
  /* in the order of the interface's description */
  PROP_NAME,
  PROP_PATH,
  PROP_PLUGIN,
  PROP_STATE,
  PROP_ERROR,
  PROP_CLIENTS,
  PROP_POSITION,
  PROP_QUEUED_BYTES,
  PROP_DROPPED,
};

G_DEFINE_FINAL_TYPE (SseBusLiveStream, sse_bus_live_stream, SSE_BUS_TYPE_STREAM_SKELETON)

static const char *
or_empty (const char *text)
{
  return text != NULL ? text : "";
}

static void
sse_bus_live_stream_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  SseStream *stream = SSE_BUS_LIVE_STREAM (object)->stream;

  switch (id)
    {
    case PROP_NAME:
      g_value_set_string (value, sse_stream_get_name (stream));
      break;
    case PROP_PATH:
      g_value_set_string (value, or_empty (sse_stream_get_path (stream)));
      break;
    case PROP_PLUGIN:
      g_value_set_string (value, sse_stream_get_plugin (stream));
      break;
    case PROP_STATE:
      g_value_set_string (value, sse_stream_is_enabled (stream) ? "running" : "disabled");
      break;
    case PROP_ERROR:
      g_value_set_string (value, or_empty (sse_stream_get_error (stream)));
      break;
    case PROP_CLIENTS:
      g_value_set_uint (value, sse_stream_get_clients (stream));
      break;
    case PROP_POSITION:
      g_value_set_uint64 (value, sse_stream_get_position (stream));
      break;
    case PROP_QUEUED_BYTES:
      g_value_set_uint64 (value, sse_stream_get_queued (stream));
      break;
    case PROP_DROPPED:
      g_value_set_uint64 (value, sse_stream_get_counters (stream)->left[SSE_CLOSE_OVERFLOW]);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

/* The interface wants its properties writable in the process; nothing here writes them. */
static void
sse_bus_live_stream_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
on_changed (SseStream *stream, gpointer user_data)
{
  sse_bus_changes_note (user_data);
}

static void
sse_bus_live_stream_finalize (GObject *object)
{
  SseBusLiveStream *self = SSE_BUS_LIVE_STREAM (object);

  g_signal_handlers_disconnect_by_data (self->stream, self->changes);
  sse_bus_changes_free (self->changes);
  g_clear_object (&self->stream);
  G_OBJECT_CLASS (sse_bus_live_stream_parent_class)->finalize (object);
}

static void
sse_bus_live_stream_class_init (SseBusLiveStreamClass *class)
{
  GObjectClass *object_class = G_OBJECT_CLASS (class);

  object_class->get_property = sse_bus_live_stream_get_property;
  object_class->set_property = sse_bus_live_stream_set_property;
  object_class->finalize = sse_bus_live_stream_finalize;
  sse_bus_stream_override_properties (object_class, PROP_NAME);
}

static void
sse_bus_live_stream_init (SseBusLiveStream *self)
{
}

/**
 * sse_bus_live_stream_new:
 * @stream: what its properties are read from
 *
 * Returns: (transfer full): the Stream interface, to be exported
 */
SseBusStream *
sse_bus_live_stream_new (SseStream *stream)
{
  SseBusLiveStream *self = g_object_new (SSE_BUS_TYPE_LIVE_STREAM, NULL);

  self->stream = g_object_ref (stream);
  self->changes = sse_bus_changes_new (G_DBUS_INTERFACE_SKELETON (self), "QueuedBytes");
  g_signal_connect (stream, "changed", G_CALLBACK (on_changed), self->changes);
  return SSE_BUS_STREAM (self);
}
