/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-store"

#include "config.h"

#include "sse-store-reader.h"

#include <poll.h>

#include "sse-log-load.h"
#include "sse-thread.h"

/* Questions that are with the thread at once: what is read is in memory until it was told. */
#define MAX_ASKED 16

/* A question; without @func, the last one. */
typedef struct
{
  SseMail mail;
  char *stream;
  char *user;
  guint64 position;
  gsize max_bytes;
  SseLogRead func;
  gpointer user_data;
} Question;

struct _SseStoreReader
{
  char *path;
  SseMailbox inbox;
  SseMailbox *notes;
  pthread_t thread;

  pthread_mutex_t lock;  /* around what follows */
  SseDatabase *database; /* NULL where it is to be opened */
  gboolean complained;

  /* The main thread's. */
  SseMailList waiting; /* Questions */
  guint n_asked;       /* those that were not told yet */
};

static void
question_free (Question *question)
{
  g_free (question->stream);
  g_free (question->user);
  g_free (question);
}

/* The file may have been replaced since the last time. */
static gboolean
open_if_needed (SseStoreReader *self, GError **error)
{
  if (self->database != NULL && !sse_database_is_there (self->database, NULL))
    g_clear_pointer (&self->database, sse_database_free);
  if (self->database == NULL)
    self->database = sse_database_open (self->path, FALSE, error);
  return self->database != NULL;
}

/* A client whose events can't be read starts afresh. */
static void
answer (SseStoreReader *self, const Question *question)
{
  SseStoreNote *note = sse_store_note_new (SSE_STORE_NOTE_READ);
  g_autoptr (GError) error = NULL;

  note->func = question->func;
  note->user_data = question->user_data;
  note->position = question->position;
  pthread_mutex_lock (&self->lock);
  if (!open_if_needed (self, &error)
      || !sse_log_load_events (self->database, question->stream, question->user, &note->position,
                               question->max_bytes, &note->events, &error))
    {
      if (!self->complained)
        g_warning ("clients of %s cannot get what they missed, and start afresh: %s",
                   question->stream, error->message);
      g_clear_pointer (&self->database, sse_database_free);
    }
  self->complained = error != NULL;
  pthread_mutex_unlock (&self->lock);
  sse_store_note_post (note, self->notes);
}

static void *
reader_run (void *data)
{
  SseStoreReader *self = data;
  gboolean stopped = FALSE;

  pthread_setname_np (pthread_self (), "log-reader");
  while (!stopped)
    {
      struct pollfd readable = { .fd = self->inbox.event_fd, .events = POLLIN };
      SseMailList questions = { 0 };
      SseMail *mail;

      poll (&readable, 1, -1);
      sse_mailbox_take (&self->inbox, &questions);
      while ((mail = sse_mail_list_pop (&questions)) != NULL)
        {
          Question *question = (Question *) mail;

          if (question->func != NULL)
            answer (self, question);
          else
            stopped = TRUE;
          question_free (question);
        }
    }
  return NULL;
}

static void
ask_some (SseStoreReader *self)
{
  SseMailList questions = { 0 };
  SseMail *mail;

  while (self->n_asked < MAX_ASKED && (mail = sse_mail_list_pop (&self->waiting)) != NULL)
    {
      sse_mail_list_push (&questions, mail);
      self->n_asked++;
    }
  sse_mailbox_post (&self->inbox, &questions);
}

/**
 * sse_store_reader_new:
 * @path: the log's file
 * @notes: where it tells what it read
 * @error: where there is no descriptor or thread to be had
 */
SseStoreReader *
sse_store_reader_new (const char *path, SseMailbox *notes, GError **error)
{
  SseStoreReader *self = g_new0 (SseStoreReader, 1);

  self->path = g_strdup (path);
  self->notes = notes;
  pthread_mutex_init (&self->lock, NULL);
  if (sse_mailbox_init (&self->inbox, error))
    {
      if (sse_thread_start (&self->thread, reader_run, self, error))
        return self;
      sse_mailbox_clear (&self->inbox);
    }
  pthread_mutex_destroy (&self->lock);
  g_free (self->path);
  g_free (self);
  return NULL;
}

/**
 * sse_store_reader_ask:
 *
 * See sse_log_read().
 */
void
sse_store_reader_ask (SseStoreReader *self,
                      const char *stream,
                      const char *user,
                      guint64 position,
                      gsize max_bytes,
                      SseLogRead func,
                      gpointer user_data)
{
  Question *question = g_new0 (Question, 1);

  question->stream = g_strdup (stream);
  question->user = g_strdup (user);
  question->position = position;
  question->max_bytes = max_bytes;
  question->func = func;
  question->user_data = user_data;
  sse_mail_list_push (&self->waiting, &question->mail);
  ask_some (self);
}

/**
 * sse_store_reader_pause:
 *
 * Closes its connection, and has it read nothing until sse_store_reader_resume(). In any thread:
 * SQLite looks at a file anew only where no connection to it is left.
 */
void
sse_store_reader_pause (SseStoreReader *self)
{
  pthread_mutex_lock (&self->lock);
  g_clear_pointer (&self->database, sse_database_free);
}

/* In the thread that paused it. */
void
sse_store_reader_resume (SseStoreReader *self)
{
  pthread_mutex_unlock (&self->lock);
}

/**
 * sse_store_reader_tell:
 * @note: what it read
 *
 * Tells who asked.
 */
void
sse_store_reader_tell (SseStoreReader *self, SseStoreNote *note)
{
  self->n_asked--;
  ask_some (self);
  note->func (note->events, note->position, note->user_data);
}

/* Lets it answer what it was asked, and waits for its end. Who was to wait longer is told that
 * there is nothing. */
void
sse_store_reader_free (SseStoreReader *self)
{
  Question *last = g_new0 (Question, 1);
  SseMailList questions = { 0 };
  SseMail *mail;

  sse_mail_list_push (&questions, &last->mail);
  sse_mailbox_post (&self->inbox, &questions);
  pthread_join (self->thread, NULL);
  while ((mail = sse_mail_list_pop (&self->waiting)) != NULL)
    {
      Question *question = (Question *) mail;

      question->func (NULL, question->position, question->user_data);
      question_free (question);
    }
  g_clear_pointer (&self->database, sse_database_free);
  sse_mailbox_clear (&self->inbox);
  pthread_mutex_destroy (&self->lock);
  g_free (self->path);
  g_free (self);
}
