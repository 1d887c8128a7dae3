/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-audience.h"

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
drop (SseAudience *self, guint view)
{
  for (guint i = 0; i < 4; i++)
    g_clear_pointer (&self->views[view].bodies[i / 2][i % 2], sse_frame_unref);
  g_clear_pointer (&self->views[view].members, g_free);
}

/* The caller has taken it out of all queues. */
void
sse_audience_free (SseAudience *self)
{
  for (guint i = 0; self->views != NULL && i < self->n_views; i++)
    drop (self, i);
  g_free (self->views);
  g_clear_pointer (&self->places, g_array_unref);
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
    self->views[i].touch = SSE_TOUCH_STALE;
}

static SsePlace *
find_place (SseAudience *self, guint channel)
{
  for (guint i = 0; self->places != NULL && i < self->places->len; i++)
    {
      SsePlace *place = &g_array_index (self->places, SsePlace, i);

      if (place->channel == channel)
        return place;
    }
  return NULL;
}

/**
 * sse_audience_enter:
 * @channel: a channel that several streams share
 * @part: the stream's part of it
 *
 * Says that a client of the audience is there.
 */
void
sse_audience_enter (SseAudience *self, guint channel, guint part)
{
  SsePlace *place = find_place (self, channel);
  const SsePlace first = { channel, part, 1 };

  if (place != NULL)
    {
      place->n_clients++;
      return;
    }
  if (self->places == NULL)
    self->places = g_array_new (FALSE, FALSE, sizeof (SsePlace));
  g_array_append_val (self->places, first);
}

/* A client of the audience that was in @channel is gone; where that is the stream's own, it does
 * not count here. */
void
sse_audience_leave (SseAudience *self, guint channel)
{
  SsePlace *place = find_place (self, channel);

  if (place == NULL || --place->n_clients > 0)
    return;
  g_array_remove_index_fast (self->places,
                             (guint) (place - (SsePlace *) (gpointer) self->places->data));
  if (self->places->len == 0)
    g_clear_pointer (&self->places, g_array_unref);
}

/* Says that what is rendered of @view is no longer what is. */
void
sse_audience_touch (SseAudience *self, guint view, SseTouch touch)
{
  self->views[view].touch = MAX (self->views[view].touch, touch);
}

/**
 * sse_audience_take_over:
 * @turn: the number of the turn of rendering under way, or the last
 * @sweep: (array length=n_views): which views all personal audiences are sent in it
 *
 * Lets a personal audience know what touched everyone before that turn, once.
 */
void
sse_audience_take_over (SseAudience *self, guint32 turn, const gboolean *sweep)
{
  if (self->turn == turn)
    return;
  self->turn = turn;
  for (guint i = 0; i < self->n_views; i++)
    if (sweep[i])
      sse_audience_touch (self, i, SSE_TOUCH_SEND);
}

/**
 * sse_audience_set_due:
 * @queue: (nullable): where it waits to be rendered and sent from now on, nowhere else; %NULL: it
 *   does not
 */
void
sse_audience_set_due (SseAudience *self, GQueue *queue)
{
  if (self->due_in != NULL)
    g_queue_unlink (self->due_in, &self->due_link);
  self->due_in = queue;
  if (queue != NULL)
    g_queue_push_tail_link (queue, &self->due_link);
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
  GString *members = g_string_new (NULL);

  drop (self, view);
  sse_source_render (source, &sse_source_get_views (source)[view], self->user, members);
  self->views[view].length = members->len;
  self->views[view].members = g_string_free (members, FALSE);
  self->views[view].touch = SSE_TOUCH_NONE;
}

/* Lets go of what is rendered, which the next newcomer then needs anew: of as many audiences as
 * there are users, nothing is kept that most of them never ask for again. */
void
sse_audience_forget (SseAudience *self)
{
  for (guint i = 0; i < self->n_views; i++)
    {
      drop (self, i);
      sse_audience_touch (self, i, SSE_TOUCH_STALE);
    }
}

/**
 * sse_audience_get_body:
 * @view: a view that has been rendered
 * @initial: whether with its initial event type, or its update's
 * @prefixed: whether with the stream's name before that
 *
 * Returns: (transfer none): the view as an event without its id, raw: the same one for all who ask
 *   until it is rendered again, so that a crowd of slow newcomers holds it once
 */
SseFrame *
sse_audience_get_body (
    SseAudience *self, SseSource *source, guint view, gboolean initial, gboolean prefixed)
{
  const SseView *description = &sse_source_get_views (source)[view];
  SseFrame **body = &self->views[view].bodies[initial ? 1 : 0][prefixed ? 1 : 0];
  g_autoptr (SseFrame) event = NULL;
  const char *bytes;
  gsize length;

  if (*body != NULL)
    return *body;

  event = sse_frame_new_event (NULL, initial ? description->initial_type : description->update_type,
                               self->views[view].members, self->views[view].length);
  if (prefixed)
    {
      g_autoptr (SseFrame) plain = g_steal_pointer (&event);

      event = sse_frame_new_prefixed (plain, sse_source_get_stream (source));
    }
  bytes = sse_frame_get_bytes (event, FALSE, &length);
  *body = sse_frame_new_raw (bytes, length);
  return *body;
}

/**
 * sse_audience_new_frame:
 * @view: a view that has been rendered
 * @id: the event's id
 *
 * Returns: (transfer full): the view as an event of its update's type
 */
SseFrame *
sse_audience_new_frame (SseAudience *self, SseSource *source, guint view, const char *id)
{
  return sse_frame_new_event (id, sse_source_get_views (source)[view].update_type,
                              self->views[view].members, self->views[view].length);
}
