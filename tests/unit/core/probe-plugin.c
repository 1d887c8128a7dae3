/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A plugin to test the loader and the hub with. It is built several times, with one of the
 * PROBE_… macros defined or none: then it is in order. */

#include <string.h>

#include <gio/gio.h>

#include "sse-plugin.h"

#ifndef PROBE_STREAM
#define PROBE_STREAM "probe"
#endif
#ifndef PROBE_PATH
#define PROBE_PATH "/" PROBE_STREAM "/stream"
#endif
#ifndef PROBE_HELP
#define PROBE_HELP "What it says."
#endif

typedef struct
{
  GObject parent_instance;
  GHashTable *values; /* audience, "" for everyone → its last text */
  guint n_applied;
} ProbeSource;

static const SseView views[] = { { "value", "value-update" }, { NULL, NULL } };

static const char *
get_stream (SseSource *source)
{
  return PROBE_STREAM;
}

static const char *
get_path (SseSource *source)
{
  return PROBE_PATH;
}

static const SseView *
get_views (SseSource *source)
{
  return views;
}

static const char *const *
get_events (SseSource *source)
{
  static const char *const events[] = { "said", NULL };

  return events;
}

static const char *const *
get_follows (SseSource *source)
{
#ifdef PROBE_FOLLOWS
  static const char *const follows[] = { PROBE_FOLLOWS, NULL };

  return follows;
#else
  return NULL;
#endif
}

static const SseSetting *
get_settings (SseSource *source)
{
  static const SseSetting settings[] = {
    { "greeting", SSE_SETTING_STRING, "hello", 0, 0, PROBE_HELP },
    { .key = NULL },
  };

  return settings;
}

static gboolean
configure (SseSource *source, GVariant *settings, GError **error)
{
  const char *greeting = NULL;

  g_assert_true (g_variant_lookup (settings, "greeting", "&s", &greeting));
  if (strcmp (greeting, "nothing") != 0)
    return TRUE;
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, "nothing is no greeting");
  return FALSE;
}

static gboolean
validate (SseSource *source, const SseUpdate *update, GError **error)
{
  const char *value;

  return sse_json_get_string (sse_update_get_object (update), "", "value", &value, error);
}

#ifdef PROBE_COUNTS
/* It counts what it is given, whatever that is. */
static SseVerdict
apply (SseSource *source, const SseUpdate *update, SseBatch *batch, GError **error)
{
  ((ProbeSource *) source)->n_applied++;
  sse_batch_touch (batch, &views[0], SSE_TOUCH_SEND);
  return SSE_VERDICT_APPLIED;
}
#else
/* "say" appends an event and leaves the view stale, "set" sends the view, "refuse" is refused,
 * "again" is known already, "drop" takes the text of the user that is its value, "think" is "set"
 * and takes its time. */
static SseVerdict
apply (SseSource *source, const SseUpdate *update, SseBatch *batch, GError **error)
{
  ProbeSource *self = (ProbeSource *) source;
  const char *kind = sse_update_get_kind (update);
  const char *audience = sse_update_get_audience (update);
  const char *value = json_object_get_string_member (sse_update_get_object (update), "value");
  g_autoptr (GString) members = g_string_new ("\"value\":");

  if (strcmp (kind, "refuse") == 0)
    {
      g_set_error_literal (error, SSE_ERROR, SSE_ERROR_REFUSED, "value: not today");
      return SSE_VERDICT_REFUSED;
    }
  if (strcmp (kind, "again") == 0)
    return SSE_VERDICT_UNCHANGED;

  if (strcmp (kind, "drop") == 0)
    {
      g_hash_table_remove (self->values, value);
      sse_batch_set_stale_for_all (batch);
      return SSE_VERDICT_APPLIED;
    }

  if (strcmp (kind, "think") == 0)
    g_usleep (10000);
  g_hash_table_replace (self->values, g_strdup (audience != NULL ? audience : ""),
                        g_strdup (value));
  sse_json_append_string (members, value);
  if (strcmp (kind, "say") == 0)
    sse_batch_append (batch, "said", members->str);
  sse_batch_touch (batch, &views[0], strcmp (kind, "say") == 0 ? SSE_TOUCH_STALE : SSE_TOUCH_SEND);
  self->n_applied++;
  return SSE_VERDICT_APPLIED;
}
#endif

static void
render (SseSource *source, const SseView *view, const char *audience, GString *members)
{
  ProbeSource *self = (ProbeSource *) source;
  const char *value = audience != NULL ? g_hash_table_lookup (self->values, audience) : NULL;

#ifdef PROBE_COUNTS
  g_string_append_printf (members, "\"value\":\"%u\"", self->n_applied);
  return;
#endif
  if (value == NULL)
    value = g_hash_table_lookup (self->values, "");
  if (g_strcmp0 (value, "slow") == 0)
    g_usleep (1000); /* a view that takes its time to render */
  g_string_append (members, "\"value\":");
  sse_json_append_string (members, value != NULL ? value : "-");
}

static gboolean
has_audience (SseSource *source, const char *audience)
{
  return g_hash_table_contains (((ProbeSource *) source)->values, audience);
}

static GVariant *
save (SseSource *source)
{
  ProbeSource *self = (ProbeSource *) source;
  g_autoptr (GList) names
      = g_list_sort (g_hash_table_get_keys (self->values), (GCompareFunc) strcmp);
  g_auto (GVariantBuilder) values = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a{ss}"));

  for (GList *link = names; link != NULL; link = link->next)
    g_variant_builder_add (&values, "{ss}", link->data,
                           g_hash_table_lookup (self->values, link->data));
  return g_variant_new ("(ua{ss})", self->n_applied, &values);
}

static gboolean
restore (SseSource *source, GVariant *state, GError **error)
{
#ifdef PROBE_REFUSES_STATE
  g_set_error_literal (error, SSE_ERROR, SSE_ERROR_REFUSED, "it is of another time");
  return FALSE;
#else
  ProbeSource *self = (ProbeSource *) source;
  g_autoptr (GVariantIter) values = NULL;
  const char *audience;
  const char *value;

  g_variant_get (state, "(ua{ss})", &self->n_applied, &values);
  while (g_variant_iter_next (values, "{&s&s}", &audience, &value))
    g_hash_table_insert (self->values, g_strdup (audience), g_strdup (value));
  return TRUE;
#endif
}

static void
init_interface (gpointer interface, gpointer data)
{
  SseSourceInterface *iface = interface;

  iface->get_stream = get_stream;
  iface->get_path = get_path;
  iface->get_views = get_views;
  iface->get_events = get_events;
  iface->get_follows = get_follows;
  iface->get_settings = get_settings;
  iface->configure = configure;
  iface->validate = validate;
  iface->apply = apply;
  iface->render = render;
  iface->has_audience = has_audience;
  iface->save = save;
#ifndef PROBE_INCOMPLETE
  iface->restore = restore;
#endif
}

static void
finalize (GObject *object)
{
  g_hash_table_unref (((ProbeSource *) object)->values);
  G_OBJECT_CLASS (g_type_class_peek_parent (G_OBJECT_GET_CLASS (object)))->finalize (object);
}

static void
init_class (gpointer class, gpointer data)
{
  ((GObjectClass *) class)->finalize = finalize;
}

static void
init (GTypeInstance *instance, gpointer class)
{
  ((ProbeSource *) instance)->values
      = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
}

#ifdef PROBE_FAILING_CONSTRUCTION
static gboolean
fail (GInitable *initable, GCancellable *cancellable, GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, "cannot be made today");
  return FALSE;
}

static void
init_initable (gpointer interface, gpointer data)
{
  ((GInitableIface *) interface)->init = fail;
}
#endif

/* By hand, as the variants are types of their own in one process. */
static GType
get_type (void)
{
  static GType type;

  if (type == G_TYPE_INVALID)
    {
      const GInterfaceInfo source = { init_interface, NULL, NULL };

      type = g_type_register_static_simple (G_TYPE_OBJECT, "ProbeSource-" PROBE_VARIANT,
                                            sizeof (GObjectClass), init_class, sizeof (ProbeSource),
                                            init, 0);
      g_type_add_interface_static (type, SSE_TYPE_SOURCE, &source);
#ifdef PROBE_FAILING_CONSTRUCTION
      const GInterfaceInfo initable = { init_initable, NULL, NULL };

      g_type_add_interface_static (type, G_TYPE_INITABLE, &initable);
#endif
    }
  return type;
}

#ifdef PROBE_WRONG_ABI
/* Calling anything of a plugin built for another interface would end the test. */
static GType
get_type_must_not_be_called (void)
{
  g_assert_not_reached ();
}

G_MODULE_EXPORT const SsePluginInfo sse_plugin_info
    = { SSE_PLUGIN_ABI + 1, sizeof (SsePluginInfo), "probe", "1", get_type_must_not_be_called };
#elif defined(PROBE_WRONG_TYPE)
SSE_PLUGIN_DEFINE ("probe", "1", g_object_get_type)
#elif !defined(PROBE_NO_SYMBOL)
SSE_PLUGIN_DEFINE ("probe", "1", get_type)
#endif
