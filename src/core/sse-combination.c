/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-hub"

#include "config.h"

#include "sse-combination.h"

#include <string.h>

#include "sse-set-back.h"
#include "sse-viewers.h"

/* The longest that letting newcomers join holds up the main thread at a time, in µs. */
#define TURN_SLICE 2000

struct _SseCombination
{
  SseCombinations *all;
  guint ref_count;
  guint channel;
  char *first_user;   /* whose client was the first that followed it */
  GBytes *key;        /* @streams, as it is looked up by */
  GPtrArray *streams; /* in the order of their addresses: a part's number is its index */
  SseFrame *last;     /* of the update that is applied, the last event so far; NULL for none */
};

struct _SseCombinations
{
  SseStreamHost *host;
  SseEntrance entrance;
  guint first_channel;
  SseCombination *by_channel[SSE_COMBINATION_MAX];
  GHashTable *by_key;
  GPtrArray *sending; /* those that have a last event */
  guint surplus;      /* see sse_combinations_get_surplus() */

  guint32 turn;     /* the number of the last one */
  gint64 last_turn; /* when it began, monotonic, in µs */
  GSource *timer;   /* begins the next turn, or goes on with the one under way */
};

/* ---- which there are ---- */

static int
compare_pointers (gconstpointer a, gconstpointer b)
{
  const char *one = *(const char *const *) a, *other = *(const char *const *) b;

  return (one > other) - (one < other);
}

/* The first channel that no combination has, %NULL where all are taken, or by @user as many as one
 * may. */
static SseCombination **
find_room (SseCombinations *self, const char *user)
{
  SseCombination **room = NULL;
  guint n = 0;

  for (guint i = SSE_COMBINATION_MAX; i > 0; i--)
    if (self->by_channel[i - 1] == NULL)
      room = &self->by_channel[i - 1];
    else if (g_str_equal (self->by_channel[i - 1]->first_user, user))
      n++;
  return n < SSE_COMBINATION_MAX_OF_USER ? room : NULL;
}

static SseCombination *
combination_new (
    SseCombinations *all, guint channel, GPtrArray *streams, GBytes *key, const char *user)
{
  SseCombination *self = g_new0 (SseCombination, 1);

  self->all = all;
  self->channel = channel;
  self->first_user = g_strdup (user);
  self->streams = g_ptr_array_ref (streams);
  self->key = g_bytes_ref (key);
  g_hash_table_insert (all->by_key, self->key, self);
  return self;
}

static void
combination_free (SseCombination *self)
{
  g_bytes_unref (self->key);
  g_ptr_array_unref (self->streams);
  g_free (self->first_user);
  g_free (self);
}

/**
 * sse_combinations_take:
 * @streams: (element-type SseStream): different ones, enabled, from 1 to
 *   %SSE_HUB_MAX_COMBINED; in whatever order
 * @user: who is to follow them
 *
 * Returns: (transfer full) (nullable): the combination of these, to be given to
 *   sse_combinations_subscribe() or sse_combination_release(); %NULL where there are too many
 *   others, or of @user
 */
SseCombination *
sse_combinations_take (SseCombinations *self, GPtrArray *streams, const char *user)
{
  g_autoptr (GPtrArray) sorted = g_ptr_array_new ();
  g_autoptr (GBytes) key = NULL;
  SseCombination *combination, **room;

  g_return_val_if_fail (streams->len > 0 && streams->len <= SSE_HUB_MAX_COMBINED, NULL);

  g_ptr_array_extend (sorted, streams, NULL, NULL);
  g_ptr_array_sort (sorted, compare_pointers);
  key = g_bytes_new (sorted->pdata, sorted->len * sizeof (gpointer));
  combination = g_hash_table_lookup (self->by_key, key);
  if (combination == NULL)
    {
      room = find_room (self, user);
      if (room == NULL)
        return NULL;
      *room = combination = combination_new (
          self, self->first_channel + (guint) (room - self->by_channel), sorted, key, user);
    }
  combination->ref_count++;
  return combination;
}

/* Gives back what sse_combinations_take() gave. */
void
sse_combination_release (SseCombination *self)
{
  if (--self->ref_count > 0)
    return;
  self->all->by_channel[self->channel - self->all->first_channel] = NULL;
  g_hash_table_remove (self->all->by_key, self->key);
  combination_free (self);
}

/**
 * sse_combinations_find:
 *
 * Returns: (transfer none) (nullable): the combination whose channel that is
 */
SseCombination *
sse_combinations_find (SseCombinations *self, guint channel)
{
  g_return_val_if_fail (channel - self->first_channel < SSE_COMBINATION_MAX, NULL);

  return self->by_channel[channel - self->first_channel];
}

/**
 * sse_combination_get_streams:
 *
 * Returns: (transfer none) (element-type SseStream): what is followed
 */
GPtrArray *
sse_combination_get_streams (SseCombination *self)
{
  return self->streams;
}

/* ---- joining ---- */

static void
join (SseNewcomer *newcomer)
{
  guint n_parts = newcomer->n_parts;
  g_autofree SsePart *parts = g_new (SsePart, n_parts);

  for (guint i = 0; i < n_parts; i++)
    newcomer->parts[i].seen
        = sse_viewers_see (newcomer->parts[i].viewers, newcomer->parts[i].audience);
  memcpy (parts, newcomer->parts, n_parts * sizeof *parts);
  sse_newcomer_join (newcomer);
  for (guint i = 0; i < n_parts; i++)
    sse_viewers_look_away (parts[i].viewers, parts[i].seen);
}

static gboolean
can_join (SseNewcomer *newcomer)
{
  for (guint i = 0; i < newcomer->n_parts; i++)
    if (!sse_viewers_can_join (newcomer->parts[i].viewers, newcomer->parts[i].audience))
      return FALSE;
  return TRUE;
}

static void
admit (SseNewcomer *newcomer, gpointer user_data)
{
  SseCombinations *self = user_data;

  if (sse_newcomer_catch_up (newcomer))
    return;
  if (can_join (newcomer))
    join (newcomer);
  else
    {
      sse_entrance_hold (&self->entrance, newcomer);
      sse_combinations_settle (self);
    }
}

/* Whether what everyone sees of its streams is rendered; what is its user's own is for it alone. */
static gboolean
refresh (SseCombinations *self, SseNewcomer *newcomer)
{
  gboolean fresh = TRUE;

  for (guint i = 0; i < newcomer->n_parts; i++)
    if (!newcomer->parts[i].audience->personal)
      fresh &= sse_viewers_refresh (newcomer->parts[i].viewers, self->turn);
  return fresh;
}

/* As SseEntrance.let_join: one whose views were touched since the turn began stays for the next. */
static gboolean
let_join (SseNewcomer *newcomer, gpointer user_data)
{
  if (!refresh (user_data, newcomer))
    return FALSE;
  join (newcomer);
  return TRUE;
}

static gboolean on_timer (gpointer user_data);

/* @delay: in µs */
static void
set_timer (SseCombinations *self, gint64 delay)
{
  self->timer = g_timeout_source_new ((guint) ((delay + 999) / 1000));
  g_source_set_static_name (self->timer, "combinations' turn");
  g_source_set_callback (self->timer, on_timer, self, NULL);
  g_source_attach (self->timer, g_main_context_get_thread_default ());
}

/* Begins a turn or goes on with the one under way, for a slice of time. */
static void
run_turn (SseCombinations *self)
{
  gint64 now = g_get_monotonic_time ();

  if (self->entrance.n_due == 0)
    {
      self->turn++;
      self->last_turn = now;
      sse_entrance_begin_turn (&self->entrance);
    }
  while (self->entrance.n_due > 0 && g_get_monotonic_time () < now + TURN_SLICE)
    sse_entrance_look_at_next (&self->entrance);
  if (self->entrance.n_due > 0)
    set_timer (self, 0);
  else
    sse_combinations_settle (self);
}

static gboolean
on_timer (gpointer user_data)
{
  SseCombinations *self = user_data;

  g_clear_pointer (&self->timer, g_source_unref);
  run_turn (self);
  return G_SOURCE_REMOVE;
}

/**
 * sse_combinations_settle:
 *
 * Lets those who wait join when the last turn is long enough ago; see sse_viewers_settle().
 */
void
sse_combinations_settle (SseCombinations *self)
{
  gint64 wait = self->last_turn + self->host->conflate - g_get_monotonic_time ();

  if (self->timer != NULL && wait <= 0)
    g_source_set_ready_time (self->timer, 0);
  if (self->timer != NULL || !sse_entrance_has_waiting (&self->entrance))
    return;
  set_timer (self, MAX (wait, 0));
}

/* Whether nobody waits. */
gboolean
sse_combinations_are_settled (SseCombinations *self)
{
  return self->timer == NULL;
}

/**
 * sse_combinations_subscribe:
 * @combination: (transfer full): what is followed
 * @streams: (element-type SseStream): the same, in the order in which their first events are to
 * come
 * @subscriber: a client; its socket and its ticket are taken
 */
void
sse_combinations_subscribe (SseCombinations *self,
                            SseCombination *combination,
                            GPtrArray *streams,
                            const SseSubscriber *subscriber)
{
  SsePart parts[SSE_HUB_MAX_COMBINED];

  g_return_if_fail (streams->len == combination->streams->len);

  for (guint i = 0; i < streams->len; i++)
    {
      guint number = 0;

      g_ptr_array_find (combination->streams, streams->pdata[i], &number);
      sse_stream_enter (streams->pdata[i], combination->channel, number, subscriber->user,
                        &parts[i]);
    }
  self->surplus += streams->len - 1;
  admit (sse_newcomer_new (subscriber, &self->entrance, combination->channel, parts, streams->len),
         self);
}

/* How many more clients the streams count, each for itself, than there are. */
guint
sse_combinations_get_surplus (SseCombinations *self)
{
  return self->surplus;
}

/* ---- sending ---- */

/**
 * sse_combinations_send:
 * @channel: a combination's
 * @user: (nullable): who gets it, %NULL for everyone; the same for all that comes of one update
 * @frame: an event that a stream of the combination appended
 *
 * Sends it when it is known whether it is the last that comes of its update, which
 * sse_combinations_flush() says.
 */
void
sse_combinations_send (SseCombinations *self, guint channel, const char *user, SseFrame *frame)
{
  SseCombination *combination = sse_combinations_find (self, channel);
  g_autoptr (SseFrame) last = g_steal_pointer (&combination->last);
  g_autoptr (SseFrame) earlier = last != NULL ? sse_set_back (last) : NULL;

  combination->last = sse_frame_ref (frame);
  if (earlier != NULL)
    sse_fanout_send (self->host->fanout, channel, user, earlier);
  else
    g_ptr_array_add (self->sending, combination);
}

/* Nothing more comes of an update, of which @user gets what comes. */
void
sse_combinations_flush (SseCombinations *self, const char *user)
{
  for (guint i = 0; i < self->sending->len; i++)
    {
      SseCombination *combination = self->sending->pdata[i];
      g_autoptr (SseFrame) last = g_steal_pointer (&combination->last);

      sse_fanout_send (self->host->fanout, combination->channel, user, last);
    }
  g_ptr_array_set_size (self->sending, 0);
}

/* ---- leaving ---- */

/**
 * sse_combinations_end_user:
 * @user: whose clients are to leave
 */
void
sse_combinations_end_user (SseCombinations *self, const char *user)
{
  sse_entrance_dismiss (&self->entrance, user);
  for (guint i = 0; i < SSE_COMBINATION_MAX; i++)
    if (self->by_channel[i] != NULL)
      sse_fanout_end_user (self->host->fanout, self->first_channel + i, user);
}

/* Lets all clients of one combination leave, by its channel. */
void
sse_combinations_end_channel (SseCombinations *self, guint channel)
{
  sse_entrance_dismiss_channel (&self->entrance, channel);
  sse_fanout_end_channel (self->host->fanout, channel);
}

/* A client of @user that had joined is gone. */
void
sse_combination_client_left (SseCombination *self, const char *user, SseCloseReason reason)
{
  /* First, as each of the streams tells that it changed: there are never less than none. */
  self->all->surplus -= self->streams->len - 1;
  for (guint i = 0; i < self->streams->len; i++)
    sse_stream_client_left (self->streams->pdata[i], self->channel, user, reason);
  sse_combination_release (self);
}

/* ---- the whole ---- */

/**
 * sse_combinations_new:
 * @host: what the streams share; outlives it
 * @first_channel: the first of %SSE_COMBINATION_MAX channels of the fan-out that are nobody else's
 */
SseCombinations *
sse_combinations_new (SseStreamHost *host, guint first_channel)
{
  SseCombinations *self = g_new0 (SseCombinations, 1);

  self->host = host;
  self->first_channel = first_channel;
  self->entrance = (SseEntrance){
    .host = host,
    .prefixed = TRUE,
    .admit = admit,
    .let_join = let_join,
    .user_data = self,
  };
  sse_entrance_init (&self->entrance);
  self->by_key = g_hash_table_new (g_bytes_hash, g_bytes_equal);
  self->sending = g_ptr_array_new ();
  self->last_turn = g_get_monotonic_time () - host->conflate;
  return self;
}

/* Closes clients that have not joined yet; the fan-out and its clients are gone. */
void
sse_combinations_stop (SseCombinations *self)
{
  if (self->timer != NULL)
    g_source_destroy (self->timer);
  g_clear_pointer (&self->timer, g_source_unref);
  sse_entrance_close (&self->entrance);
  self->surplus = 0;
}

void
sse_combinations_free (SseCombinations *self)
{
  g_hash_table_unref (self->by_key);
  g_ptr_array_unref (self->sending);
  for (guint i = 0; i < SSE_COMBINATION_MAX; i++)
    g_clear_pointer (&self->by_channel[i], combination_free);
  g_free (self);
}
