/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A stream of messages for everyone: each is an event of its own, and a newcomer gets the last
 * ones. */

#include <sse-plugin.h>

#define KEPT     100
#define MAX_TEXT 1024 /* bytes */

#define MESSAGES_TYPE_SOURCE (messages_source_get_type ())
G_DECLARE_FINAL_TYPE (MessagesSource, messages_source, MESSAGES, SOURCE, GObject)

struct _MessagesSource
{
  GObject parent_instance;

  GQueue texts; /* oldest first */
  gint64 shown;
};

static const SseView views[] = { { "messages", "messages-update" }, { NULL, NULL } };

static void messages_source_interface_init (SseSourceInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (MessagesSource,
                               messages_source,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (SSE_TYPE_SOURCE,
                                                      messages_source_interface_init))

static const char *
messages_source_get_stream (SseSource *source)
{
  return "messages";
}

static const char *
messages_source_get_path (SseSource *source)
{
  return "/messages/stream";
}

static const SseView *
messages_source_get_views (SseSource *source)
{
  return views;
}

static const char *const *
messages_source_get_events (SseSource *source)
{
  static const char *const events[] = { "message", NULL };

  return events;
}

/* In the group [messages] of rivulet.conf. What is kept does not depend on it: the same updates
 * make the same state. */
static const SseSetting *
messages_source_get_settings (SseSource *source)
{
  static const SseSetting settings[] = {
    { "shown", SSE_SETTING_INTEGER, "10", 1, KEPT, "How many messages a newcomer gets." },
    { .key = NULL },
  };

  return settings;
}

static gboolean
messages_source_configure (SseSource *source, GVariant *settings, GError **error)
{
  g_variant_lookup (settings, "shown", "x", &MESSAGES_SOURCE (source)->shown);
  return TRUE;
}

/* {"type":"message","text":"…"} */
static gboolean
messages_source_validate (SseSource *source, const SseUpdate *update, GError **error)
{
  const char *text;

  if (g_strcmp0 (sse_update_get_kind (update), "message") != 0)
    sse_json_set_invalid (error, "", "type", "is not message");
  else if (sse_update_get_audience (update) != NULL)
    sse_json_set_invalid (error, "", "audience", "is none: messages are for everyone");
  else if (!sse_json_get_string (sse_update_get_object (update), "", "text", &text, error))
    return FALSE;
  else if (strlen (text) > MAX_TEXT)
    sse_json_set_invalid (error, "", "text", "has more than %d bytes", MAX_TEXT);
  else
    return TRUE;
  return FALSE;
}

static void
messages_source_take (MessagesSource *self, const char *text)
{
  g_queue_push_tail (&self->texts, g_strdup (text));
  if (g_queue_get_length (&self->texts) > KEPT)
    g_free (g_queue_pop_head (&self->texts));
}

static SseVerdict
messages_source_apply (SseSource *source, const SseUpdate *update, SseBatch *batch, GError **error)
{
  const char *text = json_object_get_string_member (sse_update_get_object (update), "text");
  g_autoptr (GString) members = g_string_new ("\"text\":");

  messages_source_take (MESSAGES_SOURCE (source), text);
  sse_json_append_string (members, text);
  sse_batch_append (batch, "message", members->str);
  /* Who follows has the message; newcomers get the list as it is now. */
  sse_batch_touch (batch, &views[0], SSE_TOUCH_STALE);
  return SSE_VERDICT_APPLIED;
}

static void
messages_source_render (SseSource *source,
                        const SseView *view,
                        const char *audience,
                        GString *members)
{
  MessagesSource *self = MESSAGES_SOURCE (source);
  guint length = g_queue_get_length (&self->texts);
  GList *link = g_queue_peek_nth_link (&self->texts, length - MIN (length, (guint) self->shown));

  g_string_append (members, "\"messages\":[");
  for (; link != NULL; link = link->next)
    {
      sse_json_append_string (members, link->data);
      if (link->next != NULL)
        g_string_append_c (members, ',');
    }
  g_string_append_c (members, ']');
}

static gboolean
messages_source_has_audience (SseSource *source, const char *audience)
{
  return FALSE;
}

static GVariant *
messages_source_save (SseSource *source)
{
  GVariantBuilder texts = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_STRING_ARRAY);

  for (GList *link = MESSAGES_SOURCE (source)->texts.head; link != NULL; link = link->next)
    g_variant_builder_add (&texts, "s", link->data);
  return g_variant_builder_end (&texts);
}

static gboolean
messages_source_restore (SseSource *source, GVariant *state, GError **error)
{
  GVariantIter texts;
  const char *text;

  if (!g_variant_is_of_type (state, G_VARIANT_TYPE_STRING_ARRAY))
    {
      g_set_error_literal (error, SSE_ERROR, SSE_ERROR_REFUSED, "its state is no list of texts");
      return FALSE;
    }
  g_variant_iter_init (&texts, state);
  while (g_variant_iter_next (&texts, "&s", &text))
    messages_source_take (MESSAGES_SOURCE (source), text);
  return TRUE;
}

static void
messages_source_interface_init (SseSourceInterface *iface)
{
  iface->get_stream = messages_source_get_stream;
  iface->get_path = messages_source_get_path;
  iface->get_views = messages_source_get_views;
  iface->get_events = messages_source_get_events;
  iface->get_settings = messages_source_get_settings;
  iface->configure = messages_source_configure;
  iface->validate = messages_source_validate;
  iface->apply = messages_source_apply;
  iface->render = messages_source_render;
  iface->has_audience = messages_source_has_audience;
  iface->save = messages_source_save;
  iface->restore = messages_source_restore;
}

static void
messages_source_finalize (GObject *object)
{
  g_queue_clear_full (&MESSAGES_SOURCE (object)->texts, g_free);
  G_OBJECT_CLASS (messages_source_parent_class)->finalize (object);
}

static void
messages_source_class_init (MessagesSourceClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = messages_source_finalize;
}

static void
messages_source_init (MessagesSource *self)
{
  g_queue_init (&self->texts);
}

SSE_PLUGIN_DEFINE ("messages", "1.0", messages_source_get_type)
