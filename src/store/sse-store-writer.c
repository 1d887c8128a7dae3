/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-store"

#include "config.h"

#include "sse-store-writer.h"

#include <poll.h>

#include "sse-log-repair.h"
#include "sse-log-trim.h"
#include "sse-thread.h"

/* Between two attempts to open the file anew, in µs. */
#define FIRST_RETRY (250 * G_TIME_SPAN_MILLISECOND)
#define LAST_RETRY  (2 * G_TIME_SPAN_SECOND)

struct _SseStoreWriter
{
  SseStoreWriterOptions options;
  SseMailbox inbox;
  SseMailbox *notes;
  pthread_t thread;

  /* All that follows belongs to the thread. */
  SseMailList jobs;  /* SseStoreJob, not done yet */
  SseLogFile *file;  /* NULL where it could not be opened */
  GError *error;     /* why nothing can be committed, NULL where it can */
  gint64 identity;   /* of the file that was committed to last */
  guint64 committed; /* the last position that was told */
  guint64 highest;   /* that was ever given, also where that failed */
  gint64 retry_at;
  gint64 retry_span;
  SseLogRetention retention;
  gboolean corrupt;  /* whether the file is, whatever it looks like when it is opened */
  gboolean lacks;    /* whether the file lacks what was committed: it takes a checkpoint */
  gboolean due;      /* whether one was asked for */
  SseStoreJob *save; /* the newest that came while it was ill, or NULL */
  gboolean stopped;
  SseLogGrowth growth;
};

/* Asks for a checkpoint. @position: that it has to cover, at least */
static void
ask_for_checkpoint (SseStoreWriter *self, guint64 position)
{
  SseStoreNote *note = sse_store_note_new (SSE_STORE_NOTE_DUE);

  note->position = position;
  sse_store_note_post (note, self->notes);
  self->due = TRUE;
}

/* ---- failing ---- */

static void
tell_failed (SseStoreWriter *self, SseStoreJob *job)
{
  SseStoreNote *note = sse_store_note_new (SSE_STORE_NOTE_FAILED);

  note->updates = g_steal_pointer (&job->updates);
  note->error = g_error_copy (self->error);
  sse_store_note_post (note, self->notes);
}

/* Of what waits, publishers are answered, and the newest checkpoint is remembered, in case that the
 * file turns out to lack something. What is left is for when it works again. */
static void
fail_jobs (SseStoreWriter *self)
{
  SseMailList rest = { 0 };
  SseMail *mail;

  while ((mail = sse_mail_list_pop (&self->jobs)) != NULL)
    {
      SseStoreJob *job = (SseStoreJob *) mail;

      switch (job->type)
        {
        case SSE_STORE_JOB_APPEND:
          tell_failed (self, job);
          sse_store_job_free (job);
          break;
        case SSE_STORE_JOB_SAVE:
          if (job->full)
            {
              g_clear_pointer (&self->save, sse_store_job_free);
              self->save = job;
            }
          else
            sse_store_job_free (job);
          break;
        case SSE_STORE_JOB_PING:
          sse_store_note_post (sse_store_note_new (SSE_STORE_NOTE_PONG), self->notes);
          sse_store_job_free (job);
          break;
        case SSE_STORE_JOB_STOP:
          self->stopped = TRUE;
          sse_store_job_free (job);
          break;
        default:
          sse_mail_list_push (&rest, mail);
        }
    }
  self->jobs = rest;
}

/* Takes @error. */
static void
fail (SseStoreWriter *self, GError *error)
{
  gboolean same = self->error != NULL && g_str_equal (self->error->message, error->message);

  g_clear_pointer (&self->file, sse_log_file_free);
  g_clear_error (&self->error);
  self->error = error;
  self->corrupt = g_error_matches (error, SSE_DATABASE_ERROR, SSE_DATABASE_ERROR_CORRUPT);
  self->retry_at = g_get_monotonic_time () + self->retry_span;
  self->retry_span = MIN (2 * self->retry_span, LAST_RETRY);
  if (!same)
    {
      SseStoreNote *note = sse_store_note_new (SSE_STORE_NOTE_ILL);

      note->error = g_error_copy (error);
      sse_store_note_post (note, self->notes);
    }
  fail_jobs (self);
}

/* ---- committing ---- */

static gboolean
write_append (SseStoreWriter *self, SseStoreJob *job, GError **error)
{
  for (guint i = 0; i < job->updates->len; i++)
    {
      SseUpdate *update = g_ptr_array_index (job->updates, i);

      self->highest = MAX (self->highest, self->file->position + 1);
      if (!sse_log_file_add_update (self->file, update, error))
        return FALSE;
      sse_log_growth_add (&self->growth, g_bytes_get_size (sse_update_get_json (update)));
    }
  return TRUE;
}

static gboolean
write_job (SseStoreWriter *self, SseStoreJob *job, GError **error)
{
  switch (job->type)
    {
    case SSE_STORE_JOB_APPEND:
      return write_append (self, job, error);
    case SSE_STORE_JOB_EVENT:
      return sse_log_file_add_event (self->file, job->event, error);
    case SSE_STORE_JOB_UNAPPLIED:
      return sse_log_file_mark_unapplied (self->file, job->position, error);
    case SSE_STORE_JOB_SAVE:
      return sse_log_growth_save (&self->growth, self->file, job->position, job->parts, error);
    case SSE_STORE_JOB_PING:
    case SSE_STORE_JOB_STOP:
      return TRUE;
    default:
      g_return_val_if_reached (FALSE);
    }
}

static gboolean
write_jobs (SseStoreWriter *self, GError **error)
{
  if (!sse_log_file_begin (self->file, error))
    return FALSE;
  for (SseMail *mail = self->jobs.first; mail != NULL; mail = mail->next)
    if (!write_job (self, (SseStoreJob *) mail, error))
      return FALSE;
  return sse_log_retention_trim_along (&self->retention, self->file,
                                       self->file->position - self->committed, error)
         && sse_log_file_commit (self->file, error);
}

static void
look_at_growth (SseStoreWriter *self)
{
  if (!self->due
      && sse_log_growth_is_due (&self->growth, self->retention.max_updates,
                                self->retention.max_hours * G_TIME_SPAN_HOUR))
    ask_for_checkpoint (self, 0);
}

/* Tells of what was committed, which all has its place in one array. */
static void
finish_jobs (SseStoreWriter *self)
{
  SseStoreNote *note = sse_store_note_new (SSE_STORE_NOTE_COMMITTED);
  SseMail *mail;

  note->updates = g_ptr_array_new_with_free_func ((GDestroyNotify) sse_update_unref);
  while ((mail = sse_mail_list_pop (&self->jobs)) != NULL)
    {
      SseStoreJob *job = (SseStoreJob *) mail;

      if (job->type == SSE_STORE_JOB_APPEND)
        g_ptr_array_extend_and_steal (note->updates, g_steal_pointer (&job->updates));
      else if (job->type == SSE_STORE_JOB_EVENT)
        note->kept = job->event->position;
      else if (job->type == SSE_STORE_JOB_SAVE)
        {
          self->due = FALSE;
          self->retention.has_more = TRUE;
        }
      else if (job->type == SSE_STORE_JOB_PING)
        sse_store_note_post (sse_store_note_new (SSE_STORE_NOTE_PONG), self->notes);
      else if (job->type == SSE_STORE_JOB_STOP)
        self->stopped = TRUE;
      sse_store_job_free (job);
    }
  self->committed = self->file->position;
  sse_store_note_post (note, self->notes);

  look_at_growth (self);
}

static void
commit (SseStoreWriter *self)
{
  GError *error = NULL;

  if (!write_jobs (self, &error))
    {
      fail (self, error);
      return;
    }
  finish_jobs (self);
  if (!sse_log_file_fold (self->file, FALSE, &error))
    fail (self, error);
  else
    self->retry_span = FIRST_RETRY;
}

/* ---- becoming well again ---- */

static void
become_well (SseStoreWriter *self)
{
  SseStoreNote *note = sse_store_note_new (SSE_STORE_NOTE_WELL);

  g_clear_error (&self->error);
  g_clear_pointer (&self->save, sse_store_job_free);
  self->lacks = FALSE;
  self->due = FALSE;
  self->committed = note->position = self->file->position;
  sse_store_note_post (note, self->notes);
}

/* What failed may be there all the same. Nobody waits for it, but it happened. */
static gboolean
tell_rest (SseStoreWriter *self, GError **error)
{
  SseStoreNote *note = sse_store_note_new (SSE_STORE_NOTE_COMMITTED);

  note->updates = sse_log_repair_read_rest (self->file, self->committed, error);
  if (note->updates == NULL)
    {
      sse_store_note_free (note);
      return FALSE;
    }
  sse_store_note_post (note, self->notes);
  return TRUE;
}

/* Opens the file anew. One that is there, and has all, is proved before it is trusted. */
static void
reopen (SseStoreWriter *self)
{
  GError *error = NULL;

  self->file = sse_log_repair_open (self->options.directory, self->identity, self->options.epoch,
                                    self->corrupt, &error);
  self->lacks = error == NULL && (self->file == NULL || self->file->position < self->committed);
  if (self->lacks)
    ask_for_checkpoint (self, self->committed);
  else if (error == NULL && sse_log_repair_prove (self->file, self->options.epoch, &error)
           && sse_log_growth_begin (&self->growth, self->file, &error) && tell_rest (self, &error))
    become_well (self);
  else
    fail (self, error);
}

/* Writes what the file lacks, or all of it where there is none: a checkpoint has that. */
static void
restore (SseStoreWriter *self)
{
  const SseStoreWriterOptions *options = &self->options;
  const SseStoreJob *save = self->save;
  GError *error = NULL;

  if (self->file == NULL)
    self->file = sse_log_repair_remake (options->directory, options->epochs, options->epoch,
                                        save->position, save->parts, self->highest, &self->growth,
                                        &self->identity, &error);
  else
    sse_log_repair_restore (self->file, options->epoch, save->position, save->parts, self->highest,
                            &self->growth, &error);
  if (error == NULL)
    become_well (self);
  else
    {
      self->lacks = FALSE;
      fail (self, error);
    }
}

/* While it is ill. At the end it tries once more, with what there is. */
static void
attend (SseStoreWriter *self)
{
  fail_jobs (self);
  sse_store_reader_pause (self->options.reader);
  if (!self->lacks && (self->stopped || g_get_monotonic_time () >= self->retry_at))
    reopen (self);
  if (self->lacks && self->save != NULL
      && (self->stopped || self->save->position >= self->committed))
    restore (self);
  sse_store_reader_resume (self->options.reader);
}

/* ---- the thread ---- */

static void
trim (SseStoreWriter *self)
{
  GError *error = NULL;

  if (!sse_log_retention_trim (&self->retention, self->file, &error)
      || !sse_log_file_fold (self->file, FALSE, &error))
    fail (self, error);
  else
    look_at_growth (self);
}

/* In ms, as poll() wants it; -1: for ever. */
static int
get_timeout (SseStoreWriter *self)
{
  gint64 due = self->error != NULL ? self->retry_at : sse_log_retention_get_due (&self->retention);

  if (self->error != NULL && self->lacks)
    return -1;
  return (int) ((MAX (due - g_get_monotonic_time (), 0) + 999) / 1000);
}

static void
wait_for_jobs (SseStoreWriter *self)
{
  struct pollfd readable = { .fd = self->inbox.event_fd, .events = POLLIN };

  poll (&readable, 1, get_timeout (self));
  sse_mailbox_take (&self->inbox, &self->jobs);
}

static void *
writer_run (void *data)
{
  SseStoreWriter *self = data;
  GError *error = NULL;

  pthread_setname_np (pthread_self (), "log-writer");
  while (!self->stopped)
    {
      wait_for_jobs (self);
      if (self->error != NULL)
        attend (self);
      else if (self->jobs.first != NULL)
        commit (self);
      else if (g_get_monotonic_time () >= sse_log_retention_get_due (&self->retention))
        trim (self);
    }
  if (self->file != NULL && !sse_log_file_fold (self->file, TRUE, &error))
    {
      g_warning ("%s", error->message);
      g_clear_error (&error);
    }
  return NULL;
}

/**
 * sse_store_writer_new:
 * @file: (transfer full): the log's file
 * @growth: how much of the log is behind the checkpoint
 * @notes: where it tells what happens
 * @error: where there is no descriptor or thread to be had
 */
SseStoreWriter *
sse_store_writer_new (const SseStoreWriterOptions *options,
                      SseLogFile *file,
                      const SseLogGrowth *growth,
                      SseMailbox *notes,
                      GError **error)
{
  SseStoreWriter *self = g_new0 (SseStoreWriter, 1);
  self->options = *options;
  self->file = file;
  self->identity = file->identity;
  self->committed = self->highest = file->position;
  self->notes = notes;
  self->retry_span = FIRST_RETRY;
  self->retention.max_updates = options->retain_updates;
  self->retention.max_hours = options->retain_hours;
  self->retention.has_more = TRUE; /* there may be: of an earlier life */
  self->growth = *growth;
  if (sse_mailbox_init (&self->inbox, error))
    {
      if (sse_thread_start (&self->thread, writer_run, self, error))
        return self;
      sse_mailbox_clear (&self->inbox);
    }
  sse_log_file_free (file);
  g_free (self);
  return NULL;
}

/**
 * sse_store_writer_post:
 * @jobs: (element-type SseStoreJob): moved to the thread, which does them in order
 */
void
sse_store_writer_post (SseStoreWriter *self, SseMailList *jobs)
{
  sse_mailbox_post (&self->inbox, jobs);
}

/* Lets it do what it was asked, as far as it can, and waits for its end. */
void
sse_store_writer_free (SseStoreWriter *self)
{
  SseMailList last = { 0 };
  SseMail *mail;

  sse_mail_list_push (&last, &sse_store_job_new (SSE_STORE_JOB_STOP)->mail);
  sse_store_writer_post (self, &last);
  pthread_join (self->thread, NULL);
  while ((mail = sse_mail_list_pop (&self->jobs)) != NULL)
    sse_store_job_free ((SseStoreJob *) mail);
  g_clear_pointer (&self->save, sse_store_job_free);
  g_clear_pointer (&self->file, sse_log_file_free);
  g_clear_error (&self->error);
  sse_mailbox_clear (&self->inbox);
  g_free (self);
}
