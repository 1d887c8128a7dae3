/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-hub"

#include "config.h"

#include "sse-viewers.h"

#include "sse-combination.h"
#include "sse-event-id.h"
#include "sse-viewers-private.h"

/* ---- audiences ---- */

static void
make_personal (SseViewers *self, SseAudience *audience)
{
  sse_audience_set_personal (audience);
  audience->turn = self->turn_number;
  g_queue_push_tail_link (&self->personal, &audience->link);
  self->n_common -= audience->n_clients;
}

static SseAudience *
ensure_user (SseViewers *self, const char *user)
{
  SseAudience *audience = g_hash_table_lookup (self->users, user);

  if (audience == NULL)
    {
      audience = sse_audience_new (user, self->n_views);
      g_hash_table_insert (self->users, audience->user, audience);
      if (sse_source_has_audience (self->source, user))
        make_personal (self, audience);
    }
  return audience;
}

static void
release_user (SseViewers *self, guint channel, SseAudience *audience)
{
  sse_audience_leave (audience, channel);
  sse_audience_leave (self->everyone, channel);
  self->n_clients--;
  if (!audience->personal)
    self->n_common--;
  if (--audience->n_clients > 0)
    return;
  sse_audience_set_due (audience, NULL);
  if (self->sweep_next == &audience->link)
    self->sweep_next = audience->link.next;
  if (audience->personal)
    g_queue_unlink (&self->personal, &audience->link);
  g_hash_table_remove (self->users, audience->user);
  sse_audience_free (audience);
}

/* Sends a view that is rendered to those who see it. */
void
sse_viewers_send_view (SseViewers *self, SseAudience *audience, guint view)
{
  g_autofree char *id = sse_event_id_format (self->host->epoch, self->host->position);
  g_autoptr (SseFrame) frame = sse_audience_new_frame (audience, self->source, view, id);
  g_autoptr (SseFrame) prefixed = NULL;

  sse_fanout_send_view (self->host->fanout, self->channel, audience->user, view, frame);
  if (audience->places == NULL)
    return;
  prefixed = sse_frame_new_prefixed (frame, sse_source_get_stream (self->source));
  for (guint i = 0; i < audience->places->len; i++)
    {
      const SsePlace *place = &g_array_index (audience->places, SsePlace, i);

      sse_fanout_send_view (self->host->fanout, place->channel, audience->user,
                            SSE_FANOUT_VIEW (place->part, view), prefixed);
    }
}

/* Renders what was touched by @least or more, and sends those views that are to be sent. */
void
sse_viewers_render (SseViewers *self, SseAudience *audience, SseTouch least)
{
  for (guint view = 0; view < self->n_views; view++)
    {
      SseTouch touch = audience->views[view].touch;

      if (touch < least)
        continue;
      sse_audience_render (audience, self->source, view);
      if (touch == SSE_TOUCH_SEND)
        sse_viewers_send_view (self, audience, view);
    }
}

gboolean
sse_viewers_spread (SseViewers *self, SseTouch least)
{
  for (guint view = 0; view < self->n_views; view++)
    if (self->spread[view] >= least)
      return TRUE;
  return FALSE;
}

/* ---- joining ---- */

/* Gives a newcomer to the fan-out as one of all; takes it. */
static void
join (SseViewers *self, SseNewcomer *newcomer)
{
  SseAudience *audience = newcomer->parts[0].audience;

  if (audience->personal)
    {
      sse_audience_take_over (audience, self->turn_number, self->sweep);
      sse_viewers_render (self, audience, SSE_TOUCH_STALE);
    }
  newcomer->parts[0].seen = audience->personal ? audience : self->everyone;
  sse_newcomer_join (newcomer);
  if (audience->personal)
    sse_audience_forget (audience);
}

/* Whether a newcomer can join without waiting for a turn. Personal views are rendered for each. */
gboolean
sse_viewers_can_join (SseViewers *self, SseAudience *audience)
{
  if (audience->personal)
    return !sse_viewers_spread (self, SSE_TOUCH_STALE)
           && !sse_audience_has_touch (audience, SSE_TOUCH_SEND);
  return !sse_audience_has_touch (self->everyone, SSE_TOUCH_STALE);
}

/* As SseEntrance.let_join: one who finds a view touched since the turn began stays for the next. */
gboolean
sse_viewers_let_join (SseNewcomer *newcomer, gpointer user_data)
{
  SseViewers *self = user_data;
  SseAudience *audience = newcomer->parts[0].audience;

  if (audience->personal ? sse_viewers_spread (self, SSE_TOUCH_STALE)
                         : !sse_viewers_can_join (self, audience))
    return FALSE;
  join (self, newcomer);
  return TRUE;
}

/* Lets a newcomer join, now or in the next turn, or catch up first. */
void
sse_viewers_admit (SseNewcomer *newcomer, gpointer user_data)
{
  SseViewers *self = user_data;

  if (sse_newcomer_catch_up (newcomer))
    return;
  if (sse_viewers_can_join (self, newcomer->parts[0].audience))
    join (self, newcomer);
  else
    {
      sse_entrance_hold (&self->entrance, newcomer);
      sse_viewers_settle (self);
    }
}

/* ---- what the stream calls ---- */

/**
 * sse_viewers_send:
 * @user: (nullable): who gets it, %NULL for everyone
 * @frame: an event
 * @prefixed: (nullable): the same where several streams are followed; %NULL where nobody does that
 */
void
sse_viewers_send (SseViewers *self, const char *user, SseFrame *frame, SseFrame *prefixed)
{
  SseAudience *audience = user != NULL ? g_hash_table_lookup (self->users, user) : self->everyone;

  if (audience == NULL)
    return;
  sse_fanout_send (self->host->fanout, self->channel, user, frame);
  for (guint i = 0; audience->places != NULL && i < audience->places->len; i++)
    sse_combinations_send (self->host->combinations,
                           g_array_index (audience->places, SsePlace, i).channel, user, prefixed);
}

/* Says that a user has views of their own now. */
static void
tell_personal (SseViewers *self, SseAudience *audience)
{
  sse_fanout_set_personal (self->host->fanout, self->channel, audience->user, 0, TRUE);
  for (guint i = 0; audience->places != NULL && i < audience->places->len; i++)
    {
      const SsePlace *place = &g_array_index (audience->places, SsePlace, i);

      sse_fanout_set_personal (self->host->fanout, place->channel, audience->user, place->part,
                               TRUE);
    }
}

/* Whether no turn is under way or due. */
gboolean
sse_viewers_are_settled (SseViewers *self)
{
  return self->timer == NULL;
}

/**
 * sse_viewers_touch:
 * @user: (nullable): who sees @view otherwise now, %NULL for everyone
 *
 * Says that a view is no longer what was rendered; see sse_viewers_settle().
 */
void
sse_viewers_touch (SseViewers *self, const char *user, guint view, SseTouch touch)
{
  SseAudience *audience;

  if (user == NULL)
    {
      sse_audience_touch (self->everyone, view, touch);
      self->spread[view] = MAX (self->spread[view], touch);
      return;
    }
  audience = g_hash_table_lookup (self->users, user);
  if (audience == NULL)
    return;
  if (!audience->personal)
    {
      if (!sse_source_has_audience (self->source, user))
        return;
      make_personal (self, audience);
      tell_personal (self, audience);
    }
  sse_audience_touch (audience, view, touch);
  /* One that the turn under way has yet to come to is rendered as it is then. */
  if (touch == SSE_TOUCH_SEND && audience->due_in == NULL)
    sse_audience_set_due (audience, self->due);
}

/* Counts a client. @part: (out): what it follows */
static void
count_in (SseViewers *self, const char *user, SsePart *part)
{
  SseAudience *audience = ensure_user (self, user);

  audience->n_clients++;
  self->n_clients++;
  if (!audience->personal)
    self->n_common++;
  *part = (SsePart){
    .viewers = self,
    .source = self->source,
    .ring = self->ring,
    .audience = audience,
  };
}

/**
 * sse_viewers_subscribe:
 * @subscriber: a client; its socket and its ticket are taken
 *
 * Lets a client join: at once where what it must get first is rendered, else in the next turn.
 */
void
sse_viewers_subscribe (SseViewers *self, const SseSubscriber *subscriber)
{
  SsePart part;

  count_in (self, subscriber->user, &part);
  sse_viewers_admit (sse_newcomer_new (subscriber, &self->entrance, self->channel, &part, 1), self);
}

/**
 * sse_viewers_enter:
 * @channel: a channel that several streams share
 * @number: which part of it this one is
 * @part: (out): what is to be known of it to let the client join
 *
 * Counts a client that follows other streams too.
 */
void
sse_viewers_enter (SseViewers *self, guint channel, guint number, const char *user, SsePart *part)
{
  /* What was to be sent before the first client came is sent to nobody. */
  for (guint view = 0; self->n_clients == 0 && view < self->n_views; view++)
    self->spread[view] = SSE_TOUCH_NONE;
  count_in (self, user, part);
  part->number = number;
  sse_audience_enter (part->audience, channel, number);
  sse_audience_enter (self->everyone, channel, number);
}

/**
 * sse_viewers_refresh:
 * @number: of the caller's turn; nothing is rendered a second time in the same one
 *
 * Renders everyone's views for those who come in by another entrance, and sends them to nobody: to
 * whom they are to be sent, they are in the stream's next turn.
 *
 * Returns: whether they are as they are now
 */
gboolean
sse_viewers_refresh (SseViewers *self, guint32 number)
{
  if (!sse_audience_has_touch (self->everyone, SSE_TOUCH_STALE))
    return TRUE;
  if (self->refreshed == number)
    return FALSE;
  self->refreshed = number;
  for (guint view = 0; view < self->n_views; view++)
    if (self->everyone->views[view].touch >= SSE_TOUCH_STALE)
      sse_audience_render (self->everyone, self->source, view);
  return TRUE;
}

/**
 * sse_viewers_see:
 * @audience: a newcomer's
 *
 * Returns: what it sees, rendered, to be given back to sse_viewers_look_away(). Everyone's views
 * are as they were rendered last; those of its own are rendered for this newcomer alone, and what
 * is to be sent to others of its user still is.
 */
SseAudience *
sse_viewers_see (SseViewers *self, SseAudience *audience)
{
  SseAudience *seen;

  if (!audience->personal)
    return self->everyone;
  seen = sse_audience_new (audience->user, self->n_views);
  sse_audience_set_personal (seen);
  for (guint view = 0; view < self->n_views; view++)
    sse_audience_render (seen, self->source, view);
  return seen;
}

void
sse_viewers_look_away (SseViewers *self, SseAudience *seen)
{
  if (seen != self->everyone)
    sse_audience_free (seen);
}

/* A client of @user that had joined @channel is gone. */
void
sse_viewers_leave (SseViewers *self, guint channel, const char *user)
{
  SseAudience *audience = g_hash_table_lookup (self->users, user);

  g_return_if_fail (audience != NULL);
  release_user (self, channel, audience);
}

/**
 * sse_viewers_get_count:
 *
 * Returns: how many clients there are, those who wait to join included
 */
guint
sse_viewers_get_count (SseViewers *self)
{
  return self->n_clients;
}

/**
 * sse_viewers_get_places:
 *
 * Returns: (element-type SsePlace) (nullable): the channels besides the stream's own in which there
 *   are clients; %NULL where there are none
 */
const GArray *
sse_viewers_get_places (SseViewers *self)
{
  return self->everyone->places;
}

/**
 * sse_viewers_new:
 * @source: what is shown; outlives it, as the others do
 * @ring: what clients that resume get
 * @channel: the stream's channel in the fan-out
 * @host: what the streams share
 */
SseViewers *
sse_viewers_new (SseSource *source, SseRing *ring, guint channel, SseStreamHost *host)
{
  SseViewers *self = g_new0 (SseViewers, 1);
  const SseView *views = sse_source_get_views (source);

  self->source = source;
  self->ring = ring;
  self->channel = channel;
  self->host = host;
  self->entrance = (SseEntrance){
    .host = host,
    .admit = sse_viewers_admit,
    .let_join = sse_viewers_let_join,
    .user_data = self,
  };
  sse_entrance_init (&self->entrance);
  self->last_turn = g_get_monotonic_time () - host->conflate;
  self->users = g_hash_table_new (g_str_hash, g_str_equal);
  g_queue_init (&self->personal);
  for (guint i = 0; i < G_N_ELEMENTS (self->queues); i++)
    g_queue_init (&self->queues[i]);
  self->due = &self->queues[0];
  self->turn = &self->queues[1];
  while (views[self->n_views].initial_type != NULL)
    self->n_views++;
  self->everyone = sse_audience_new (NULL, self->n_views);
  sse_audience_set_personal (self->everyone);
  return self;
}

/* Clients that have not joined yet are closed. */
void
sse_viewers_free (SseViewers *self)
{
  GHashTableIter iter;
  gpointer audience;

  if (self->timer != NULL)
    g_source_destroy (self->timer);
  g_clear_pointer (&self->timer, g_source_unref);
  sse_entrance_close (&self->entrance);
  g_hash_table_iter_init (&iter, self->users);
  while (g_hash_table_iter_next (&iter, NULL, &audience))
    sse_audience_free (audience);
  g_hash_table_unref (self->users);
  sse_audience_free (self->everyone);
  g_free (self);
}
