/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"
#include "sse-events-count.h"

#include "sse-event-counts.h"
#include "sse-plugin.h"
#include "sse-rules.h"

#define STREAM   "events-count"
#define FOLLOWED "github-events"

struct _SseEventsCount
{
  GObject parent_instance;

  SseEventCounts *counts;
};

static const SseView views[] = { { "count", "count" }, { NULL, NULL } };

static void sse_events_count_source_init (SseSourceInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (SseEventsCount,
                               sse_events_count,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (SSE_TYPE_SOURCE,
                                                      sse_events_count_source_init))

static const char *
sse_events_count_get_stream (SseSource *source)
{
  return STREAM;
}

static const char *
sse_events_count_get_path (SseSource *source)
{
  return "/github/events/length/stream";
}

static const char *const *
sse_events_count_get_follows (SseSource *source)
{
  static const char *const follows[] = { FOLLOWED, NULL };

  return follows;
}

static const SseView *
sse_events_count_get_views (SseSource *source)
{
  return views;
}

static gboolean
sse_events_count_validate (SseSource *source, const SseUpdate *update, GError **error)
{
  static const char *const kinds[] = { "count", NULL };
  gint64 count;

  return sse_rules_check_kind (update, kinds, error)
         && sse_json_get_count (sse_update_get_object (update), "", "count", &count, error);
}

/* What the count becomes with @update, an own one or a followed one that its source has applied.
 * Returns whether the update says anything about the count. */
static gboolean
count_after (const SseUpdate *update, gint64 before, gint64 *after)
{
  JsonObject *object = sse_update_get_object (update);
  const char *kind = sse_update_get_kind (update);

  if (g_str_equal (sse_update_get_stream (update), STREAM))
    *after = json_object_get_int_member (object, "count");
  else if (g_str_equal (kind, "events"))
    *after = json_array_get_length (json_object_get_array_member (object, "events"));
  else if (g_str_equal (kind, "new-event"))
    *after = before + 1;
  else if (g_str_equal (kind, "event-delete") && before > 0)
    *after = before - 1;
  else
    return FALSE;
  return TRUE;
}

static SseVerdict
sse_events_count_apply (SseSource *source, const SseUpdate *update, SseBatch *batch, GError **error)
{
  SseEventsCount *self = SSE_EVENTS_COUNT (source);
  const char *audience = sse_update_get_audience (update);
  gint64 count;

  if (!count_after (update, sse_event_counts_get (self->counts, audience), &count))
    return SSE_VERDICT_UNCHANGED;
  if (!sse_event_counts_set (self->counts, audience, count, error))
    return SSE_VERDICT_REFUSED;
  sse_batch_touch (batch, &views[0], SSE_TOUCH_SEND);
  return SSE_VERDICT_APPLIED;
}

static void
sse_events_count_render (SseSource *source,
                         const SseView *view,
                         const char *audience,
                         GString *members)
{
  SseEventsCount *self = SSE_EVENTS_COUNT (source);
  gint64 count = sse_event_counts_get (self->counts, NULL);

  if (audience != NULL)
    count += sse_event_counts_get (self->counts, audience);
  g_string_append_printf (members, "\"count\":%" G_GINT64_FORMAT, count);
}

static gboolean
sse_events_count_has_audience (SseSource *source, const char *audience)
{
  return sse_event_counts_has_audience (SSE_EVENTS_COUNT (source)->counts, audience);
}

static GVariant *
sse_events_count_save (SseSource *source)
{
  return sse_event_counts_save (SSE_EVENTS_COUNT (source)->counts);
}

static gboolean
sse_events_count_restore (SseSource *source, GVariant *state, GError **error)
{
  SseEventsCount *self = SSE_EVENTS_COUNT (source);
  g_autoptr (SseEventCounts) counts
      = sse_event_counts_new (SSE_RULES_MAX_AUDIENCES, SSE_RULES_MAX_STATE_BYTES);

  if (!sse_event_counts_restore (counts, state, error))
    return FALSE;
  sse_event_counts_free (self->counts);
  self->counts = g_steal_pointer (&counts);
  return TRUE;
}

static void
sse_events_count_source_init (SseSourceInterface *iface)
{
  iface->get_stream = sse_events_count_get_stream;
  iface->get_path = sse_events_count_get_path;
  iface->get_follows = sse_events_count_get_follows;
  iface->get_views = sse_events_count_get_views;
  iface->validate = sse_events_count_validate;
  iface->apply = sse_events_count_apply;
  iface->render = sse_events_count_render;
  iface->has_audience = sse_events_count_has_audience;
  iface->save = sse_events_count_save;
  iface->restore = sse_events_count_restore;
}

static void
sse_events_count_finalize (GObject *object)
{
  sse_event_counts_free (SSE_EVENTS_COUNT (object)->counts);
  G_OBJECT_CLASS (sse_events_count_parent_class)->finalize (object);
}

static void
sse_events_count_class_init (SseEventsCountClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = sse_events_count_finalize;
}

static void
sse_events_count_init (SseEventsCount *self)
{
  self->counts = sse_event_counts_new (SSE_RULES_MAX_AUDIENCES, SSE_RULES_MAX_STATE_BYTES);
}

SSE_PLUGIN_DEFINE ("events-count", RIVULET_VERSION, sse_events_count_get_type)
