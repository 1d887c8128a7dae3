/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-audience.h"

#include "sse-event-id.h"

/**
 * sse_audience_new:
 * @user: (nullable): a user, %NULL for everyone
 * @n_views: how many views the stream has
 *
 * Returns: (transfer full): an audience without views of its own
 */
SseAudience *
sse_audience_new (const char *user, guint n_views)
{
  SseAudience *self = g_new0 (SseAudience, 1);

  self->user = g_strdup (user);
  self->n_views = n_views;
  self->link.data = self;
  self->due_link.data = self;
  return self;
}

static void
drop_frames (SseAudience *self, guint view)
{
  for (guint i = 0; i < 2; i++)
    g_clear_pointer (&self->views[view].frames[i], sse_frame_unref);
}

/* The caller has taken it out of all queues. */
void
sse_audience_free (SseAudience *self)
{
  for (guint i = 0; self->views != NULL && i < self->n_views; i++)
    {
      drop_frames (self, i);
      g_string_free (self->views[i].members, TRUE);
    }
  g_free (self->views);
  g_free (self->user);
  g_free (self);
}

/* Gives the audience views of its own; they are to be rendered before they are shown. */
void
sse_audience_set_personal (SseAudience *self)
{
  g_return_if_fail (!self->personal);

  self->personal = TRUE;
  self->views = g_malloc0_n (self->n_views, sizeof *self->views);
  for (guint i = 0; i < self->n_views; i++)
    {
      self->views[i].members = g_string_new (NULL);
      self->views[i].touch = SSE_TOUCH_STALE;
    }
}

/* Says that what is rendered of @view is no longer what is. */
void
sse_audience_touch (SseAudience *self, guint view, SseTouch touch)
{
  self->views[view].touch = MAX (self->views[view].touch, touch);
}

/**
 * sse_audience_has_touch:
 *
 * Returns: whether any view was touched by @least or more since it was last rendered
 */
gboolean
sse_audience_has_touch (SseAudience *self, SseTouch least)
{
  for (guint i = 0; self->views != NULL && i < self->n_views; i++)
    if (self->views[i].touch >= least)
      return TRUE;
  return FALSE;
}

/* Renders @view as it is now. */
void
sse_audience_render (SseAudience *self, SseSource *source, guint view)
{
  drop_frames (self, view);
  g_string_truncate (self->views[view].members, 0);
  sse_source_render (source, &sse_source_get_views (source)[view], self->user,
                     self->views[view].members);
  self->views[view].touch = SSE_TOUCH_NONE;
}

/**
 * sse_audience_get_frame:
 * @view: a view that has been rendered
 * @initial: whether with its initial event type, or its update's
 * @epoch: the current epoch
 * @position: the hub's last applied position
 *
 * Returns: (transfer none): the view as an event; the same one for all who ask at one position,
 *   so that a crowd of slow newcomers holds it once
 */
SseFrame *
sse_audience_get_frame (SseAudience *self,
                        SseSource *source,
                        guint view,
                        gboolean initial,
                        const char *epoch,
                        guint64 position)
{
  guint slot = initial ? 0 : 1;
  SseFrame **frame = &self->views[view].frames[slot];

  if (*frame == NULL || self->views[view].positions[slot] != position)
    {
      const SseView *description = &sse_source_get_views (source)[view];
      g_autofree char *id = sse_event_id_format (epoch, position);
      GString *members = self->views[view].members;

      g_clear_pointer (frame, sse_frame_unref);
      *frame
          = sse_frame_new_event (id, initial ? description->initial_type : description->update_type,
                                 members->str, members->len);
      self->views[view].positions[slot] = position;
    }
  return *frame;
}
