/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-nats"

/* Reads the stream of updates, in order: by an ordered consumer of libnats, which begins anew where
 * it was when its server is gone. A thread beside it asks now and then what the stream is: whether
 * it can be had, where it ends, and whether it is still what this node has applied. */

#include "config.h"

#include "sse-nats-follower-private.h"

#include <errno.h>
#include <time.h>

#include "sse-thread.h"

/* Between two looks at the stream, in ms; somebody may ask for one earlier, but not more often than
 * that. */
#define LOOK_MS     1000
#define MIN_LOOK_MS 50
/* For so long, in µs, there is something new, and nothing comes: the consumer is made again. */
#define STUCK (2 * G_USEC_PER_SEC)

/* In a thread of libnats. */
static void
on_subscription_ended (void *data)
{
  SseNatsFollower *self = data;

  pthread_mutex_lock (&self->lock);
  self->ended = TRUE;
  pthread_cond_signal (&self->changed);
  pthread_mutex_unlock (&self->lock);
}

/* ---- the watching thread ---- */

static void
subscribe (SseNatsFollower *self, guint64 sequence)
{
  jsSubOptions options;
  jsErrCode code = 0;
  natsStatus status;

  jsSubOptions_Init (&options);
  options.Stream = self->link->stream;
  options.Ordered = true;
  options.Config.DeliverPolicy = js_DeliverByStartSequence;
  options.Config.OptStartSeq = sequence + 1;
  /* One alone may be on a server that is away, and is not there until that comes back. */
  options.Config.Replicas = self->link->replicas;
  options.Config.MemoryStorage = true;
  status = js_Subscribe (&self->subscription, self->link->jetstream, self->link->subjects,
                         sse_nats_follower_take, self, NULL, &options, &code);
  if (status != NATS_OK)
    self->subscription = NULL;
  else
    status = natsSubscription_SetOnCompleteCB (self->subscription, on_subscription_ended, self);
  /* One that was closed meanwhile would never tell its end. */
  if (status != NATS_OK)
    g_clear_pointer (&self->subscription, natsSubscription_Destroy);
  if (status != NATS_OK)
    g_info ("NATS: the stream %s cannot be followed yet: %s", self->link->stream,
            natsStatus_GetText (status));
}

static void
unsubscribe (SseNatsFollower *self)
{
  if (self->subscription == NULL)
    return;
  natsSubscription_Unsubscribe (self->subscription);
  pthread_mutex_lock (&self->lock);
  while (!self->ended)
    pthread_cond_wait (&self->changed, &self->lock);
  self->ended = FALSE;
  self->gap = FALSE;
  pthread_mutex_unlock (&self->lock);
  g_clear_pointer (&self->subscription, natsSubscription_Destroy);
}

static guint64
get_position (SseNatsFollower *self)
{
  guint64 position;

  pthread_mutex_lock (&self->lock);
  position = self->position;
  pthread_mutex_unlock (&self->lock);
  return position;
}

/* Waits until it is time to look again, or somebody asks; returns whether it goes on. */
static gboolean
wait_a_while (SseNatsFollower *self)
{
  struct timespec until;
  gboolean goes_on;
  int code = 0;

  nats_Sleep (MIN_LOOK_MS);
  clock_gettime (CLOCK_MONOTONIC, &until);
  until.tv_sec += LOOK_MS / 1000;
  pthread_mutex_lock (&self->lock);
  while (!self->stopped && !self->asked && code != ETIMEDOUT)
    code = pthread_cond_timedwait (&self->changed, &self->lock, &until);
  self->asked = FALSE;
  goes_on = !self->stopped;
  pthread_mutex_unlock (&self->lock);
  return goes_on;
}

/* Whether another consumer is needed. @sequence: what was read; @before: the same a look ago */
static gboolean
is_stuck (SseNatsFollower *self, guint64 sequence, guint64 before)
{
  gint64 now = g_get_monotonic_time ();
  gboolean gap, taking;

  pthread_mutex_lock (&self->lock);
  gap = self->gap;
  taking = self->taking;
  pthread_mutex_unlock (&self->lock);
  /* While the main thread can't take more, it is not the consumer that nothing comes from. */
  if (sequence != before || taking)
    self->came_on = now;
  return gap || self->subscription == NULL || now - self->came_on >= STUCK;
}

static void *
follower_run (void *data)
{
  SseNatsFollower *self = data;
  guint64 before = self->sequence;
  guint64 sequence;

  pthread_setname_np (pthread_self (), "nats-follower");
  subscribe (self, self->sequence);
  self->came_on = g_get_monotonic_time ();
  while (wait_a_while (self) && sse_nats_follower_look (self, &sequence))
    {
      sse_nats_presence_tell (self->presence, get_position (self));
      if (is_stuck (self, sequence, before))
        {
          unsubscribe (self);
          subscribe (self, sequence);
          self->came_on = g_get_monotonic_time ();
        }
      before = sequence;
    }
  sse_nats_mark_close (self->mark);
  unsubscribe (self);
  return NULL;
}

static void
clear (SseNatsFollower *self)
{
  pthread_cond_destroy (&self->changed);
  pthread_mutex_destroy (&self->lock);
  pthread_mutex_destroy (&self->turn);
  g_free (self->epoch);
  g_free (self);
}

/**
 * sse_nats_follower_new:
 * @link: outlives it
 * @mark: takes what was read; outlives it
 * @presence: tells others how far this node is; outlives it
 * @epoch: which counts
 * @sequence: messages behind it are read
 * @error: where there is no thread to be had
 */
SseNatsFollower *
sse_nats_follower_new (SseNatsLink *link,
                       SseNatsMark *mark,
                       SseNatsPresence *presence,
                       const SseNatsEpoch *epoch,
                       guint64 sequence,
                       GError **error)
{
  SseNatsFollower *self = g_new0 (SseNatsFollower, 1);
  pthread_condattr_t monotonic;

  self->link = link;
  self->mark = mark;
  self->presence = presence;
  self->epoch = g_strdup (epoch->name);
  self->created = epoch->created;
  self->sequence = sequence;
  self->position = sse_nats_position (sequence, 0);
  pthread_mutex_init (&self->turn, NULL);
  pthread_mutex_init (&self->lock, NULL);
  /* Whoever sets the clock back would have it sleep as long. */
  pthread_condattr_init (&monotonic);
  pthread_condattr_setclock (&monotonic, CLOCK_MONOTONIC);
  pthread_cond_init (&self->changed, &monotonic);
  pthread_condattr_destroy (&monotonic);
  if (sse_thread_start (&self->thread, follower_run, self, error))
    return self;
  clear (self);
  return NULL;
}

/**
 * sse_nats_follower_ask:
 * @doubtful: whether the stream may have become another one
 *
 * Looks at the stream at once; it is told by a note.
 */
void
sse_nats_follower_ask (SseNatsFollower *self, gboolean doubtful)
{
  pthread_mutex_lock (&self->lock);
  self->asked = TRUE;
  self->doubtful |= doubtful;
  pthread_cond_signal (&self->changed);
  pthread_mutex_unlock (&self->lock);
}

/* Waits for its end. */
void
sse_nats_follower_free (SseNatsFollower *self)
{
  /* Which may wait for who applies what was read: that is who waits here. */
  sse_nats_mark_close (self->mark);
  pthread_mutex_lock (&self->lock);
  self->stopped = TRUE;
  pthread_cond_broadcast (&self->changed);
  pthread_mutex_unlock (&self->lock);
  pthread_join (self->thread, NULL);
  /* Who starts next asks for what is still in doubt. */
  if (self->review.other.sequence > 0)
    sse_nats_mark_lose (self->mark, self->review.other.sequence, self->review.other.id);
  clear (self);
}
