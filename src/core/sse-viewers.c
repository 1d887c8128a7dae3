/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-hub"

#include "config.h"

#include "sse-viewers.h"

#include <unistd.h>

#include "sse-audience.h"
#include "sse-event-id.h"

/* The longest that rendering holds up the main thread at a time, in µs. */
#define TURN_SLICE 5000

/* A client that waits for the next rendering of what it must get first. */
typedef struct
{
  SseAudience *audience;
  int fd;
  gboolean chunked;
  gint64 expires;
  char *last_event_id;
  SseFrame *head;
} Newcomer;

struct _SseViewers
{
  SseSource *source;
  SseRing *ring;
  SseStreamHost *host;
  guint channel;
  guint n_views;

  SseAudience *everyone;
  GHashTable *users; /* name → SseAudience, of those with clients */
  GQueue personal;   /* the users with views of their own */
  GQueue newcomers;
  guint n_clients;

  GQueue due;       /* audiences to be rendered in the next turn */
  GQueue turn;      /* and in the one under way */
  guint turn_joins; /* newcomers that the one under way has yet to look at */
  gboolean in_turn; /* whether one is under way */
  gint64 last_turn; /* when the last one began, monotonic, in µs */
  GSource *timer;   /* begins the next turn, or goes on with the one under way */
};

static void run_turn (SseViewers *self);

static void
newcomer_free (Newcomer *newcomer)
{
  if (newcomer->fd >= 0)
    close (newcomer->fd);
  g_free (newcomer->last_event_id);
  sse_frame_unref (newcomer->head);
  g_free (newcomer);
}

/* ---- audiences ---- */

static void
set_due (SseAudience *audience, GQueue *queue)
{
  if (audience->due_in == queue)
    return;
  if (audience->due_in != NULL)
    g_queue_unlink (audience->due_in, &audience->due_link);
  audience->due_in = queue;
  if (queue != NULL)
    g_queue_push_tail_link (queue, &audience->due_link);
}

static void
make_personal (SseViewers *self, SseAudience *audience)
{
  sse_audience_set_personal (audience);
  g_queue_push_tail_link (&self->personal, &audience->link);
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
release_user (SseViewers *self, SseAudience *audience)
{
  self->n_clients--;
  if (--audience->n_clients > 0)
    return;
  set_due (audience, NULL);
  if (audience->personal)
    g_queue_unlink (&self->personal, &audience->link);
  g_hash_table_remove (self->users, audience->user);
  sse_audience_free (audience);
}

/* Renders what was touched, and sends those views that are to be sent. */
static void
render (SseViewers *self, SseAudience *audience)
{
  for (guint view = 0; view < self->n_views; view++)
    {
      SseTouch touch = audience->views[view].touch;

      if (touch == SSE_TOUCH_NONE)
        continue;
      sse_audience_render (audience, self->source, view);
      if (touch == SSE_TOUCH_SEND)
        sse_fanout_send_view (self->host->fanout, self->channel, audience->user, view,
                              sse_audience_get_frame (audience, self->source, view, FALSE,
                                                      self->host->epoch, self->host->position));
    }
}

/* ---- joining ---- */

/* Adds the events that @newcomer missed; whether its last id was good. */
static gboolean
collect_missed (SseViewers *self, const Newcomer *newcomer, GPtrArray *frames)
{
  guint64 position;

  if (newcomer->last_event_id == NULL || *sse_source_get_events (self->source) == NULL
      || !sse_event_id_parse (newcomer->last_event_id, self->host->epoch, &position)
      || position > self->host->position || !sse_ring_covers (self->ring, position))
    return FALSE;
  sse_ring_collect (self->ring, position, newcomer->audience->user, frames);
  return TRUE;
}

/* Gives a newcomer whose views are rendered to the fan-out; takes it. */
static void
join (SseViewers *self, Newcomer *newcomer)
{
  SseAudience *seen = newcomer->audience->personal ? newcomer->audience : self->everyone;
  g_autoptr (GPtrArray) frames = g_ptr_array_new_with_free_func ((GDestroyNotify) sse_frame_unref);
  gboolean resumes;
  SseJoin spec;

  g_ptr_array_add (frames, sse_frame_ref (newcomer->head));
  g_ptr_array_add (frames, sse_fanout_new_retry_frame (self->host->fanout));
  resumes = collect_missed (self, newcomer, frames);
  for (guint view = 0; view < self->n_views; view++)
    g_ptr_array_add (
        frames, sse_frame_ref (sse_audience_get_frame (seen, self->source, view, !resumes,
                                                       self->host->epoch, self->host->position)));

  spec = (SseJoin){
    .fd = newcomer->fd,
    .chunked = newcomer->chunked,
    .channel = self->channel,
    .user = newcomer->audience->user,
    .personal = newcomer->audience->personal,
    .expires = newcomer->expires,
    .frames = frames,
  };
  newcomer->fd = -1;
  sse_fanout_join (self->host->fanout, &spec);
  newcomer_free (newcomer);
}

/* Whether what @audience sees is rendered as it is. */
static gboolean
is_fresh (SseViewers *self, SseAudience *audience)
{
  return !sse_audience_has_touch (self->everyone, SSE_TOUCH_STALE)
         && !sse_audience_has_touch (audience, SSE_TOUCH_STALE);
}

/* ---- turns of rendering ---- */

static gboolean
needs_turn (SseViewers *self)
{
  return self->due.length > 0 || self->newcomers.length > 0
         || sse_audience_has_touch (self->everyone, SSE_TOUCH_SEND);
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

static void
begin_turn (SseViewers *self)
{
  GList *link;

  self->last_turn = g_get_monotonic_time ();
  for (guint view = 0; view < self->n_views; view++)
    {
      SseTouch touch = self->everyone->views[view].touch;

      for (link = self->personal.head; touch != SSE_TOUCH_NONE && link != NULL; link = link->next)
        {
          sse_audience_touch (link->data, view, touch);
          if (touch == SSE_TOUCH_SEND)
            set_due (link->data, &self->due);
        }
    }
  render (self, self->everyone);

  while ((link = self->due.head) != NULL)
    set_due (link->data, &self->turn);
  self->turn_joins = self->newcomers.length;
  self->in_turn = TRUE;
}

/* A newcomer who finds a view touched since the turn began stays for the next one. */
static void
look_at_newcomer (SseViewers *self)
{
  Newcomer *newcomer = g_queue_pop_head (&self->newcomers);

  if (newcomer->audience->personal && !sse_audience_has_touch (self->everyone, SSE_TOUCH_STALE))
    render (self, newcomer->audience);
  if (is_fresh (self, newcomer->audience))
    join (self, newcomer);
  else
    g_queue_push_tail (&self->newcomers, newcomer);
}

/* Begins a turn or goes on with the one under way, for a slice of time. */
static void
run_turn (SseViewers *self)
{
  gint64 until = g_get_monotonic_time () + TURN_SLICE;

  if (!self->in_turn)
    begin_turn (self);

  while (self->turn.length > 0 || self->turn_joins > 0)
    {
      if (self->turn.length > 0)
        {
          SseAudience *audience = self->turn.head->data;

          set_due (audience, NULL);
          render (self, audience);
        }
      else
        {
          self->turn_joins--;
          look_at_newcomer (self);
        }
      if (g_get_monotonic_time () >= until)
        {
          set_timer (self, 0);
          return;
        }
    }
  self->in_turn = FALSE;
  sse_viewers_settle (self);
}

/* ---- what the stream calls ---- */

/**
 * sse_viewers_settle:
 *
 * To be called when some updates have been applied: renders what they touched, at once where the
 * last time is long enough ago, else when it will be.
 */
void
sse_viewers_settle (SseViewers *self)
{
  gint64 wait;

  if (self->timer != NULL || !needs_turn (self))
    return;
  wait = self->last_turn + self->host->conflate - g_get_monotonic_time ();
  if (wait > 0)
    set_timer (self, wait);
  else
    run_turn (self);
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
      sse_fanout_set_personal (self->host->fanout, self->channel, user, TRUE);
    }
  sse_audience_touch (audience, view, touch);
  if (touch == SSE_TOUCH_SEND)
    set_due (audience, &self->due);
}

/**
 * sse_viewers_subscribe:
 * @subscriber: a client; its socket is taken
 *
 * Lets a client join: at once where what it must get first is rendered, else in the next turn.
 */
void
sse_viewers_subscribe (SseViewers *self, const SseSubscriber *subscriber)
{
  SseAudience *audience = ensure_user (self, subscriber->user);
  Newcomer *newcomer = g_new0 (Newcomer, 1);

  audience->n_clients++;
  self->n_clients++;
  *newcomer = (Newcomer){
    .audience = audience,
    .fd = subscriber->fd,
    .chunked = subscriber->chunked,
    .expires = subscriber->expires,
    .last_event_id = g_strdup (subscriber->last_event_id),
    .head = sse_frame_ref (subscriber->head),
  };

  /* A user seen for the first time need not wait for others' sake. */
  if (audience->personal && audience->n_clients == 1
      && !sse_audience_has_touch (self->everyone, SSE_TOUCH_STALE))
    render (self, audience);

  if (is_fresh (self, audience))
    {
      join (self, newcomer);
      return;
    }
  g_queue_push_tail (&self->newcomers, newcomer);
  sse_viewers_settle (self);
}

/* A client of @user that had joined is gone. */
void
sse_viewers_leave (SseViewers *self, const char *user)
{
  SseAudience *audience = g_hash_table_lookup (self->users, user);

  g_return_if_fail (audience != NULL);
  release_user (self, audience);
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
  self->last_turn = g_get_monotonic_time () - host->conflate;
  self->users = g_hash_table_new (g_str_hash, g_str_equal);
  g_queue_init (&self->personal);
  g_queue_init (&self->newcomers);
  g_queue_init (&self->due);
  g_queue_init (&self->turn);
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
  g_queue_clear_full (&self->newcomers, (GDestroyNotify) newcomer_free);
  g_hash_table_iter_init (&iter, self->users);
  while (g_hash_table_iter_next (&iter, NULL, &audience))
    sse_audience_free (audience);
  g_hash_table_unref (self->users);
  sse_audience_free (self->everyone);
  g_free (self);
}
