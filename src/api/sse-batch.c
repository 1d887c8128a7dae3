/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-batch.h"

struct _SseBatch
{
  const char *event_type; /* interned; NULL without an appended event */
  GString *members;
  struct
  {
    const SseView *view;
    SseTouch touch;
  } touched[SSE_MAX_VIEWS];
  guint n_touched;
  gboolean stale_for_all;
};

SseBatch *
sse_batch_new (void)
{
  SseBatch *self = g_new0 (SseBatch, 1);

  self->members = g_string_new (NULL);
  return self;
}

void
sse_batch_free (SseBatch *self)
{
  g_string_free (self->members, TRUE);
  g_free (self);
}

/* Empties the batch, to be used for the next update. */
void
sse_batch_clear (SseBatch *self)
{
  self->event_type = NULL;
  g_string_truncate (self->members, 0);
  self->n_touched = 0;
  self->stale_for_all = FALSE;
}

/**
 * sse_batch_append:
 * @event_type: the event's type, "new-event"
 * @members: the members of its JSON object behind `type`, without braces: `"event":{…}`
 *
 * Adds an event that every client gets, once and in order. At most one for an update, since its
 * id is the update's position.
 */
void
sse_batch_append (SseBatch *self, const char *event_type, const char *members)
{
  g_return_if_fail (self->event_type == NULL);

  self->event_type = g_intern_string (event_type);
  g_string_append (self->members, members);
}

/**
 * sse_batch_touch:
 * @view: one of the source's views
 * @touch: what has to happen; of two touches the stronger one counts
 *
 * Says that @view is no longer what was last rendered, for the update's audience.
 */
void
sse_batch_touch (SseBatch *self, const SseView *view, SseTouch touch)
{
  for (guint i = 0; i < self->n_touched; i++)
    if (self->touched[i].view == view)
      {
        self->touched[i].touch = MAX (self->touched[i].touch, touch);
        return;
      }

  g_return_if_fail (self->n_touched < SSE_MAX_VIEWS);
  self->touched[self->n_touched].view = view;
  self->touched[self->n_touched].touch = touch;
  self->n_touched++;
}

/**
 * sse_batch_get_event_type:
 *
 * Returns: (nullable): the appended event's type, %NULL where there is none
 */
const char *
sse_batch_get_event_type (const SseBatch *self)
{
  return self->event_type;
}

/**
 * sse_batch_get_members:
 * @length: (out): bytes
 *
 * Returns: the appended event's members as given to sse_batch_append()
 */
const char *
sse_batch_get_members (const SseBatch *self, gsize *length)
{
  *length = self->members->len;
  return self->members->str;
}

SseTouch
sse_batch_get_touch (const SseBatch *self, const SseView *view)
{
  for (guint i = 0; i < self->n_touched; i++)
    if (self->touched[i].view == view)
      return self->touched[i].touch;
  return SSE_TOUCH_NONE;
}

/**
 * sse_batch_set_stale_for_all:
 *
 * Says that newcomers of other audiences than the update's need new renderings too, of all views:
 * a bound that they share has dropped something of theirs.
 */
void
sse_batch_set_stale_for_all (SseBatch *self)
{
  self->stale_for_all = TRUE;
}

gboolean
sse_batch_is_stale_for_all (const SseBatch *self)
{
  return self->stale_for_all;
}
