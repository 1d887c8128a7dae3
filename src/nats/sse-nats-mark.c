/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-nats"

/* How far this node was, on its own disk: no client is told of an update before it is there. So a
 * stream that lost what was acknowledged, as when all servers lose their power at once, is found
 * out by whoever had it. What the follower reads goes through here, many updates at a time. */

#include "config.h"

#include "sse-nats-mark.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "sse-sync.h"
#include "sse-thread.h"

#define FILE_NAME "nats-position"
/* In place of an id that is not known: words are not empty. */
#define NO_ID "-"
/* Updates that may be read and not applied yet, and their bytes; then the servers hold back. */
#define MAX_AHEAD       16384
#define MAX_AHEAD_BYTES ((gsize) 64 * 1024 * 1024)

/* A message that was read and not applied yet. */
typedef struct
{
  guint64 position; /* of the last update in it */
  guint n_updates;
  gsize bytes; /* of them */
} Ahead;

struct _SseNatsMark
{
  char *path;
  int fd;
  char *epoch; /* NULL where there was none */
  guint64 sequence;
  char id[SSE_NATS_ID_BYTES]; /* of the message there, empty where that is not known */
  gboolean failed;
  guint64 newest; /* where this node is, as is to be written; the thread's, as is what follows */
  char newest_id[SSE_NATS_ID_BYTES];
  gboolean serves; /* whether it is written */
  gboolean lost;   /* whether what there is now is not what this node had */

  SseMailbox *notes;
  SseMailbox inbox;
  pthread_t thread;
  gboolean runs;

  pthread_mutex_t lock;
  pthread_cond_t changed;
  GQueue ahead; /* of Ahead, in order; with the lock, as is what follows */
  guint ahead_updates;
  gsize ahead_bytes;
  gboolean closed;
  gboolean kept; /* whether what was loaded is written; the thread sets it */
};

static gboolean
fail (SseNatsMark *self, const char *what, GError **error)
{
  int code = errno;

  g_set_error (error, G_FILE_ERROR, (int) g_file_error_from_errno (code), "%s: %s: %s", self->path,
               what, strerror (code));
  return FALSE;
}

/* All of it is one line, shorter than what a disk writes at once, and always as long: "EPOCH
 * SEQUENCE ID". */
static gboolean
write_line (SseNatsMark *self, GError **error)
{
  g_autofree char *line
      = g_strdup_printf ("%s %020" G_GUINT64_FORMAT " %-*s\n", self->epoch, self->sequence,
                         SSE_NATS_ID_BYTES - 1, *self->id != '\0' ? self->id : NO_ID);
  gsize length = strlen (line);

  return (pwrite (self->fd, line, length, 0) == (gssize) length && fdatasync (self->fd) == 0)
         || fail (self, _ ("it cannot be written"), error);
}

static gboolean
read_line (SseNatsMark *self, GError **error)
{
  char line[128];
  gssize length = pread (self->fd, line, sizeof line - 1, 0);
  g_auto (GStrv) words = NULL;

  if (length < 0)
    return fail (self, _ ("it cannot be read"), error);
  if (length == 0)
    return TRUE;
  line[length] = '\0';
  words = g_strsplit (g_strchomp (line), " ", 3);
  if (g_strv_length (words) != 3 || *words[0] == '\0' || strlen (words[2]) >= sizeof self->id
      || !g_ascii_string_to_unsigned (words[1], 10, 0, G_MAXUINT64, &self->sequence, NULL))
    {
      g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                   _ ("%s: it does not say how far this node was; remove it where the stream is "
                      "known to have lost nothing"),
                   self->path);
      return FALSE;
    }
  self->epoch = g_strdup (words[0]);
  if (!g_str_equal (words[2], NO_ID))
    g_strlcpy (self->id, words[2], sizeof self->id);
  return TRUE;
}

/* ---- the thread ---- */

static void
take_place (SseNatsMark *self, const SseNatsNote *note)
{
  self->newest = note->sequence;
  g_strlcpy (self->newest_id, note->id, SSE_NATS_ID_BYTES);
}

/* Moves all of @mail to @ready that is to go on; returns whether there may be more. */
static gboolean
sort_mail (SseNatsMark *self, SseMailList *mail, SseMailList *ready)
{
  SseNatsNote *note;

  while ((note = (SseNatsNote *) sse_mail_list_pop (mail)) != NULL)
    switch (note->type)
      {
      case SSE_NATS_NOTE_STOP:
        sse_nats_note_free (note);
        return FALSE;
      case SSE_NATS_NOTE_SERVE:
        self->serves = TRUE;
        sse_nats_note_free (note);
        break;
      case SSE_NATS_NOTE_LOST:
        self->lost = TRUE;
        if (*note->id != '\0')
          take_place (self, note);
        sse_nats_note_free (note);
        break;
      default:
        if (!self->lost && note->sequence > self->newest)
          take_place (self, note);
        sse_mail_list_push (ready, &note->mail);
      }
  return TRUE;
}

/* A disk that fails must not keep clients from what there is: it is said once, and the others'
 * disks still know. */
static void
keep (SseNatsMark *self)
{
  g_autoptr (GError) error = NULL;

  self->sequence = self->newest;
  g_strlcpy (self->id, self->newest_id, sizeof self->id);
  if (write_line (self, &error))
    self->failed = FALSE;
  else if (!self->failed)
    {
      self->failed = TRUE;
      g_warning ("%s", error->message);
    }
}

static void
tell_kept (SseNatsMark *self)
{
  pthread_mutex_lock (&self->lock);
  self->kept = TRUE;
  pthread_cond_broadcast (&self->changed);
  pthread_mutex_unlock (&self->lock);
}

static void *
mark_run (void *data)
{
  SseNatsMark *self = data;
  gboolean goes_on = TRUE;

  pthread_setname_np (pthread_self (), "nats-mark");
  while (goes_on)
    {
      struct pollfd readable = { .fd = self->inbox.event_fd, .events = POLLIN };
      SseMailList mail = { 0 }, ready = { 0 };

      poll (&readable, 1, -1);
      sse_mailbox_take (&self->inbox, &mail);
      goes_on = sort_mail (self, &mail, &ready);
      if (self->serves && self->newest != self->sequence)
        keep (self);
      if (self->serves && !self->kept)
        tell_kept (self);
      sse_mailbox_post (self->notes, &ready);
    }
  return NULL;
}

/* ---- */

/**
 * sse_nats_mark_new:
 * @directory: made where it is not there
 * @notes: where all goes that is passed
 * @error: where the file can't be had, or says nothing that can be read
 */
SseNatsMark *
sse_nats_mark_new (const char *directory, SseMailbox *notes, GError **error)
{
  SseNatsMark *self = g_new0 (SseNatsMark, 1);

  self->notes = notes;
  self->path = g_build_filename (directory, FILE_NAME, NULL);
  self->inbox.event_fd = -1;
  pthread_mutex_init (&self->lock, NULL);
  pthread_cond_init (&self->changed, NULL);
  g_queue_init (&self->ahead);
  self->fd = -1;
  if (g_mkdir_with_parents (directory, 0700) == 0)
    self->fd = open (self->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (self->fd < 0)
    fail (self, _ ("it cannot be opened"), error);
  else if (flock (self->fd, LOCK_EX | LOCK_NB) < 0)
    fail (self, _ ("another rivuletd uses it; each needs a [log] directory of its own"), error);
  else if (read_line (self, error))
    return self;
  sse_nats_mark_free (self);
  return NULL;
}

/**
 * sse_nats_mark_get_epoch:
 *
 * Returns: (nullable): of the log that this node had; %NULL where it had none
 */
const char *
sse_nats_mark_get_epoch (SseNatsMark *self)
{
  return self->epoch;
}

/**
 * sse_nats_mark_get:
 *
 * Returns: how far this node was in it. Not any more once it has begun
 */
guint64
sse_nats_mark_get (SseNatsMark *self)
{
  return self->sequence;
}

/**
 * sse_nats_mark_get_id:
 *
 * Returns: of the message there; empty where that is not known. Not any more once it has begun
 */
const char *
sse_nats_mark_get_id (SseNatsMark *self)
{
  return self->id;
}

/**
 * sse_nats_mark_begin:
 * @epoch: of the log that is read from now on
 * @sequence: where that begins
 * @error: where it can't be written, or there is no thread to be had
 */
gboolean
sse_nats_mark_begin (SseNatsMark *self, const char *epoch, guint64 sequence, GError **error)
{
  if (g_strcmp0 (self->epoch, epoch) != 0)
    {
      g_free (self->epoch);
      self->epoch = g_strdup (epoch);
      self->sequence = sequence;
      self->id[0] = '\0';
      if (!write_line (self, error))
        return FALSE;
    }
  if (!sse_sync_directory (self->path, error))
    return FALSE;
  if (!sse_mailbox_init (&self->inbox, error))
    {
      self->inbox.event_fd = -1;
      return FALSE;
    }
  self->newest = self->sequence;
  g_strlcpy (self->newest_id, self->id, sizeof self->newest_id);
  self->runs = sse_thread_start (&self->thread, mark_run, self, error);
  return self->runs;
}

static guint
count_updates (const SseNatsNote *note)
{
  return note->updates != NULL ? note->updates->len : 0;
}

static gsize
count_bytes (const SseNatsNote *note)
{
  gsize bytes = 0;

  for (guint i = 0; i < count_updates (note); i++)
    if (note->updates->pdata[i] != NULL)
      bytes += g_bytes_get_size (sse_update_get_json (note->updates->pdata[i]));
  return bytes;
}

/* With the lock. */
static gboolean
is_far_ahead (const SseNatsMark *self)
{
  return self->ahead_updates >= MAX_AHEAD || self->ahead.length >= MAX_AHEAD
         || self->ahead_bytes >= MAX_AHEAD_BYTES;
}

/**
 * sse_nats_mark_pass:
 * @note: (transfer full): of a message; goes on when its sequence number is on the disk
 *
 * In any one thread, which waits here while too much is read that was not applied yet.
 */
void
sse_nats_mark_pass (SseNatsMark *self, SseNatsNote *note)
{
  Ahead *ahead = g_new (Ahead, 1);

  *ahead = (Ahead){ note->position, count_updates (note), count_bytes (note) };
  pthread_mutex_lock (&self->lock);
  while (is_far_ahead (self) && !self->closed)
    pthread_cond_wait (&self->changed, &self->lock);
  g_queue_push_tail (&self->ahead, ahead);
  self->ahead_updates += ahead->n_updates;
  self->ahead_bytes += ahead->bytes;
  pthread_mutex_unlock (&self->lock);
  sse_nats_note_post (note, &self->inbox);
}

/* Says how far it was applied. */
void
sse_nats_mark_set_applied (SseNatsMark *self, guint64 position)
{
  Ahead *ahead;

  pthread_mutex_lock (&self->lock);
  while ((ahead = g_queue_peek_head (&self->ahead)) != NULL && ahead->position <= position)
    {
      self->ahead_updates -= ahead->n_updates;
      self->ahead_bytes -= ahead->bytes;
      g_free (g_queue_pop_head (&self->ahead));
    }
  pthread_cond_broadcast (&self->changed);
  pthread_mutex_unlock (&self->lock);
}

/**
 * sse_nats_mark_serve:
 *
 * Has written how far this node is, and waits for that. What was passed until then no client was
 * told of: where this node ends before, its place is what it was.
 */
void
sse_nats_mark_serve (SseNatsMark *self)
{
  sse_nats_note_post (sse_nats_note_new (SSE_NATS_NOTE_SERVE), &self->inbox);
  pthread_mutex_lock (&self->lock);
  while (!self->kept)
    pthread_cond_wait (&self->changed, &self->lock);
  pthread_mutex_unlock (&self->lock);
}

/**
 * sse_nats_mark_lose:
 * @sequence: of a message that was read and is not there any more
 * @id: of that; empty where it is not known which one it is
 *
 * That is this node's place from now on, whatever comes: who starts next finds out as well. Before
 * sse_nats_mark_serve(), its place stays what it was.
 */
void
sse_nats_mark_lose (SseNatsMark *self, guint64 sequence, const char *id)
{
  SseNatsNote *note = sse_nats_note_new (SSE_NATS_NOTE_LOST);

  note->sequence = sequence;
  g_strlcpy (note->id, id, sizeof note->id);
  sse_nats_note_post (note, &self->inbox);
}

/* Nobody waits any more in sse_nats_mark_pass(). */
void
sse_nats_mark_close (SseNatsMark *self)
{
  pthread_mutex_lock (&self->lock);
  self->closed = TRUE;
  pthread_cond_signal (&self->changed);
  pthread_mutex_unlock (&self->lock);
}

/* Lets it pass what it has, and ends. */
void
sse_nats_mark_free (SseNatsMark *self)
{
  if (self->runs)
    {
      sse_nats_note_post (sse_nats_note_new (SSE_NATS_NOTE_STOP), &self->inbox);
      pthread_join (self->thread, NULL);
    }
  if (self->inbox.event_fd >= 0)
    sse_mailbox_clear (&self->inbox);
  if (self->fd >= 0)
    close (self->fd);
  pthread_cond_destroy (&self->changed);
  pthread_mutex_destroy (&self->lock);
  g_queue_clear_full (&self->ahead, g_free);
  g_free (self->epoch);
  g_free (self->path);
  g_free (self);
}
