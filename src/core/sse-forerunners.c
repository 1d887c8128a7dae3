/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-hub"

#include "config.h"

#include "sse-forerunners.h"

#include <unistd.h>

/* Who has waited for so long, in µs, is closed, and comes back: it may have left long ago. */
#define PATIENCE (30 * G_USEC_PER_SEC)
/* For so long, in µs, the log has to be found to end before a client's position until that is taken
 * for an invention: a server that was cut off from the others tells of an end of before, until it
 * finds that out. */
#define MAX_SHORT (20 * G_USEC_PER_SEC)

typedef struct
{
  guint64 position;
  SseStream *stream;
  SseCombination *combination;
  GPtrArray *streams;
  SseSubscriber subscriber; /* with texts and a head of its own */
  gint64 until;
  gint64 short_since; /* when the log was first found to end before it, monotonic; 0: it was not */
} Forerunner;

struct _SseForerunners
{
  SseForerunnersLet let;
  gpointer user_data;
  GQueue queue;
  guint64 lowest; /* of their positions */
  GSource *timer; /* while there are some */
};

static void
forerunner_free (Forerunner *self)
{
  if (self->subscriber.fd >= 0)
    close (self->subscriber.fd);
  if (self->subscriber.ticket != NULL)
    self->subscriber.ticket->release (self->subscriber.ticket);
  g_clear_pointer (&self->combination, sse_combination_release);
  g_clear_object (&self->stream);
  g_clear_pointer (&self->streams, g_ptr_array_unref);
  sse_frame_unref (self->subscriber.head);
  g_free ((char *) self->subscriber.user);
  g_free ((char *) self->subscriber.last_event_id);
  g_free (self);
}

/* What is done with each of them. */
typedef enum
{
  KEEP,
  LET,
  CLOSE,
} Fate;

typedef Fate (*Judge) (Forerunner *forerunner, gconstpointer data);

static void
let_in (SseForerunners *self, Forerunner *forerunner)
{
  self->let (forerunner->stream, g_steal_pointer (&forerunner->combination), forerunner->streams,
             &forerunner->subscriber, self->user_data);
  forerunner->subscriber.fd = -1;
  forerunner->subscriber.ticket = NULL;
}

static void
judge_all (SseForerunners *self, Judge judge, gconstpointer data)
{
  self->lowest = G_MAXUINT64;
  for (guint n = self->queue.length; n > 0; n--)
    {
      Forerunner *forerunner = g_queue_pop_head (&self->queue);
      Fate fate = judge (forerunner, data);

      if (fate == KEEP)
        {
          g_queue_push_tail (&self->queue, forerunner);
          self->lowest = MIN (self->lowest, forerunner->position);
          continue;
        }
      if (fate == LET)
        let_in (self, forerunner);
      forerunner_free (forerunner);
    }
  if (self->queue.length == 0 && self->timer != NULL)
    {
      g_source_destroy (self->timer);
      g_clear_pointer (&self->timer, g_source_unref);
    }
}

static Fate
judge_time (Forerunner *forerunner, gconstpointer now)
{
  return forerunner->until <= *(const gint64 *) now ? CLOSE : KEEP;
}

static gboolean
on_timer (gpointer user_data)
{
  gint64 now = g_get_monotonic_time ();

  judge_all (user_data, judge_time, &now);
  return G_SOURCE_CONTINUE;
}

static void
start_timer (SseForerunners *self)
{
  self->timer = g_timeout_source_new_seconds (1);
  g_source_set_static_name (self->timer, "forerunners' timer");
  g_source_set_callback (self->timer, on_timer, self, NULL);
  g_source_attach (self->timer, g_main_context_get_thread_default ());
}

/**
 * sse_forerunners_hold:
 * @position: which the client has, and which was not applied yet
 * @stream: (nullable): what it follows
 * @combination: (nullable) (transfer full): or what lets it follow @streams
 * @streams: (nullable) (element-type SseStream): those
 * @subscriber: the client; its socket and its ticket are taken
 */
void
sse_forerunners_hold (SseForerunners *self,
                      guint64 position,
                      SseStream *stream,
                      SseCombination *combination,
                      GPtrArray *streams,
                      const SseSubscriber *subscriber)
{
  Forerunner *forerunner = g_new0 (Forerunner, 1);

  forerunner->position = position;
  forerunner->stream = stream != NULL ? g_object_ref (stream) : NULL;
  forerunner->combination = combination;
  forerunner->streams = streams != NULL ? g_ptr_array_ref (streams) : NULL;
  forerunner->subscriber = *subscriber;
  forerunner->subscriber.user = g_strdup (subscriber->user);
  forerunner->subscriber.last_event_id = g_strdup (subscriber->last_event_id);
  forerunner->subscriber.head = sse_frame_ref (subscriber->head);
  forerunner->until = g_get_monotonic_time () + PATIENCE;
  g_queue_push_tail (&self->queue, forerunner);
  self->lowest = MIN (self->lowest, position);
  if (self->timer == NULL)
    start_timer (self);
}

static Fate
judge_position (Forerunner *forerunner, gconstpointer position)
{
  return forerunner->position <= *(const guint64 *) position ? LET : KEEP;
}

/* Lets those in who have no more than what was applied up to @position. */
void
sse_forerunners_let (SseForerunners *self, guint64 position)
{
  if (self->lowest <= position)
    judge_all (self, judge_position, &position);
}

/* Where the log was found to end, and when. */
typedef struct
{
  guint64 position;
  gint64 now;
} End;

static Fate
judge_end (Forerunner *forerunner, gconstpointer data)
{
  const End *end = data;

  if (forerunner->position <= end->position)
    forerunner->short_since = 0;
  else if (forerunner->short_since == 0)
    forerunner->short_since = end->now;
  else if (end->now - forerunner->short_since >= MAX_SHORT)
    return LET;
  return KEEP;
}

/**
 * sse_forerunners_take_end:
 * @position: where the log was found to end
 * @now: when, monotonic, in µs
 *
 * Whose position stays behind that starts afresh.
 */
void
sse_forerunners_take_end (SseForerunners *self, guint64 position, gint64 now)
{
  const End end = { position, now };

  if (self->queue.length > 0)
    judge_all (self, judge_end, &end);
}

static Fate
judge_user (Forerunner *forerunner, gconstpointer user)
{
  return g_str_equal (forerunner->subscriber.user, user) ? CLOSE : KEEP;
}

/* Closes those of a user. */
void
sse_forerunners_end_user (SseForerunners *self, const char *user)
{
  if (self->queue.length > 0)
    judge_all (self, judge_user, user);
}

static Fate
judge_none (Forerunner *forerunner, gconstpointer data)
{
  return CLOSE;
}

/* Closes all who wait. */
void
sse_forerunners_close (SseForerunners *self)
{
  judge_all (self, judge_none, NULL);
}

/* How many wait. */
guint
sse_forerunners_get_length (const SseForerunners *self)
{
  return self->queue.length;
}

SseForerunners *
sse_forerunners_new (SseForerunnersLet let, gpointer user_data)
{
  SseForerunners *self = g_new0 (SseForerunners, 1);

  self->let = let;
  self->lowest = G_MAXUINT64;
  self->user_data = user_data;
  g_queue_init (&self->queue);
  return self;
}

void
sse_forerunners_free (SseForerunners *self)
{
  sse_forerunners_close (self);
  g_free (self);
}
