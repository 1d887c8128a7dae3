/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet"

#include "config.h"

#include "sse-pulse.h"

#include "sse-service.h"

/* Between two lines that say how it is, in ms. */
#define STATUS_INTERVAL 5000

struct _SsePulse
{
  SseHub *hub;
  guint status_timer;
  guint watchdog_timer; /* 0 where nobody watches */
  guint n_waiting;      /* for so many signs of life */
  gboolean told;
};

static void
on_sign (gpointer user_data)
{
  SsePulse *self = user_data;

  if (--self->n_waiting > 0)
    return;
  self->told = FALSE;
  sse_service_feed_watchdog ();
}

static void
ask (SsePulse *self)
{
  self->n_waiting = 2;
  sse_log_ping (sse_hub_get_log (self->hub), on_sign, self);
  sse_hub_beat (self->hub, on_sign, self);
}

static gboolean
on_watchdog (gpointer user_data)
{
  SsePulse *self = user_data;

  if (self->n_waiting == 0)
    ask (self);
  else if (!self->told)
    {
      self->told = TRUE;
      g_warning ("the watchdog is not fed: %u of those who serve give no sign of life",
                 self->n_waiting);
    }
  return G_SOURCE_CONTINUE;
}

static gboolean
on_status (gpointer user_data)
{
  SsePulse *self = user_data;
  const char *error = sse_log_get_error (sse_hub_get_log (self->hub));

  sse_service_tell_status ("%u clients of %u streams; %" G_GUINT64_FORMAT " updates%s%s",
                           sse_hub_get_n_clients (self->hub), sse_hub_get_streams (self->hub)->len,
                           sse_log_get_position (sse_hub_get_log (self->hub)),
                           error != NULL ? "; the store failed: " : "", error != NULL ? error : "");
  return G_SOURCE_CONTINUE;
}

/**
 * sse_pulse_new:
 * @hub: one that is loaded and has no client yet
 * @error: where there are no descriptors
 */
SsePulse *
sse_pulse_new (SseHub *hub, GError **error)
{
  gint64 interval = sse_service_get_watchdog ();
  SsePulse *self;

  if (interval > 0 && !sse_hub_keep_canaries (hub, error))
    return NULL;
  self = g_new0 (SsePulse, 1);
  self->hub = g_object_ref (hub);
  on_status (self);
  self->status_timer = g_timeout_add (STATUS_INTERVAL, on_status, self);
  /* So at least two thirds of it are left for the signs of each beat to come. */
  if (interval > 0)
    self->watchdog_timer = g_timeout_add ((guint) MAX (interval / 3000, 1), on_watchdog, self);
  return self;
}

/* Asks and tells nothing any more. */
void
sse_pulse_stop (SsePulse *self)
{
  g_clear_handle_id (&self->status_timer, g_source_remove);
  g_clear_handle_id (&self->watchdog_timer, g_source_remove);
}

/* To come when the hub has stopped: until then it may still be answered. */
void
sse_pulse_free (SsePulse *self)
{
  sse_pulse_stop (self);
  g_object_unref (self->hub);
  g_free (self);
}
