/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-nats"

/* Sends updates, in a thread of its own, as a connection may hold up who writes to it. That they
 * were taken is not told from here: they are read back, at their place among those of all nodes. */

#include "config.h"

#include "sse-nats-publisher.h"

#include <poll.h>
#include <string.h>

#include "sse-nats-message.h"
#include "sse-thread.h"

/* libnats sends what it was given a millisecond later, or at once where the server is asked whether
 * it has come; for so long, in ms, that answer is waited for. */
#define FLUSH_MS 1

struct _SseNatsPublisher
{
  SseNatsLink *link;
  SseMailbox inbox;
  pthread_t thread;
  gboolean stopped; /* the thread's */

  char *replies; /* what the subjects of answers begin with */
  natsSubscription *answers;
  pthread_mutex_t lock;
  pthread_cond_t changed;
  gboolean ended; /* whether no answer is being looked at any more; with the lock */
};

static void
tell_unsent (SseNatsPublisher *self, const char *id, const char *why)
{
  SseNatsNote *note = sse_nats_note_new (SSE_NATS_NOTE_UNSENT);

  g_strlcpy (note->id, id, sizeof note->id);
  note->error = g_error_new (SSE_NATS_ERROR, SSE_NATS_ERROR_AWAY, "NATS: %s", why);
  sse_nats_note_post (note, self->link->notes);
}

/* ---- answers, in a thread of libnats ---- */

/* Whether the stream has put a message where this node has already read: then it has lost what was
 * there. */
static void
check_place (SseNatsPublisher *self, const char *answer, guint64 after)
{
  const char *place = strstr (answer, "\"seq\":");
  guint64 sequence = place != NULL ? g_ascii_strtoull (place + strlen ("\"seq\":"), NULL, 10) : 0;
  SseNatsNote *note;

  if (sequence == 0 || sequence > after || strstr (answer, "\"duplicate\":") != NULL)
    return;
  note = sse_nats_note_new (SSE_NATS_NOTE_LOST);
  note->error = g_error_new (SSE_NATS_ERROR, SSE_NATS_ERROR_LOST,
                             "the stream %s has lost what it had from %" G_GUINT64_FORMAT " on",
                             self->link->stream, sequence);
  sse_nats_note_post (note, self->link->notes);
}

/* Its subject ends with the id of what was sent and how far this node had read. */
static void
on_answer (natsConnection *connection, natsSubscription *answers, natsMsg *message, void *data)
{
  SseNatsPublisher *self = data;
  g_auto (GStrv) words
      = g_strsplit (natsMsg_GetSubject (message) + strlen (self->replies) + 1, ".", 2);
  g_autofree char *answer
      = g_strndup (natsMsg_GetData (message), (gsize) natsMsg_GetDataLength (message));

  if (g_strv_length (words) != 2)
    g_debug ("an answer to nothing: %s", answer);
  else if (natsMsg_IsNoResponders (message))
    tell_unsent (self, words[0], "the stream has no leader");
  else if (strstr (answer, "\"error\":") != NULL)
    tell_unsent (self, words[0], answer);
  else
    check_place (self, answer, g_ascii_strtoull (words[1], NULL, 10));
  natsMsg_Destroy (message);
}

static void
on_answers_ended (void *data)
{
  SseNatsPublisher *self = data;

  pthread_mutex_lock (&self->lock);
  self->ended = TRUE;
  pthread_cond_signal (&self->changed);
  pthread_mutex_unlock (&self->lock);
}

static gboolean
begin_answers (SseNatsPublisher *self, GError **error)
{
  g_autofree char *subject = NULL;
  natsInbox *inbox = NULL;
  natsStatus status = natsInbox_Create (&inbox);

  if (status == NATS_OK)
    {
      self->replies = g_strdup (inbox);
      natsInbox_Destroy (inbox);
      subject = g_strdup_printf ("%s.>", self->replies);
      status = natsConnection_Subscribe (&self->answers, self->link->connection, subject, on_answer,
                                         self);
    }
  if (status == NATS_OK)
    status = natsSubscription_SetPendingLimits (self->answers, -1, -1);
  if (status == NATS_OK)
    status = natsSubscription_SetOnCompleteCB (self->answers, on_answers_ended, self);
  return sse_nats_fail (status, 0, "answers", error);
}

static void
end_answers (SseNatsPublisher *self)
{
  natsSubscription_Unsubscribe (self->answers);
  pthread_mutex_lock (&self->lock);
  while (!self->ended)
    pthread_cond_wait (&self->changed, &self->lock);
  pthread_mutex_unlock (&self->lock);
}

/* ---- the thread ---- */

static natsStatus
make_message (SseNatsPublisher *self, SseNatsJob *job, const char *reply, natsMsg **message)
{
  if (job->type == SSE_NATS_JOB_DUE)
    return sse_nats_message_new_due (self->link->due_subject, job->id, job->after, reply, message);
  return sse_nats_message_new (self->link->update_subject, job->id, job->updates, reply, message);
}

/* @answered: whether the servers are to answer */
static void
send_message (SseNatsPublisher *self, SseNatsJob *job, gboolean answered)
{
  g_autofree char *reply
      = answered ? g_strdup_printf ("%s.%s.%" G_GUINT64_FORMAT, self->replies, job->id, job->after)
                 : NULL;
  natsMsg *message = NULL;
  natsStatus status = make_message (self, job, reply, &message);

  if (status == NATS_OK)
    status = natsConnection_PublishMsg (self->link->connection, message);
  natsMsg_Destroy (message);
  if (status != NATS_OK)
    tell_unsent (self, job->id, natsStatus_GetText (status));
}

void
sse_nats_job_free (SseNatsJob *self)
{
  g_clear_pointer (&self->updates, g_ptr_array_unref);
  g_free (self);
}

/* Whether something was sent. @next: (nullable): what comes behind it at once. Of messages that are
 * sent together, the last one's answer does for all: where one before it was refused alone, it is
 * missed when that is read. */
static gboolean
do_job (SseNatsPublisher *self, SseNatsJob *job, const SseNatsJob *next)
{
  gboolean answered
      = job->type == SSE_NATS_JOB_DUE || next == NULL || next->type != SSE_NATS_JOB_SEND;
  gboolean sent = FALSE;

  if (job->type == SSE_NATS_JOB_PING)
    sse_nats_note_post (sse_nats_note_new (SSE_NATS_NOTE_PONG), self->link->notes);
  else if (job->type == SSE_NATS_JOB_STOP)
    self->stopped = TRUE;
  /* While a server holds it up, publishers give up and come again: that does not add up. */
  else if (job->type == SSE_NATS_JOB_DUE || g_get_monotonic_time () < job->until)
    {
      send_message (self, job, answered);
      sent = TRUE;
    }
  sse_nats_job_free (job);
  return sent;
}

static void *
publisher_run (void *data)
{
  SseNatsPublisher *self = data;

  pthread_setname_np (pthread_self (), "nats-publisher");
  while (!self->stopped)
    {
      struct pollfd readable = { .fd = self->inbox.event_fd, .events = POLLIN };
      SseMailList jobs = { 0 };
      SseMail *job;
      gboolean sent = FALSE;

      poll (&readable, 1, -1);
      sse_mailbox_take (&self->inbox, &jobs);
      while ((job = sse_mail_list_pop (&jobs)) != NULL)
        sent |= do_job (self, (SseNatsJob *) job, (const SseNatsJob *) jobs.first);
      if (sent)
        natsConnection_FlushTimeout (self->link->connection, FLUSH_MS);
    }
  return NULL;
}

/**
 * sse_nats_publisher_new:
 * @link: outlives it
 * @error: where there is no thread, descriptor or subscription to be had
 */
SseNatsPublisher *
sse_nats_publisher_new (SseNatsLink *link, GError **error)
{
  SseNatsPublisher *self = g_new0 (SseNatsPublisher, 1);

  self->link = link;
  pthread_mutex_init (&self->lock, NULL);
  pthread_cond_init (&self->changed, NULL);
  if (sse_mailbox_init (&self->inbox, error))
    {
      if (begin_answers (self, error))
        {
          if (sse_thread_start (&self->thread, publisher_run, self, error))
            return self;
          end_answers (self);
        }
      sse_mailbox_clear (&self->inbox);
    }
  natsSubscription_Destroy (self->answers);
  pthread_cond_destroy (&self->changed);
  pthread_mutex_destroy (&self->lock);
  g_free (self->replies);
  g_free (self);
  return NULL;
}

/**
 * sse_nats_publisher_get_inbox:
 *
 * Returns: (transfer none): for SseNatsJobs
 */
SseMailbox *
sse_nats_publisher_get_inbox (SseNatsPublisher *self)
{
  return &self->inbox;
}

/* Lets it send what it was asked to, and waits for its end. */
void
sse_nats_publisher_free (SseNatsPublisher *self)
{
  SseNatsJob *stop = g_new0 (SseNatsJob, 1);
  SseMailList last = { 0 };

  stop->type = SSE_NATS_JOB_STOP;
  sse_mail_list_push (&last, &stop->mail);
  sse_mailbox_post (&self->inbox, &last);
  pthread_join (self->thread, NULL);
  end_answers (self);
  natsSubscription_Destroy (self->answers);
  sse_mailbox_clear (&self->inbox);
  pthread_cond_destroy (&self->changed);
  pthread_mutex_destroy (&self->lock);
  g_free (self->replies);
  g_free (self);
}
