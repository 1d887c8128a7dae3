/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"
#include "sse-quota.h"

#include <glib/gi18n-lib.h>

#include "sse-plugin.h"
#include "sse-quota-table.h"
#include "sse-rules.h"

#define DEFAULT_REMAINING_KEY "default-remaining"
#define MAX_REMAINING         G_GINT64_CONSTANT (9007199254740991) /* 2^53 - 1 */

struct _SseQuota
{
  GObject parent_instance;

  SseQuotaTable *table;
  gint64 default_remaining;
};

static const SseView views[] = { { "quota", "quota-update" }, { NULL, NULL } };

static void sse_quota_source_init (SseSourceInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (SseQuota,
                               sse_quota,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (SSE_TYPE_SOURCE, sse_quota_source_init))

static const char *
sse_quota_get_stream (SseSource *source)
{
  return "quota";
}

static const char *
sse_quota_get_path (SseSource *source)
{
  return "/quota/stream";
}

static const SseView *
sse_quota_get_views (SseSource *source)
{
  return views;
}

static const SseSetting *
sse_quota_get_settings (SseSource *source)
{
  static const SseSetting settings[] = {
    { DEFAULT_REMAINING_KEY, SSE_SETTING_INTEGER, "0", 0, MAX_REMAINING,
      N_ ("What remains for a user as long as no quota was published for them or for everyone.") },
    { .key = NULL },
  };

  return settings;
}

static gboolean
sse_quota_configure (SseSource *source, GVariant *settings, GError **error)
{
  SseQuota *self = SSE_QUOTA (source);

  self->default_remaining = 0;
  g_variant_lookup (settings, DEFAULT_REMAINING_KEY, "x", &self->default_remaining);
  return TRUE;
}

static gboolean
sse_quota_validate (SseSource *source, const SseUpdate *update, GError **error)
{
  static const char *const kinds[] = { "quota", NULL };
  JsonObject *quota;

  return sse_rules_check_kind (update, kinds, error)
         && sse_json_get_object (sse_update_get_object (update), "", "quota", &quota, error)
         && sse_quota_check (quota, "quota", error);
}

static SseVerdict
sse_quota_apply (SseSource *source, const SseUpdate *update, SseBatch *batch, GError **error)
{
  SseQuota *self = SSE_QUOTA (source);
  JsonObject *quota = json_object_get_object_member (sse_update_get_object (update), "quota");

  if (!sse_quota_table_set (self->table, sse_update_get_audience (update), quota, error))
    return SSE_VERDICT_REFUSED;
  sse_batch_touch (batch, &views[0], SSE_TOUCH_SEND);
  return SSE_VERDICT_APPLIED;
}

static void
sse_quota_render (SseSource *source, const SseView *view, const char *audience, GString *members)
{
  SseQuota *self = SSE_QUOTA (source);
  const char *quota = sse_quota_table_get (self->table, audience);

  if (quota != NULL)
    g_string_append_printf (members, "\"quota\":%s", quota);
  else
    g_string_append_printf (members, "\"quota\":{\"used\":0,\"remaining\":%" G_GINT64_FORMAT "}",
                            self->default_remaining);
}

static gboolean
sse_quota_has_audience (SseSource *source, const char *audience)
{
  return sse_quota_table_has_audience (SSE_QUOTA (source)->table, audience);
}

static GVariant *
sse_quota_save (SseSource *source)
{
  return sse_quota_table_save (SSE_QUOTA (source)->table);
}

static gboolean
sse_quota_restore (SseSource *source, GVariant *state, GError **error)
{
  SseQuota *self = SSE_QUOTA (source);
  g_autoptr (SseQuotaTable) table
      = sse_quota_table_new (SSE_RULES_MAX_AUDIENCES, SSE_RULES_MAX_STATE_BYTES);

  if (!sse_quota_table_restore (table, state, error))
    return FALSE;
  sse_quota_table_free (self->table);
  self->table = g_steal_pointer (&table);
  return TRUE;
}

static void
sse_quota_source_init (SseSourceInterface *iface)
{
  iface->get_stream = sse_quota_get_stream;
  iface->get_path = sse_quota_get_path;
  iface->get_views = sse_quota_get_views;
  iface->get_settings = sse_quota_get_settings;
  iface->configure = sse_quota_configure;
  iface->validate = sse_quota_validate;
  iface->apply = sse_quota_apply;
  iface->render = sse_quota_render;
  iface->has_audience = sse_quota_has_audience;
  iface->save = sse_quota_save;
  iface->restore = sse_quota_restore;
}

static void
sse_quota_finalize (GObject *object)
{
  sse_quota_table_free (SSE_QUOTA (object)->table);
  G_OBJECT_CLASS (sse_quota_parent_class)->finalize (object);
}

static void
sse_quota_class_init (SseQuotaClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = sse_quota_finalize;
}

static void
sse_quota_init (SseQuota *self)
{
  self->table = sse_quota_table_new (SSE_RULES_MAX_AUDIENCES, SSE_RULES_MAX_STATE_BYTES);
}

SSE_PLUGIN_DEFINE ("quota", RIVULET_VERSION, sse_quota_get_type)
