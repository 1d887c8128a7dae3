/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probe.h"

#include <string.h>

#include "sse-error.h"

struct _TestProbe
{
  GObject parent_instance;
};

static const SseView views[] = { { "initial", "update" }, { NULL, NULL } };

static const char *
get_stream (SseSource *self)
{
  return "probe";
}

static const char *
get_path (SseSource *self)
{
  return "/probe/stream";
}

static const SseView *
get_views (SseSource *self)
{
  return views;
}

static gboolean
validate (SseSource *self, const SseUpdate *update, GError **error)
{
  if (sse_update_get_kind (update) != NULL && strcmp (sse_update_get_kind (update), "good") == 0)
    return TRUE;
  g_set_error_literal (error, SSE_ERROR, SSE_ERROR_INVALID_UPDATE, "type: must be good");
  return FALSE;
}

static SseVerdict
apply (SseSource *self, const SseUpdate *update, SseBatch *batch, GError **error)
{
  sse_batch_touch (batch, &views[0], SSE_TOUCH_SEND);
  return SSE_VERDICT_APPLIED;
}

static void
render (SseSource *self, const SseView *view, const char *audience, GString *members)
{
  g_string_append (members, "\"probe\":{}");
}

static gboolean
has_audience (SseSource *self, const char *audience)
{
  return FALSE;
}

static GVariant *
save (SseSource *self)
{
  return g_variant_new_boolean (TRUE);
}

static gboolean
restore (SseSource *self, GVariant *state, GError **error)
{
  return TRUE;
}

static void
source_init (SseSourceInterface *iface)
{
  iface->get_stream = get_stream;
  iface->get_path = get_path;
  iface->get_views = get_views;
  iface->validate = validate;
  iface->apply = apply;
  iface->render = render;
  iface->has_audience = has_audience;
  iface->save = save;
  iface->restore = restore;
}

static const char *
get_post_path (SseReceiver *self)
{
  return "/probe/hook";
}

static gsize
get_max_body (SseReceiver *self)
{
  return 100000;
}

static gboolean
receive (SseReceiver *self, GHashTable *headers, GBytes *body, SseUpdate **update, GError **error)
{
  gsize length;
  const char *text = g_bytes_get_data (body, &length);
  g_autofree char *copy = g_strndup (length > 0 ? text : "", length);

  g_assert_cmpstr (g_hash_table_lookup (headers, "x-twice"), ==, "one, two");
  if (strcmp (copy, "forbidden") == 0)
    {
      g_set_error_literal (error, SSE_ERROR, SSE_ERROR_NOT_AUTHORIZED, "it is forbidden");
      return FALSE;
    }
  *update = strcmp (copy, "nothing") == 0 ? NULL : sse_update_new ("probe", NULL, body);
  return TRUE;
}

static void
receiver_init (SseReceiverInterface *iface)
{
  iface->get_path = get_post_path;
  iface->get_max_body = get_max_body;
  iface->receive = receive;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (TestProbe,
                               test_probe,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (SSE_TYPE_SOURCE, source_init)
                                   G_IMPLEMENT_INTERFACE (SSE_TYPE_RECEIVER, receiver_init))

static void
test_probe_class_init (TestProbeClass *class)
{
}

static void
test_probe_init (TestProbe *self)
{
}
