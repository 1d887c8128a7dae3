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
/* Every so many looks are close ones, in which what was read last is read again: it may be large.
 */
#define LOOKS_TO_CLOSE 10
/* So many are where the servers may have become of different minds: who leads them may tell this
 * node of what it gets a while later. */
#define CLOSE_LOOKS 3
/* All looks have to find a loss for so long, in µs, and there have to be so many of them: a server
 * that has just come back may not know yet that others have gone on without it. */
#define DOUBT      (2 * G_USEC_PER_SEC)
#define MIN_DOUBTS 3
/* The same for an end that is missing: a server that was cut off tells of its own, and those that
 * meet again may take as long to agree on one. */
#define DOUBT_OF_END (20 * G_USEC_PER_SEC)
/* For so long, in µs, there is something new, and nothing comes: the consumer is made again. */
#define STUCK (2 * G_USEC_PER_SEC)

#define LOST_END "has lost what this node had of it"

/* What was read of the stream, before it was looked at. */
typedef struct
{
  guint64 sequence;
  SseNatsRecent recent;
  gboolean gap;
} Known;

/* A loss: what is to be said of the stream, and the message that is not there, if that is known. */
typedef struct
{
  const char *what;
  SseNatsRead read;
} Loss;

static void
tell_lost (SseNatsFollower *self, const Loss *loss)
{
  SseNatsNote *note = sse_nats_note_new (SSE_NATS_NOTE_LOST);

  note->error = g_error_new (SSE_NATS_ERROR, SSE_NATS_ERROR_LOST, "the stream %s %s",
                             self->link->stream, loss->what);
  note->sequence = loss->read.sequence;
  g_strlcpy (note->id, loss->read.id, sizeof note->id);
  sse_nats_mark_lose (self->mark, note);
}

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

/* Whether what is next was there, and has left. */
static gboolean
lacks_next (SseNatsFollower *self, const SseNatsExtent *extent, const Known *known)
{
  guint64 next = known->sequence + 1;

  return extent->first > next
         || (known->gap && extent->last >= next
             && sse_nats_link_find (self->link, next, NULL, NULL) == SSE_NATS_FOUND_NONE);
}

/* Whether there is another message in the place of one that was read last. Where nobody answers, it
 * is looked at again. */
static gboolean
finds_other (SseNatsFollower *self, const Known *known, SseNatsRead *other)
{
  SseNatsFound found = sse_nats_recent_find_other (&known->recent, self->link, other);

  if (found == SSE_NATS_FOUND_SAME && self->n_close_looks > 0)
    self->n_close_looks--;
  return found == SSE_NATS_FOUND_OTHER;
}

/* @loss: (out): why the stream is not what was read of it; all zeros where it is */
static void
find_loss (SseNatsFollower *self,
           const SseNatsExtent *extent,
           const SseNatsEpoch *epoch,
           const Known *known,
           gboolean closely,
           Loss *loss)
{
  *loss = (Loss){ 0 };
  if (extent->created != self->created)
    loss->what = "was made anew";
  else if (lacks_next (self, extent, known))
    loss->what = "does not have all any more that this node has not read yet";
  else if (extent->last < known->sequence || (closely && finds_other (self, known, &loss->read)))
    loss->what = LOST_END;
  else if (g_strcmp0 (epoch->name, self->epoch) != 0)
    loss->what = "has a new epoch: another node found that it lost something";
}

static void
tell_ill (SseNatsFollower *self, GError *error)
{
  SseNatsNote *note = sse_nats_note_new (SSE_NATS_NOTE_ILL);

  note->error = error;
  sse_nats_note_post (note, self->link->notes);
}

static void
set_doubt (SseNatsFollower *self, gboolean in_doubt)
{
  pthread_mutex_lock (&self->lock);
  self->in_doubt = in_doubt;
  pthread_mutex_unlock (&self->lock);
}

/* Whether a loss that was found is one. */
static gboolean
is_lost (SseNatsFollower *self, const Loss *loss)
{
  gint64 patience = g_str_equal (loss->what, LOST_END) ? DOUBT_OF_END : DOUBT;
  gint64 now = g_get_monotonic_time ();

  set_doubt (self, TRUE);
  if (self->n_doubts++ == 0)
    self->in_doubt_since = now;
  if (self->n_doubts < MIN_DOUBTS || now - self->in_doubt_since < patience)
    return FALSE;
  tell_lost (self, loss);
  return TRUE;
}

/* Whether it is time to read what was read last again. @leader: of the servers. One that is new may
 * have another message where its predecessor had the one that this node was given. */
static gboolean
looks_closely (SseNatsFollower *self, guint leader)
{
  gboolean doubtful;

  pthread_mutex_lock (&self->lock);
  doubtful = self->doubtful;
  self->doubtful = FALSE;
  pthread_mutex_unlock (&self->lock);
  if (doubtful || leader != self->leader)
    self->n_close_looks = CLOSE_LOOKS;
  self->leader = leader;
  return self->n_close_looks > 0 || self->n_doubts > 0 || ++self->n_looks % LOOKS_TO_CLOSE == 0;
}

static void
get_known (SseNatsFollower *self, Known *known)
{
  pthread_mutex_lock (&self->lock);
  *known = (Known){ self->sequence, self->recent, self->gap };
  pthread_mutex_unlock (&self->lock);
}

/* Whether the stream is what it was; FALSE where it is lost. @sequence: (out): what was read of it
 */
static gboolean
look (SseNatsFollower *self, guint64 *sequence)
{
  g_auto (SseNatsEpoch) epoch = { 0 };
  SseNatsExtent extent;
  GError *error = NULL;
  SseNatsNote *note;
  Known known;
  Loss loss = { 0 };

  get_known (self, &known);
  *sequence = known.sequence;
  if (!sse_nats_link_ask_extent (self->link, &extent, &error)
      || !sse_nats_epoch_keep (self->link, self->epoch, self->created, &extent, &epoch, &error))
    {
      gboolean gone = g_error_matches (error, SSE_NATS_ERROR, SSE_NATS_ERROR_LOST);

      /* Whether there is something to come is not known. */
      self->came_on = g_get_monotonic_time ();
      tell_ill (self, error);
      loss.what = "is gone";
      return !gone || !is_lost (self, &loss);
    }
  find_loss (self, &extent, &epoch, &known, looks_closely (self, extent.leader), &loss);
  if (loss.what != NULL)
    return !is_lost (self, &loss);
  self->n_doubts = 0;
  set_doubt (self, FALSE);
  if (extent.last <= *sequence)
    self->came_on = g_get_monotonic_time ();
  note = sse_nats_note_new (SSE_NATS_NOTE_WELL);
  note->end = extent.last;
  sse_nats_note_post (note, self->link->notes);
  return TRUE;
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
  while (wait_a_while (self) && look (self, &sequence))
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
  clear (self);
}
