/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-hub"

#include "config.h"

#include "sse-stream-private.h"

/* All views as everyone sees them. */
static char *
render_all (SseSource *source)
{
  GString *text = g_string_new (NULL);

  for (const SseView *view = sse_source_get_views (source); view->initial_type != NULL; view++)
    sse_source_render (source, view, NULL, text);
  return g_string_free (text, FALSE);
}

/**
 * sse_stream_configure:
 * @self: an enabled stream
 * @settings: an a{sv} of its source's settings
 * @error: why its source does not take them; then it keeps those that it had
 *
 * Gives the source of a stream with clients other settings. Clients are sent the views that are
 * others now.
 */
gboolean
sse_stream_configure (SseStream *self, GVariant *settings, GError **error)
{
  SseSource *source = sse_stream_get_source (self);
  g_autofree char *before = render_all (source);
  g_autofree char *after = NULL;

  if (!sse_source_configure (source, settings, error))
    return FALSE;
  after = render_all (source);
  sse_stream_touch (self, g_str_equal (before, after) ? SSE_TOUCH_STALE : SSE_TOUCH_SEND);
  return TRUE;
}
