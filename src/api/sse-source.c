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

static const char *const none[] = { NULL };

/**
 * sse_source_get_follows:
 *
 * Returns: (transfer none): %NULL-terminated names of streams, empty where it follows none
 */
const char *const *
sse_source_get_follows (SseSource *self)
{
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
 * sse_source_get_events:
 *
 * Returns: (transfer none): %NULL-terminated types of appended events, empty where it has views
 * only
 */
const char *const *
sse_source_get_events (SseSource *self)
{
  SseSourceInterface *iface = SSE_SOURCE_GET_IFACE (self);
  const char *const *events = iface->get_events != NULL ? iface->get_events (self) : NULL;

  return events != NULL ? events : none;
}

/**
 * sse_source_get_settings:
 *
 * Returns: (transfer none): its settings, empty where it has none
 */
const SseSetting *
sse_source_get_settings (SseSource *self)
{
  static const SseSetting no_settings[] = { { .key = NULL } };
  SseSourceInterface *iface = SSE_SOURCE_GET_IFACE (self);

  return iface->get_settings != NULL ? iface->get_settings (self) : no_settings;
}

gboolean
sse_source_configure (SseSource *self, GVariant *settings, GError **error)
{
  SseSourceInterface *iface = SSE_SOURCE_GET_IFACE (self);

  return iface->configure == NULL || iface->configure (self, settings, error);
}

/* Passes on why a source took no update, as an error of ours whatever the source has set. */
static void
propagate_refusal (GError **error, GError *refusal, SseError code)
{
  if (refusal != NULL && refusal->domain == SSE_ERROR)
    {
      g_propagate_error (error, refusal);
      return;
    }
  g_set_error_literal (error, SSE_ERROR, (gint) code,
                       refusal != NULL ? refusal->message : "refused without a reason");
  g_clear_error (&refusal);
}

gboolean
sse_source_validate (SseSource *self, const SseUpdate *update, GError **error)
{
  GError *refusal = NULL;

  if (SSE_SOURCE_GET_IFACE (self)->validate (self, update, &refusal))
    return TRUE;
  propagate_refusal (error, refusal, SSE_ERROR_INVALID_UPDATE);
  return FALSE;
}

SseVerdict
sse_source_apply (SseSource *self, const SseUpdate *update, SseBatch *batch, GError **error)
{
  GError *refusal = NULL;
  SseVerdict verdict = SSE_SOURCE_GET_IFACE (self)->apply (self, update, batch, &refusal);

  if (verdict == SSE_VERDICT_REFUSED)
    propagate_refusal (error, refusal, SSE_ERROR_REFUSED);
  return verdict;
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
