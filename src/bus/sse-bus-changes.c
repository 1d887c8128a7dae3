/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-bus"

#include "config.h"

#include "sse-bus-changes.h"

/* In µs: between two signals, and at least from a change to its signal, as more may come with it.
 */
#define INTERVAL G_USEC_PER_SEC
#define DELAY    (20 * G_TIME_SPAN_MILLISECOND)

struct _SseBusChanges
{
  GDBusInterfaceSkeleton *skeleton; /* not owned */
  const char *restless;
  GVariant *told; /* a{sv} */
  gint64 told_at;
  guint timer;
};

/**
 * sse_bus_changes_emit:
 * @changed: (transfer floating): a{sv}
 *
 * Tells the bus of properties that have changed, where there is a bus.
 */
void
sse_bus_changes_emit (GDBusInterfaceSkeleton *skeleton, GVariant *changed)
{
  GDBusConnection *connection = g_dbus_interface_skeleton_get_connection (skeleton);
  g_autoptr (GVariant) owned = g_variant_ref_sink (changed);

  if (connection != NULL)
    g_dbus_connection_emit_signal (
        connection, NULL, g_dbus_interface_skeleton_get_object_path (skeleton),
        "org.freedesktop.DBus.Properties", "PropertiesChanged",
        g_variant_new ("(s@a{sv}as)", g_dbus_interface_skeleton_get_info (skeleton)->name, owned,
                       NULL),
        NULL);
}

/* What of @now is not as it was told; (transfer full). */
static GVariant *
compare (SseBusChanges *self, GVariant *now)
{
  GVariantBuilder changed = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);
  GVariantIter iter;
  const char *name;
  GVariant *value;

  g_variant_iter_init (&iter, now);
  while (g_variant_iter_loop (&iter, "{&sv}", &name, &value))
    {
      g_autoptr (GVariant) before = g_variant_lookup_value (self->told, name, NULL);

      if (before == NULL || !g_variant_equal (before, value))
        g_variant_builder_add (&changed, "{sv}", name, value);
    }
  return g_variant_ref_sink (g_variant_builder_end (&changed));
}

static gboolean
is_restless (SseBusChanges *self)
{
  guint64 value = 0;

  g_variant_lookup (self->told, self->restless, "t", &value);
  return value > 0;
}

static gboolean on_time (gpointer user_data);

/**
 * sse_bus_changes_note:
 *
 * Says that properties may have changed.
 */
void
sse_bus_changes_note (SseBusChanges *self)
{
  gint64 wait;

  if (self->timer > 0)
    return;
  wait = MAX (self->told_at + INTERVAL - g_get_monotonic_time (), DELAY);
  self->timer = g_timeout_add ((guint) (wait / 1000), on_time, self);
}

static gboolean
on_time (gpointer user_data)
{
  SseBusChanges *self = user_data;
  GVariant *now = g_variant_take_ref (g_dbus_interface_skeleton_get_properties (self->skeleton));
  g_autoptr (GVariant) changed = compare (self, now);

  self->timer = 0;
  self->told_at = g_get_monotonic_time ();
  g_variant_unref (self->told);
  self->told = now;
  if (g_variant_n_children (changed) > 0)
    sse_bus_changes_emit (self->skeleton, changed);
  if (is_restless (self))
    sse_bus_changes_note (self);
  return G_SOURCE_REMOVE;
}

/**
 * sse_bus_changes_new:
 * @skeleton: an interface whose properties can be read; outlives it
 * @restless: a number (`t`) among them that changes without a note, unless it is 0
 */
SseBusChanges *
sse_bus_changes_new (GDBusInterfaceSkeleton *skeleton, const char *restless)
{
  SseBusChanges *self = g_new0 (SseBusChanges, 1);

  self->skeleton = skeleton;
  self->restless = restless;
  self->told = g_variant_take_ref (g_dbus_interface_skeleton_get_properties (skeleton));
  return self;
}

void
sse_bus_changes_free (SseBusChanges *self)
{
  g_clear_handle_id (&self->timer, g_source_remove);
  g_variant_unref (self->told);
  g_free (self);
}
