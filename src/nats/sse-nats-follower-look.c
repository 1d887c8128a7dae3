/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-nats"

/* The follower's look at the stream: whether it can be had, where it ends, and whether it is still
 * what this node has read of it. Servers may be of different minds about that: then they give one
 * node what no other node gets, and the same as to others behind that. */

#include "config.h"

#include "sse-nats-follower-private.h"

/* At every so many looks, one message is read again: it may be large. */
#define LOOKS_TO_READ 10
/* So many times all that are known are read again where the servers may have become of different
 * minds: who leads them now may have another message in the place of one that is still under way to
 * this node. */
#define REVIEWS 3
/* Messages that are read again in one look then, and for how long that may take, in µs. */
#define REVIEW_MESSAGES 16
#define REVIEW_US       (G_USEC_PER_SEC / 2)
/* All looks have to find a loss for so long, in µs, and there have to be so many of them: a server
 * that has just come back may not know yet that others have gone on without it. */
#define DOUBT      (2 * G_USEC_PER_SEC)
#define MIN_DOUBTS 3
/* The same for what this node had: a server that was cut off tells of its own, and those that
 * meet again may take as long to agree. */
#define DOUBT_OF_READ (20 * G_USEC_PER_SEC)

/* What was read of the stream, before it was looked at. */
typedef struct
{
  guint64 sequence;
  SseNatsRecent recent;
  gboolean gap;
} Known;

/* A loss: what is to be said of the stream; for how long that has to be found, in µs; and the
 * message that has another one in its place, the sequence of which is 0 for none. */
typedef struct
{
  const char *what; /* NULL for none */
  gint64 doubt;
  SseNatsRead read;
} Loss;

#define MADE_ANEW ((Loss){ "was made anew", DOUBT, { 0 } })
#define GONE      ((Loss){ "is gone", DOUBT, { 0 } })
#define NO_NEXT                                                                                    \
  ((Loss){ "does not have all any more that this node has not read yet", DOUBT, { 0 } })
#define LOST_READ ((Loss){ "has lost what this node had of it", DOUBT_OF_READ, { 0 } })
#define NEW_EPOCH                                                                                  \
  ((Loss){ "has a new epoch: another node found that it lost something", DOUBT, { 0 } })

static void
tell_lost (SseNatsFollower *self, const Loss *loss)
{
  SseNatsNote *note = sse_nats_note_new (SSE_NATS_NOTE_LOST);
  g_autofree char *place
      = loss->read.sequence > 0 ? g_strdup_printf (
            ": there is another message at %" G_GUINT64_FORMAT, loss->read.sequence)
                                : g_strdup ("");

  note->error = g_error_new (SSE_NATS_ERROR, SSE_NATS_ERROR_LOST, "the stream %s %s%s",
                             self->link->stream, loss->what, place);
  note->sequence = loss->read.sequence;
  g_strlcpy (note->id, loss->read.id, sizeof note->id);
  sse_nats_note_post (note, self->link->notes);
}

static void
tell_ill (SseNatsFollower *self, GError *error)
{
  SseNatsNote *note = sse_nats_note_new (SSE_NATS_NOTE_ILL);

  note->error = error;
  sse_nats_note_post (note, self->link->notes);
}

static void
tell_well (SseNatsFollower *self, const SseNatsExtent *extent)
{
  SseNatsNote *note = sse_nats_note_new (SSE_NATS_NOTE_WELL);

  note->end = extent->last;
  sse_nats_note_post (note, self->link->notes);
}

/* ---- reading again ---- */

static void
get_known (SseNatsFollower *self, Known *known)
{
  pthread_mutex_lock (&self->lock);
  *known = (Known){ self->sequence, self->recent, self->gap };
  pthread_mutex_unlock (&self->lock);
}

/* Whether something gives cause to read all that are known again. @leader: of the servers */
static gboolean
is_doubtful (SseNatsFollower *self, guint leader)
{
  gboolean doubtful = self->n_doubts > 0 || leader != self->leader;

  pthread_mutex_lock (&self->lock);
  doubtful |= self->doubtful;
  self->doubtful = FALSE;
  pthread_mutex_unlock (&self->lock);
  self->leader = leader;
  return doubtful;
}

/* How many messages are to be read again now. */
static guint
count_to_read (SseNatsFollower *self, const SseNatsExtent *extent)
{
  if (is_doubtful (self, extent->leader))
    sse_nats_review_begin (&self->review, REVIEWS);
  if (self->review.n_rounds > 0)
    return REVIEW_MESSAGES;
  return ++self->n_looks % LOOKS_TO_READ == 0 ? 1 : 0;
}

static gboolean
is_stopped (SseNatsFollower *self)
{
  gboolean stopped;

  pthread_mutex_lock (&self->lock);
  stopped = self->stopped;
  pthread_mutex_unlock (&self->lock);
  return stopped;
}

/* What was found of those that are to be read again; SAME where it is as it was, or has left. A
 * round ends the look, so that the next one finds what has come since. */
static SseNatsFound
read_again (SseNatsFollower *self, const SseNatsExtent *extent, const Known *known, GError **error)
{
  gint64 until = g_get_monotonic_time () + REVIEW_US;
  guint n = count_to_read (self, extent);
  guint n_rounds = self->review.n_rounds;

  for (guint i = 0; i < n && self->review.n_rounds == n_rounds && !is_stopped (self)
                    && g_get_monotonic_time () < until;
       i++)
    {
      SseNatsFound found
          = sse_nats_review_step (&self->review, &known->recent, extent->first, self->link, error);

      if (found == SSE_NATS_FOUND_OTHER || found == SSE_NATS_FOUND_UNKNOWN)
        return found;
    }
  return SSE_NATS_FOUND_SAME;
}

/**
 * sse_nats_follower_check:
 * @review: (inout): begun, with one round
 * @error: %SSE_NATS_ERROR_AWAY where it is unknown; it may be called again then
 *
 * Reads all again that are known, and waits.
 *
 * Returns: %SSE_NATS_FOUND_OTHER for one that has another one in its place; else whether they are
 *   there, or have left
 */
SseNatsFound
sse_nats_follower_check (SseNatsFollower *self, SseNatsReview *review, GError **error)
{
  SseNatsFound found = SSE_NATS_FOUND_SAME;
  Known known;

  get_known (self, &known);
  while (review->n_rounds > 0 && found != SSE_NATS_FOUND_OTHER && found != SSE_NATS_FOUND_UNKNOWN)
    found = sse_nats_review_step (review, &known.recent, 0, self->link, error);
  return found;
}

/* ---- */

/* Whether what is next was there, and has left. */
static gboolean
lacks_next (SseNatsFollower *self, const SseNatsExtent *extent, const Known *known)
{
  guint64 next = known->sequence + 1;

  return extent->first > next
         || (known->gap && extent->last >= next
             && sse_nats_link_find (self->link, next, NULL, NULL) == SSE_NATS_FOUND_NONE);
}

/* @loss: (out): why the stream is not what was read of it
 *
 * Returns: whether that could be found out */
static gboolean
find_loss (SseNatsFollower *self,
           const SseNatsExtent *extent,
           const SseNatsEpoch *epoch,
           const Known *known,
           Loss *loss,
           GError **error)
{
  SseNatsFound found = SSE_NATS_FOUND_SAME;

  *loss = (Loss){ 0 };
  if (extent->created != self->created)
    *loss = MADE_ANEW;
  else if (g_strcmp0 (epoch->name, self->epoch) != 0)
    *loss = NEW_EPOCH;
  else if (lacks_next (self, extent, known))
    *loss = NO_NEXT;
  else if (extent->last < known->sequence)
    *loss = LOST_READ;
  else if ((found = read_again (self, extent, known, error)) == SSE_NATS_FOUND_OTHER)
    {
      *loss = LOST_READ;
      loss->read = self->review.other;
    }
  return found != SSE_NATS_FOUND_UNKNOWN;
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
  gint64 now = g_get_monotonic_time ();

  set_doubt (self, TRUE);
  /* While nobody answered, nothing was found. */
  if (self->unanswered)
    self->n_doubts = 0;
  self->unanswered = FALSE;
  if (self->n_doubts++ == 0)
    self->in_doubt_since = now;
  if (self->n_doubts < MIN_DOUBTS || now - self->in_doubt_since < loss->doubt)
    return FALSE;
  tell_lost (self, loss);
  return TRUE;
}

/* Nobody answers: whether there is something to come is not known. */
static void
take_silence (SseNatsFollower *self, GError *error)
{
  self->came_on = g_get_monotonic_time ();
  self->unanswered = TRUE;
  tell_ill (self, error);
}

/**
 * sse_nats_follower_look:
 * @sequence: (out): of the last message that was read before
 *
 * Asks the servers what the stream is, tells of it, and waits for all that.
 *
 * Returns: whether it is what it was; %FALSE where it is lost
 */
gboolean
sse_nats_follower_look (SseNatsFollower *self, guint64 *sequence)
{
  g_auto (SseNatsEpoch) epoch = { 0 };
  SseNatsExtent extent;
  GError *error = NULL;
  Known known;
  Loss loss = GONE;

  get_known (self, &known);
  *sequence = known.sequence;
  if (!sse_nats_link_ask_extent (self->link, &extent, &error)
      || !sse_nats_epoch_keep (self->link, self->epoch, self->created, &extent, &epoch, &error))
    {
      gboolean gone = g_error_matches (error, SSE_NATS_ERROR, SSE_NATS_ERROR_LOST);

      if (!gone)
        {
          take_silence (self, error);
          return TRUE;
        }
      tell_ill (self, error);
      return !is_lost (self, &loss);
    }
  /* What was in doubt stays so where it can't be asked for; else it is asked for again. */
  if (!find_loss (self, &extent, &epoch, &known, &loss, &error) && self->n_doubts > 0)
    {
      take_silence (self, g_steal_pointer (&error));
      return TRUE;
    }
  g_clear_error (&error);
  if (loss.what != NULL)
    return !is_lost (self, &loss);
  self->n_doubts = 0;
  set_doubt (self, FALSE);
  if (extent.last <= *sequence)
    self->came_on = g_get_monotonic_time ();
  tell_well (self, &extent);
  return TRUE;
}
