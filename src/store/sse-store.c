/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-store"

#include "config.h"

#include "sse-store.h"

#include <glib-unix.h>

#include "sse-error.h"
#include "sse-journal.h"
#include "sse-log-epoch.h"
#include "sse-log-load.h"
#include "sse-log-repair.h"
#include "sse-store-outbox.h"
#include "sse-store-reader.h"
#include "sse-store-writer.h"

struct _SseStore
{
  GObject parent_instance;

  SseStoreOptions options;
  SseLogDirectory *directory;
  char *epoch;
  GHashTable *epochs; /* those that have ended → where */
  SseLogFile *file;   /* until it is the writer's */
  SseLogGrowth growth;

  SseMailbox notes;
  gboolean has_notes;
  GSource *teller;
  SseStoreWriter *writer; /* NULL until all is loaded */
  SseStoreReader *reader;
  SseStoreOutbox *outbox;
  guint64 position;
  guint64 kept;
  char *error;

  SseLogPong pong; /* of the ping under way */
  gpointer pong_data;
};

static void sse_store_iface_init (SseLogInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (SseStore,
                               sse_store,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (SSE_TYPE_LOG, sse_store_iface_init))

/* ---- what the threads tell ---- */

static void
on_committed (SseStore *self, SseStoreNote *note)
{
  guint n = note->updates->len;

  self->kept = MAX (self->kept, note->kept);
  if (n == 0)
    return;
  self->position = sse_update_get_position (g_ptr_array_index (note->updates, n - 1));
  sse_log_emit_committed (SSE_LOG (self), note->updates);
}

static void
on_failed (SseStore *self, SseStoreNote *note)
{
  g_autoptr (GError) error
      = g_error_new (SSE_ERROR, SSE_ERROR_STORE_FAILED,
                     "whether it was taken is unknown, push it again: %s", note->error->message);

  sse_log_emit_failed (SSE_LOG (self), note->updates, error);
}

static void
set_error (SseStore *self, const char *message)
{
  g_autofree char *last = g_strdup_printf ("%" G_GUINT64_FORMAT, self->position);
  const SseJournalField position[] = { { "SSE_POSITION", last }, { NULL, NULL } };

  if (message != NULL)
    sse_journal (G_LOG_LEVEL_WARNING, SSE_JOURNAL_STORE_FAILED, position,
                 "the store failed: %s; updates are refused until it is well again", message);
  else
    sse_journal (G_LOG_LEVEL_MESSAGE, SSE_JOURNAL_STORE_RECOVERED, position,
                 "the store is well again");
  g_free (self->error);
  self->error = g_strdup (message);
  sse_log_emit_changed (SSE_LOG (self));
}

static void
on_note (SseStore *self, SseStoreNote *note)
{
  switch (note->type)
    {
    case SSE_STORE_NOTE_COMMITTED:
      on_committed (self, note);
      break;
    case SSE_STORE_NOTE_FAILED:
      on_failed (self, note);
      break;
    case SSE_STORE_NOTE_DUE:
      sse_log_emit_due (SSE_LOG (self), note->position, self->error != NULL);
      break;
    case SSE_STORE_NOTE_WELL:
      self->position = note->position;
      set_error (self, NULL);
      break;
    case SSE_STORE_NOTE_ILL:
      set_error (self, note->error->message);
      break;
    case SSE_STORE_NOTE_PONG:
      self->pong (self->pong_data);
      break;
    case SSE_STORE_NOTE_READ:
      sse_store_reader_tell (self->reader, note);
      break;
    default:
      g_return_if_reached ();
    }
}

static void
take_notes (SseStore *self)
{
  SseMailList notes = { 0 };
  SseMail *mail;

  sse_mailbox_take (&self->notes, &notes);
  while ((mail = sse_mail_list_pop (&notes)) != NULL)
    {
      on_note (self, (SseStoreNote *) mail);
      sse_store_note_free ((SseStoreNote *) mail);
    }
}

static gboolean
on_notes (int fd, GIOCondition condition, gpointer user_data)
{
  g_autoptr (SseStore) self = g_object_ref (SSE_STORE (user_data));

  take_notes (self);
  return G_SOURCE_CONTINUE;
}

/* ---- the log ---- */

static const char *
sse_store_get_epoch (SseLog *log)
{
  return SSE_STORE (log)->epoch;
}

static guint64
sse_store_get_position (SseLog *log)
{
  return SSE_STORE (log)->position;
}

static void
sse_store_append (SseLog *log, GPtrArray *updates)
{
  SseStoreJob *job = sse_store_job_new (SSE_STORE_JOB_APPEND);

  job->updates = updates;
  sse_store_outbox_post (SSE_STORE (log)->outbox, job);
}

static void
sse_store_keep_event (SseLog *log, const SseLogEvent *event)
{
  SseStoreJob *job = sse_store_job_new (SSE_STORE_JOB_EVENT);

  job->event = sse_log_event_copy (event);
  sse_store_outbox_add (SSE_STORE (log)->outbox, job);
}

static void
sse_store_mark_unapplied (SseLog *log, guint64 position)
{
  SseStoreJob *job = sse_store_job_new (SSE_STORE_JOB_UNAPPLIED);

  job->position = position;
  sse_store_outbox_add (SSE_STORE (log)->outbox, job);
}

static guint64
sse_store_get_kept (SseLog *log)
{
  return SSE_STORE (log)->kept;
}

static void
sse_store_save (SseLog *log, guint64 position, GArray *parts, gboolean full)
{
  SseStoreJob *job = sse_store_job_new (SSE_STORE_JOB_SAVE);

  job->position = position;
  job->parts = g_array_ref (parts);
  job->full = full;
  sse_store_outbox_post (SSE_STORE (log)->outbox, job);
}

static gboolean
sse_store_covers (SseLog *log, const char *epoch, guint64 position)
{
  const guint64 *last = g_hash_table_lookup (SSE_STORE (log)->epochs, epoch);

  return last != NULL && position <= *last;
}

static void
sse_store_read (SseLog *log,
                const char *stream,
                const char *user,
                guint64 position,
                gsize max_bytes,
                SseLogRead func,
                gpointer user_data)
{
  sse_store_reader_ask (SSE_STORE (log)->reader, stream, user, position, max_bytes, func,
                        user_data);
}

static void
sse_store_ping (SseLog *log, SseLogPong pong, gpointer user_data)
{
  SseStore *self = SSE_STORE (log);

  self->pong = pong;
  self->pong_data = user_data;
  sse_store_outbox_post (self->outbox, sse_store_job_new (SSE_STORE_JOB_PING));
}

static const char *
sse_store_get_error (SseLog *log)
{
  return SSE_STORE (log)->error;
}

/* ---- loading ---- */

/* Nothing of the new epoch is seen by anyone before it is on the disk. */
static gboolean
begin (SseStore *self, const char *const *streams, GError **error)
{
  if (!sse_log_file_begin (self->file, error)
      || !sse_log_epoch_begin (self->file, self->epoch, error))
    return FALSE;
  for (; *streams != NULL; streams++)
    if (!sse_log_file_add_stream (self->file, *streams, error))
      return FALSE;
  return sse_log_file_commit (self->file, error);
}

static gboolean
start_writer (SseStore *self, GError **error)
{
  const SseStoreWriterOptions options = {
    .reader = self->reader,
    .directory = self->directory,
    .epoch = self->epoch,
    .epochs = self->epochs,
    .retain_updates = self->options.retain_updates,
    .retain_hours = self->options.retain_hours,
  };

  self->writer = sse_store_writer_new (&options, g_steal_pointer (&self->file), &self->growth,
                                       &self->notes, error);
  if (self->writer == NULL)
    return FALSE;
  sse_store_outbox_start (self->outbox, self->writer); /* with events that were derived again */
  return TRUE;
}

static gboolean
sse_store_load (SseLog *log, const SseLogLoader *loader, gpointer user_data, GError **error)
{
  SseStore *self = SSE_STORE (log);

  if (!begin (self, loader->streams, error))
    return FALSE;
  self->kept = sse_log_file_get_covered (self->file);
  self->epochs = sse_log_epoch_load (self->file, error);
  return self->epochs != NULL && sse_log_load_file (self->file->database, loader, user_data, error)
         && (self->reader = sse_store_reader_new (self->directory->file, &self->notes, error))
                != NULL
         && start_writer (self, error);
}

static void
sse_store_iface_init (SseLogInterface *iface)
{
  iface->get_epoch = sse_store_get_epoch;
  iface->append = sse_store_append;
  iface->get_position = sse_store_get_position;
  iface->load = sse_store_load;
  iface->covers = sse_store_covers;
  iface->keep_event = sse_store_keep_event;
  iface->get_kept = sse_store_get_kept;
  iface->mark_unapplied = sse_store_mark_unapplied;
  iface->save = sse_store_save;
  iface->read = sse_store_read;
  iface->ping = sse_store_ping;
  iface->get_error = sse_store_get_error;
}

/* ---- the object ---- */

/* Nobody is told any more of what was committed. Who waits for what is read is told that there is
 * none. */
static void
drop_notes (SseStore *self)
{
  SseMailList notes = { 0 };
  SseMail *mail;

  sse_mailbox_take (&self->notes, &notes);
  while ((mail = sse_mail_list_pop (&notes)) != NULL)
    {
      SseStoreNote *note = (SseStoreNote *) mail;

      if (note->func != NULL)
        note->func (NULL, note->position, note->user_data);
      sse_store_note_free (note);
    }
}

static void
remove_source (GSource *source)
{
  g_source_destroy (source);
  g_source_unref (source);
}

static void
sse_store_dispose (GObject *object)
{
  SseStore *self = SSE_STORE (object);

  if (self->outbox != NULL)
    sse_store_outbox_flush (self->outbox);
  g_clear_pointer (&self->writer, sse_store_writer_free);
  g_clear_pointer (&self->reader, sse_store_reader_free);
  if (self->has_notes)
    drop_notes (self);
  g_clear_pointer (&self->outbox, sse_store_outbox_free);
  g_clear_pointer (&self->teller, remove_source);
  G_OBJECT_CLASS (sse_store_parent_class)->dispose (object);
}

static void
sse_store_finalize (GObject *object)
{
  SseStore *self = SSE_STORE (object);

  g_clear_pointer (&self->file, sse_log_file_free);
  g_clear_pointer (&self->directory, sse_log_directory_free);
  g_clear_pointer (&self->epochs, g_hash_table_unref);
  if (self->has_notes)
    sse_mailbox_clear (&self->notes);
  g_free (self->epoch);
  g_free (self->error);
  G_OBJECT_CLASS (sse_store_parent_class)->finalize (object);
}

static void
sse_store_class_init (SseStoreClass *class)
{
  GObjectClass *object_class = G_OBJECT_CLASS (class);

  object_class->dispose = sse_store_dispose;
  object_class->finalize = sse_store_finalize;
}

static void
sse_store_init (SseStore *self)
{
  self->epoch = g_strdup_printf ("%08x%08x", g_random_int (), g_random_int ());
}

static void
add_teller (SseStore *self)
{
  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();

  self->teller = g_unix_fd_source_new (self->notes.event_fd, G_IO_IN);
  g_source_set_static_name (self->teller, "store's teller");
  g_source_set_callback (self->teller, G_SOURCE_FUNC (on_notes), self, NULL);
  g_source_attach (self->teller, context);
}

/**
 * sse_store_new:
 * @options: copied
 * @error: where the file can't be had; in the domain %SSE_DATABASE_ERROR
 *
 * Opens the log, and makes it where there is none. A corrupt one is set aside.
 *
 * Returns: (transfer full): a log to be loaded
 */
SseLog *
sse_store_new (const SseStoreOptions *options, GError **error)
{
  g_autoptr (SseStore) self = g_object_new (SSE_TYPE_STORE, NULL);

  self->options = *options;
  self->options.directory = NULL;
  self->directory = sse_log_directory_new (options->directory);
  self->has_notes = sse_mailbox_init (&self->notes, error);
  if (!self->has_notes)
    return NULL;
  self->file = sse_log_repair_begin (self->directory, error);
  if (self->file == NULL || !sse_log_growth_begin (&self->growth, self->file, error))
    return NULL;
  self->position = self->file->position;
  add_teller (self);
  self->outbox = sse_store_outbox_new ();
  return SSE_LOG (g_steal_pointer (&self));
}
