/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"
#include "sse-github-events.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#include "sse-github-ids.h"
#include "sse-github-shape.h"
#include "sse-github-store.h"
#include "sse-github-webhook.h"
#include "sse-plugin.h"
#include "sse-rules.h"

#define STATE_TYPE "(a(mss)a(mss))"

#define SECRET_KEY          "webhook-secret-file"
#define PREVIOUS_SECRET_KEY "previous-webhook-secret-file"
#define MIN_SECRET          16
#define MAX_SECRET          4096

struct _SseGithubEvents
{
  GObject parent_instance;

  SseGithubStore *store;
  SseGithubIds *ids;

  GMutex mutex; /* over the two secrets, which receive() reads in other threads */
  GBytes *secret;
  GBytes *previous_secret;
};

static const SseView views[] = { { "events", "events-update" }, { NULL, NULL } };
static const SseView *const events_view = &views[0];

static void sse_github_events_source_init (SseSourceInterface *iface);
static void sse_github_events_receiver_init (SseReceiverInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (SseGithubEvents,
                               sse_github_events,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (SSE_TYPE_SOURCE,
                                                      sse_github_events_source_init)
                                   G_IMPLEMENT_INTERFACE (SSE_TYPE_RECEIVER,
                                                          sse_github_events_receiver_init))

static const char *
sse_github_events_get_stream (SseSource *source)
{
  return "github-events";
}

static const char *
sse_github_events_get_path (SseSource *source)
{
  return "/github/events/stream";
}

static const SseView *
sse_github_events_get_views (SseSource *source)
{
  return views;
}

static const char *const *
sse_github_events_get_events (SseSource *source)
{
  static const char *const events[] = { "new-event", "event-update", "event-delete", NULL };

  return events;
}

static const SseSetting *
sse_github_events_get_settings (SseSource *source)
{
  static const SseSetting settings[] = {
    { SECRET_KEY, SSE_SETTING_SECRET, NULL, MIN_SECRET, MAX_SECRET,
      N_ ("File with the secret that GitHub signs webhooks with. It has no default; without it "
          "there is no /github/webhook.") },
    { PREVIOUS_SECRET_KEY, SSE_SETTING_SECRET, NULL, MIN_SECRET, MAX_SECRET,
      N_ ("File with the secret before that one, which still counts: for the time of a "
          "rotation.") },
    { .key = NULL },
  };

  return settings;
}

static GBytes *
lookup_secret (GVariant *settings, const char *key)
{
  g_autoptr (GVariant) value = g_variant_lookup_value (settings, key, G_VARIANT_TYPE_BYTESTRING);

  return value != NULL ? g_variant_get_data_as_bytes (value) : NULL;
}

static gboolean
sse_github_events_configure (SseSource *source, GVariant *settings, GError **error)
{
  SseGithubEvents *self = SSE_GITHUB_EVENTS (source);
  g_autoptr (GBytes) secret = lookup_secret (settings, SECRET_KEY);
  g_autoptr (GBytes) previous_secret = lookup_secret (settings, PREVIOUS_SECRET_KEY);

  g_mutex_lock (&self->mutex);
  g_clear_pointer (&self->secret, g_bytes_unref);
  g_clear_pointer (&self->previous_secret, g_bytes_unref);
  self->secret = g_steal_pointer (&secret);
  self->previous_secret = g_steal_pointer (&previous_secret);
  g_mutex_unlock (&self->mutex);
  return TRUE;
}

static gboolean
sse_github_events_validate (SseSource *source, const SseUpdate *update, GError **error)
{
  return sse_github_shape_check (update, error);
}

static void
append_event (SseBatch *batch, const char *event_type, const SseGithubEvent *event)
{
  g_autoptr (GString) members = g_string_sized_new (strlen ("\"event\":") + event->length + 1);

  g_string_append (members, "\"event\":");
  g_string_append_len (members, event->json, (gssize) event->length);
  sse_batch_append (batch, event_type, members->str);
}

static SseGithubEvent *
find_event (
    SseGithubEvents *self, const char *audience, const char *id, const char *member, GError **error)
{
  SseGithubEvent *event = sse_github_store_find (self->store, audience, id);

  if (event == NULL)
    g_set_error (error, SSE_ERROR, SSE_ERROR_REFUSED, "%s: no event with this id is kept for %s",
                 member, audience != NULL ? "this audience" : "everyone");
  return event;
}

static SseVerdict
apply_new_event (SseGithubEvents *self, const SseUpdate *update, SseBatch *batch)
{
  const char *audience = sse_update_get_audience (update);
  JsonObject *object = json_object_get_object_member (sse_update_get_object (update), "event");
  const char *id = json_object_get_string_member (object, "delivery_id");
  SseGithubEvent *event;

  /* A kept event may be older than the ids that are recognised: others came and were deleted. */
  if (sse_github_ids_contains (self->ids, audience, id)
      || sse_github_store_find (self->store, audience, id) != NULL)
    return SSE_VERDICT_UNCHANGED;

  event = sse_github_event_new (audience, object, sse_update_get_accepted (update));
  append_event (batch, "new-event", event);
  sse_batch_touch (batch, events_view, SSE_TOUCH_STALE);
  sse_github_ids_add (self->ids, audience, id);
  if (sse_github_store_add (self->store, event))
    sse_batch_set_stale_for_all (batch);
  return SSE_VERDICT_APPLIED;
}

static SseVerdict
apply_event_update (SseGithubEvents *self, const SseUpdate *update, SseBatch *batch, GError **error)
{
  JsonObject *changes = json_object_get_object_member (sse_update_get_object (update), "event");
  SseGithubEvent *event = find_event (self, sse_update_get_audience (update),
                                      json_object_get_string_member (changes, "delivery_id"),
                                      "event.delivery_id", error);
  SseGithubEvent *changed;

  if (event == NULL)
    return SSE_VERDICT_REFUSED;
  changed = sse_github_event_new_changed (event, changes, error);
  if (changed == NULL)
    return SSE_VERDICT_REFUSED;

  sse_github_store_replace (self->store, event, changed);
  append_event (batch, "event-update", changed);
  sse_batch_touch (batch, events_view, SSE_TOUCH_SEND);
  return SSE_VERDICT_APPLIED;
}

static SseVerdict
apply_event_delete (SseGithubEvents *self, const SseUpdate *update, SseBatch *batch, GError **error)
{
  const char *id = json_object_get_string_member (sse_update_get_object (update), "eventId");
  SseGithubEvent *event = find_event (self, sse_update_get_audience (update), id, "eventId", error);
  g_autoptr (GString) members = NULL;

  if (event == NULL)
    return SSE_VERDICT_REFUSED;

  members = g_string_new ("\"eventId\":");
  sse_json_append_string (members, id);
  sse_batch_append (batch, "event-delete", members->str);
  sse_batch_touch (batch, events_view, SSE_TOUCH_SEND);
  sse_github_store_remove (self->store, event);
  return SSE_VERDICT_APPLIED;
}

/* As if the list's events were accepted one by one, the last of them first. */
static SseVerdict
apply_events (SseGithubEvents *self, const SseUpdate *update, SseBatch *batch)
{
  const char *audience = sse_update_get_audience (update);
  JsonArray *events = json_object_get_array_member (sse_update_get_object (update), "events");

  sse_github_store_clear_audience (self->store, audience);
  for (guint i = json_array_get_length (events); i-- > 0;)
    {
      JsonObject *object = json_array_get_object_element (events, i);
      const char *id = json_object_get_string_member (object, "delivery_id");

      sse_github_ids_add (self->ids, audience, id);
      if (i < SSE_GITHUB_MAX_EVENTS
          && sse_github_store_add (
              self->store,
              sse_github_event_new (audience, object, sse_update_get_accepted (update))))
        sse_batch_set_stale_for_all (batch);
    }
  sse_batch_touch (batch, events_view, SSE_TOUCH_SEND);
  return SSE_VERDICT_APPLIED;
}

static SseVerdict
sse_github_events_apply (SseSource *source,
                         const SseUpdate *update,
                         SseBatch *batch,
                         GError **error)
{
  SseGithubEvents *self = SSE_GITHUB_EVENTS (source);
  const char *kind = sse_update_get_kind (update);

  if (g_str_equal (kind, "new-event"))
    return apply_new_event (self, update, batch);
  if (g_str_equal (kind, "event-update"))
    return apply_event_update (self, update, batch, error);
  if (g_str_equal (kind, "event-delete"))
    return apply_event_delete (self, update, batch, error);
  return apply_events (self, update, batch);
}

static void
sse_github_events_render (SseSource *source,
                          const SseView *view,
                          const char *audience,
                          GString *members)
{
  SseGithubEvents *self = SSE_GITHUB_EVENTS (source);

  g_string_append (members, "\"events\":");
  sse_github_store_append_list (self->store, audience, members);
}

static gboolean
sse_github_events_has_audience (SseSource *source, const char *audience)
{
  return sse_github_store_has_audience (SSE_GITHUB_EVENTS (source)->store, audience);
}

static GVariant *
sse_github_events_save (SseSource *source)
{
  SseGithubEvents *self = SSE_GITHUB_EVENTS (source);

  return g_variant_new ("(@a(mss)@a(mss))", sse_github_store_save (self->store),
                        sse_github_ids_save (self->ids));
}

static gboolean
sse_github_events_restore (SseSource *source, GVariant *state, GError **error)
{
  SseGithubEvents *self = SSE_GITHUB_EVENTS (source);
  g_autoptr (GVariant) saved_store = NULL;
  g_autoptr (GVariant) saved_ids = NULL;
  g_autoptr (SseGithubStore) store = NULL;
  g_autoptr (SseGithubIds) ids = NULL;

  if (!sse_rules_check_state (state, STATE_TYPE, error))
    return FALSE;
  g_variant_get (state, "(@a(mss)@a(mss))", &saved_store, &saved_ids);
  store = sse_github_store_restore (saved_store, error);
  if (store == NULL)
    return FALSE;
  ids = sse_github_ids_restore (saved_ids, error);
  if (ids == NULL)
    return FALSE;

  sse_github_store_free (self->store);
  sse_github_ids_free (self->ids);
  self->store = g_steal_pointer (&store);
  self->ids = g_steal_pointer (&ids);
  return TRUE;
}

/* Both at once: a reload in between must not pair the secrets of before and after. */
static void
ref_secrets (SseGithubEvents *self, GBytes **secret, GBytes **previous_secret)
{
  g_mutex_lock (&self->mutex);
  *secret = self->secret != NULL ? g_bytes_ref (self->secret) : NULL;
  *previous_secret = self->previous_secret != NULL ? g_bytes_ref (self->previous_secret) : NULL;
  g_mutex_unlock (&self->mutex);
}

static const char *
sse_github_events_get_receiver_path (SseReceiver *receiver)
{
  g_autoptr (GBytes) secret = NULL;
  g_autoptr (GBytes) previous_secret = NULL;

  ref_secrets (SSE_GITHUB_EVENTS (receiver), &secret, &previous_secret);
  return secret != NULL ? SSE_GITHUB_WEBHOOK_PATH : NULL;
}

static gsize
sse_github_events_get_max_body (SseReceiver *receiver)
{
  return SSE_GITHUB_WEBHOOK_MAX_BODY;
}

static gboolean
sse_github_events_receive (
    SseReceiver *receiver, GHashTable *headers, GBytes *body, SseUpdate **update, GError **error)
{
  g_autoptr (GBytes) secret = NULL;
  g_autoptr (GBytes) previous_secret = NULL;

  ref_secrets (SSE_GITHUB_EVENTS (receiver), &secret, &previous_secret);
  return sse_github_webhook_receive (headers, body, secret, previous_secret, update, error);
}

static void
sse_github_events_source_init (SseSourceInterface *iface)
{
  iface->get_stream = sse_github_events_get_stream;
  iface->get_path = sse_github_events_get_path;
  iface->get_views = sse_github_events_get_views;
  iface->get_events = sse_github_events_get_events;
  iface->get_settings = sse_github_events_get_settings;
  iface->configure = sse_github_events_configure;
  iface->validate = sse_github_events_validate;
  iface->apply = sse_github_events_apply;
  iface->render = sse_github_events_render;
  iface->has_audience = sse_github_events_has_audience;
  iface->save = sse_github_events_save;
  iface->restore = sse_github_events_restore;
}

static void
sse_github_events_receiver_init (SseReceiverInterface *iface)
{
  iface->get_path = sse_github_events_get_receiver_path;
  iface->get_max_body = sse_github_events_get_max_body;
  iface->receive = sse_github_events_receive;
}

static void
sse_github_events_finalize (GObject *object)
{
  SseGithubEvents *self = SSE_GITHUB_EVENTS (object);

  sse_github_store_free (self->store);
  sse_github_ids_free (self->ids);
  g_clear_pointer (&self->secret, g_bytes_unref);
  g_clear_pointer (&self->previous_secret, g_bytes_unref);
  g_mutex_clear (&self->mutex);
  G_OBJECT_CLASS (sse_github_events_parent_class)->finalize (object);
}

static void
sse_github_events_class_init (SseGithubEventsClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = sse_github_events_finalize;
}

static void
sse_github_events_init (SseGithubEvents *self)
{
  self->store = sse_github_store_new ();
  self->ids = sse_github_ids_new ();
  g_mutex_init (&self->mutex);
}

SSE_PLUGIN_DEFINE ("github-events", RIVULET_VERSION, sse_github_events_get_type)
