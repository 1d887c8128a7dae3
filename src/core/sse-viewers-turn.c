/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Views are rendered in turns: what was touched since the last one is rendered and sent, once for
 * all who see the same, and newcomers join. */

#include "config.h"

#include "sse-viewers-private.h"

/* The longest that rendering holds up the main thread at a time, in µs. */
#define TURN_SLICE 2000

static void run_turn (SseViewers *self);

static gboolean
needs_turn (SseViewers *self)
{
  return self->due->length > 0 || sse_entrance_has_waiting (&self->entrance)
         || (self->n_clients > 0 && sse_viewers_spread (self, SSE_TOUCH_SEND));
}

static gboolean
on_timer (gpointer user_data)
{
  SseViewers *self = user_data;

  g_clear_pointer (&self->timer, g_source_unref);
  run_turn (self);
  return G_SOURCE_REMOVE;
}

/* @delay: in µs */
static void
set_timer (SseViewers *self, gint64 delay)
{
  self->timer = g_timeout_source_new ((guint) ((delay + 999) / 1000));
  g_source_set_static_name (self->timer, "stream's turn");
  g_source_set_callback (self->timer, on_timer, self, NULL);
  g_source_attach (self->timer, g_main_context_get_thread_default ());
}

/* What is to be sent may have been rendered meanwhile, see sse_viewers_refresh(). */
static void
render_everyone (SseViewers *self)
{
  for (guint view = 0; view < self->n_views; view++)
    {
      if (self->everyone->views[view].touch >= SSE_TOUCH_STALE)
        sse_audience_render (self->everyone, self->source, view);
      if (self->sweep[view])
        sse_viewers_send_view (self, self->everyone, view);
    }
}

static void
begin_turn (SseViewers *self)
{
  GQueue *due = self->due;

  self->last_turn = g_get_monotonic_time ();
  self->turn_number++;
  for (guint view = 0; view < self->n_views; view++)
    {
      self->sweep[view] = self->spread[view] == SSE_TOUCH_SEND;
      self->spread[view] = SSE_TOUCH_NONE;
      if (self->sweep[view])
        self->sweep_next = self->personal.head;
    }
  if (self->n_common > 0)
    render_everyone (self);

  self->due = self->turn;
  self->turn = due;
  sse_entrance_begin_turn (&self->entrance);
  self->in_turn = TRUE;
}

static void
send_touched (SseViewers *self, SseAudience *audience)
{
  sse_audience_set_due (audience, NULL);
  sse_audience_take_over (audience, self->turn_number, self->sweep);
  sse_viewers_render (self, audience, SSE_TOUCH_SEND);
  sse_audience_forget (audience);
}

/* Does one thing of the turn under way; FALSE when there is none left. Newcomers come first: until
 * all personal views are rendered, everyone's may have been touched again, and again. */
static gboolean
go_on (SseViewers *self)
{
  GList *link = self->sweep_next;

  if (self->entrance.n_due > 0)
    sse_entrance_look_at_next (&self->entrance);
  else if (self->turn->length > 0)
    send_touched (self, self->turn->head->data);
  else if (link != NULL)
    {
      self->sweep_next = link->next;
      send_touched (self, link->data);
    }
  else
    return FALSE;
  return TRUE;
}

/* Begins a turn or goes on with the one under way, for a slice of time. */
static void
run_turn (SseViewers *self)
{
  gint64 until = g_get_monotonic_time () + TURN_SLICE;

  if (!self->in_turn)
    begin_turn (self);

  while (go_on (self))
    if (g_get_monotonic_time () >= until)
      {
        set_timer (self, 0);
        return;
      }
  self->in_turn = FALSE;
  sse_viewers_settle (self);
}

/**
 * sse_viewers_settle:
 *
 * To be called when some updates have been applied: renders what they touched, at once where the
 * last time is long enough ago, else when it will be.
 */
void
sse_viewers_settle (SseViewers *self)
{
  gint64 wait = self->last_turn + self->host->conflate - g_get_monotonic_time ();

  if (self->timer != NULL && wait <= 0)
    g_source_set_ready_time (self->timer, 0); /* it was set when the time was longer */
  if (self->timer != NULL || !needs_turn (self))
    return;
  if (wait > 0)
    set_timer (self, wait);
  else
    run_turn (self);
}
