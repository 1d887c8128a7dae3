/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-source.h"

G_DEFINE_INTERFACE (SseSource, sse_source, G_TYPE_OBJECT)

static void
sse_source_default_init (SseSourceInterface *iface)
{
}

const char *
sse_source_get_stream (SseSource *self)
{
  return SSE_SOURCE_GET_IFACE (self)->get_stream (self);
}

const char *
sse_source_get_path (SseSource *self)
{
  return SSE_SOURCE_GET_IFACE (self)->get_path (self);
}

/**
 * sse_source_get_follows:
 *
 * Returns: (transfer none): %NULL-terminated names of streams, empty where it follows none
 */
const char *const *
sse_source_get_follows (SseSource *self)
{
  static const char *const none[] = { NULL };
  SseSourceInterface *iface = SSE_SOURCE_GET_IFACE (self);
  const char *const *follows = iface->get_follows != NULL ? iface->get_follows (self) : NULL;

  return follows != NULL ? follows : none;
}

const SseView *
sse_source_get_views (SseSource *self)
{
  return SSE_SOURCE_GET_IFACE (self)->get_views (self);
}

/**
 * sse_source_get_settings:
 *
 * Returns: (transfer none): its settings, empty where it has none
 */
const SseSetting *
sse_source_get_settings (SseSource *self)
{
  static const SseSetting none[] = { { .key = NULL } };
  SseSourceInterface *iface = SSE_SOURCE_GET_IFACE (self);

  return iface->get_settings != NULL ? iface->get_settings (self) : none;
}

gboolean
sse_source_configure (SseSource *self, GVariant *settings, GError **error)
{
  SseSourceInterface *iface = SSE_SOURCE_GET_IFACE (self);

  return iface->configure == NULL || iface->configure (self, settings, error);
}

gboolean
sse_source_validate (SseSource *self, const SseUpdate *update, GError **error)
{
  return SSE_SOURCE_GET_IFACE (self)->validate (self, update, error);
}

SseVerdict
sse_source_apply (SseSource *self, const SseUpdate *update, SseBatch *batch, GError **error)
{
  return SSE_SOURCE_GET_IFACE (self)->apply (self, update, batch, error);
}

void
sse_source_render (SseSource *self, const SseView *view, const char *audience, GString *members)
{
  SSE_SOURCE_GET_IFACE (self)->render (self, view, audience, members);
}

gboolean
sse_source_has_audience (SseSource *self, const char *audience)
{
  return SSE_SOURCE_GET_IFACE (self)->has_audience (self, audience);
}

/**
 * sse_source_save:
 *
 * Returns: (transfer full): the whole state; the same state always gives the same bytes
 */
GVariant *
sse_source_save (SseSource *self)
{
  return g_variant_ref_sink (SSE_SOURCE_GET_IFACE (self)->save (self));
}

gboolean
sse_source_restore (SseSource *self, GVariant *state, GError **error)
{
  return SSE_SOURCE_GET_IFACE (self)->restore (self, state, error);
}
