/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-nats-log-private.h"

#include "sse-nats-note.h"

#include <glib/gstdio.h>
#include <string.h>

#define UPDATE "{\"type\":\"a\"}"

/* The log's half that takes what its threads tell, with what it tells itself. */
typedef struct
{
  SseNatsLog *log;
  SseMailbox inbox; /* the publisher's */
  GString *told;
  char *directory; /* NULL where none is needed */
} Fixture;

static void
on_committed (SseLog *log, GPtrArray *updates, gpointer user_data)
{
  Fixture *self = user_data;

  for (guint i = 0; i < updates->len; i++)
    g_string_append_printf (self->told, "update %" G_GUINT64_FORMAT "\n",
                            sse_update_get_position (updates->pdata[i]));
}

static void
on_due (SseLog *log, guint64 position, gboolean full, gpointer user_data)
{
  g_string_append_printf (((Fixture *) user_data)->told, "due %" G_GUINT64_FORMAT "\n", position);
}

static void
on_changed (SseLog *log, gpointer user_data)
{
  const char *error = sse_log_get_error (log);

  g_string_append_printf (((Fixture *) user_data)->told, "%s at %" G_GUINT64_FORMAT "\n",
                          error != NULL ? error : "well", sse_log_get_position (log));
}

static void
on_end (SseLog *log, guint64 position, gpointer user_data)
{
  g_string_append_printf (((Fixture *) user_data)->told, "end %" G_GUINT64_FORMAT "\n", position);
}

static void
on_lost (SseLog *log, const GError *error, gpointer user_data)
{
  g_string_append_printf (((Fixture *) user_data)->told, "lost: %s\n", error->message);
}

static void
set_up (Fixture *self, gconstpointer data)
{
  self->log = g_object_new (SSE_TYPE_NATS_LOG, NULL);
  self->told = g_string_new (NULL);
  g_assert_true (sse_mailbox_init (&self->log->notes, NULL));
  self->log->has_notes = TRUE;
  g_assert_true (sse_mailbox_init (&self->inbox, NULL));
  self->log->waiting = sse_nats_waiting_new (&self->inbox, 3600000, 4096);
  self->log->dues = sse_nats_dues_new (1000000, 1, 0);
  sse_nats_dues_add_stream (self->log->dues, "quota");
  sse_nats_log_add_teller (self->log);
  g_signal_connect (self->log, "committed", G_CALLBACK (on_committed), self);
  g_signal_connect (self->log, "due", G_CALLBACK (on_due), self);
  g_signal_connect (self->log, "changed", G_CALLBACK (on_changed), self);
  g_signal_connect (self->log, "end", G_CALLBACK (on_end), self);
  g_signal_connect (self->log, "lost", G_CALLBACK (on_lost), self);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  g_assert_finalize_object (self->log);
  sse_mailbox_clear (&self->inbox);
  g_string_free (self->told, TRUE);
  if (self->directory != NULL)
    {
      g_autofree char *path = g_build_filename (self->directory, "nats-position", NULL);

      g_remove (path);
      g_rmdir (self->directory);
      g_free (self->directory);
    }
}

/* ---- */

static void
post (Fixture *self, SseNatsNote *note)
{
  sse_nats_note_post (note, &self->log->notes);
}

static void
free_update (gpointer update)
{
  if (update != NULL)
    sse_update_unref (update);
}

/* @texts: (array zero-terminated=1): JSON; an empty one is of what could not be parsed */
static SseNatsNote *
new_updates (guint64 sequence, const char *const *texts)
{
  SseNatsNote *note = sse_nats_note_new (SSE_NATS_NOTE_UPDATES);

  note->sequence = sequence;
  note->updates = g_ptr_array_new_with_free_func (free_update);
  for (guint i = 0; texts[i] != NULL; i++)
    {
      g_autoptr (GBytes) json = g_bytes_new (texts[i], strlen (texts[i]));
      SseUpdate *update = *texts[i] != '\0' ? sse_update_new ("quota", NULL, json) : NULL;

      note->position = sse_nats_position (sequence, i);
      if (update != NULL)
        sse_update_set_position (update, note->position);
      g_ptr_array_add (note->updates, update);
    }
  return note;
}

static void
post_update (Fixture *self, guint64 sequence)
{
  const char *texts[] = { UPDATE, NULL };

  post (self, new_updates (sequence, texts));
}

static void
post_place (Fixture *self, SseNatsNoteType type, guint64 sequence)
{
  SseNatsNote *note = sse_nats_note_new (type);

  note->sequence = sequence;
  note->position = sse_nats_position (sequence, 0);
  note->end = sequence;
  post (self, note);
}

static void
post_error (Fixture *self, SseNatsNoteType type, const char *message)
{
  SseNatsNote *note = sse_nats_note_new (type);

  note->error = g_error_new_literal (SSE_NATS_ERROR, SSE_NATS_ERROR_AWAY, message);
  post (self, note);
}

static void
assert_told (Fixture *self, const char *expected)
{
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  g_assert_cmpstr (self->told->str, ==, expected);
  g_string_truncate (self->told, 0);
}

static void
expect_failure (void)
{
  g_test_expect_message ("rivulet-nats", G_LOG_LEVEL_WARNING, "the store failed: away*");
}

static void
expect_recovery (void)
{
  g_test_expect_message ("rivulet-nats", G_LOG_LEVEL_MESSAGE, "the store is well again");
}

/* The hub takes the log's position for its own where it has nothing to apply: whatever was read has
 * to be told by then, or the next checkpoint would be without it. */
static void
test_updates_come_before_the_position (Fixture *self, gconstpointer data)
{
  expect_failure ();
  expect_recovery ();
  post_update (self, 1);
  post_error (self, SSE_NATS_NOTE_ILL, "away");
  post_update (self, 2);
  post_update (self, 3);
  post_place (self, SSE_NATS_NOTE_WELL, 3);
  post_update (self, 4);
  post_place (self, SSE_NATS_NOTE_DUE, 5);
  post_update (self, 6);
  assert_told (self, "update 1000\naway at 1000\nupdate 2000\nupdate 3000\nwell at 3000\nend 3000\n"
                     "update 4000\ndue 4000\nupdate 6000\n");
  g_test_assert_expected_messages ();
}

static void
open_mark (Fixture *self)
{
  self->directory = g_dir_make_tmp ("rivulet-XXXXXX", NULL);
  self->log->mark = sse_nats_mark_new (self->directory, &self->log->notes, NULL);
}

static void
expect_passed_over (const char *position)
{
  g_autofree char *line = g_strdup_printf ("what is at %s of the log is no update", position);

  g_test_expect_message ("rivulet-nats", G_LOG_LEVEL_WARNING, line);
}

/* Those of this process come unparsed: where nobody waits for them any more, they are looked at
 * here. What is none leaves its place empty. */
static void
test_unparsed (Fixture *self, gconstpointer data)
{
  const char *texts[] = { UPDATE, "[]", UPDATE, "", NULL };

  open_mark (self);
  post_update (self, 1);
  post (self, new_updates (2, texts));
  expect_passed_over ("2001");
  expect_passed_over ("2003");
  assert_told (self, "update 1000\nupdate 2000\nupdate 2002\n");
  g_test_assert_expected_messages ();
  g_assert_cmpuint (sse_log_get_position (SSE_LOG (self->log)), ==, 2003);
}

/* A message that none but nodes could have sent has no updates at all. */
static void
test_none (Fixture *self, gconstpointer data)
{
  open_mark (self);
  post_place (self, SSE_NATS_NOTE_UPDATES, 2);
  expect_passed_over ("2000");
  assert_told (self, "");
  g_test_assert_expected_messages ();
  g_assert_cmpuint (sse_log_get_position (SSE_LOG (self->log)), ==, 2000);
  /* The log does not end before what was read, though nobody looked at it since. */
  g_assert_cmpuint (sse_log_get_lag (SSE_LOG (self->log)), ==, 0);
}

/* Publishes one; tells the id that its message is sent under. */
static void
publish (Fixture *self, char id[SSE_NATS_ID_BYTES])
{
  GPtrArray *updates = g_ptr_array_new_with_free_func ((GDestroyNotify) sse_update_unref);
  g_autoptr (GBytes) json = g_bytes_new_static (UPDATE, strlen (UPDATE));
  SseMailList jobs = { 0 };
  SseNatsJob *job;

  g_ptr_array_add (updates, sse_update_new ("quota", NULL, json));
  sse_log_append (SSE_LOG (self->log), updates);
  assert_told (self, "");
  sse_mailbox_take (&self->inbox, &jobs);
  job = (SseNatsJob *) sse_mail_list_pop (&jobs);
  g_assert_nonnull (job);
  g_strlcpy (id, job->id, SSE_NATS_ID_BYTES);
  sse_nats_job_free (job);
}

/* Who waits gets the very objects that were published, with their places. */
static void
test_own (Fixture *self, gconstpointer data)
{
  const char *texts[] = { "{}", NULL };
  SseNatsNote *note = new_updates (3, texts);

  publish (self, note->id);
  post (self, note);
  assert_told (self, "update 3000\n");
  g_assert_true (sse_nats_waiting_is_empty (self->log->waiting));
}

/* What another sent under the same id, though it must not, is its own. */
static void
test_not_own (Fixture *self, gconstpointer data)
{
  const char *texts[] = { UPDATE, UPDATE, NULL };
  SseNatsNote *note = new_updates (3, texts);

  publish (self, note->id);
  post (self, note);
  assert_told (self, "update 3000\nupdate 3001\n");
  g_assert_false (sse_nats_waiting_is_empty (self->log->waiting));
}

/* What came too late is passed over by all, by who published it as well. */
static void
test_late (Fixture *self, gconstpointer data)
{
  SseNatsNote *note = sse_nats_note_new (SSE_NATS_NOTE_UPDATES);

  open_mark (self);
  publish (self, note->id);
  note->sequence = 1;
  note->position = sse_nats_position (1, 0);
  note->late = TRUE;
  post (self, note);
  g_test_expect_message ("rivulet-nats", G_LOG_LEVEL_WARNING, "what is at 1000 is passed over*");
  assert_told (self, "");
  g_test_assert_expected_messages ();
  g_assert_false (sse_nats_waiting_is_empty (self->log->waiting));
}

/* How far a message goes that was not read yet is not known: clients that have all of it wait. */
static void
test_end (Fixture *self, gconstpointer data)
{
  const char *texts[] = { UPDATE, UPDATE, NULL };

  post_place (self, SSE_NATS_NOTE_WELL, 7);
  assert_told (self, "end 7999\n");
  g_assert_cmpuint (sse_log_get_lag (SSE_LOG (self->log)), ==, 7);
  g_assert_cmpuint (sse_log_get_position (SSE_LOG (self->log)), ==, 0);
  post (self, new_updates (7, texts));
  post_place (self, SSE_NATS_NOTE_WELL, 7);
  assert_told (self, "update 7000\nupdate 7001\nend 7001\n");
  g_assert_cmpuint (sse_log_get_lag (SSE_LOG (self->log)), ==, 0);
}

/* What was read before a loss was found counts, and nothing after it. */
static void
test_lost (Fixture *self, gconstpointer data)
{
  SseNatsNote *note = sse_nats_note_new (SSE_NATS_NOTE_LOST);

  open_mark (self);
  g_assert_true (sse_nats_mark_begin (self->log->mark, "epoch", 0, NULL));
  sse_nats_mark_serve (self->log->mark);
  expect_failure ();
  post_update (self, 1);
  note->sequence = 1;
  g_strlcpy (note->id, "id", sizeof note->id);
  note->error = g_error_new_literal (SSE_NATS_ERROR, SSE_NATS_ERROR_LOST, "away");
  post (self, note);
  post_error (self, SSE_NATS_NOTE_LOST, "again");
  post_update (self, 2);
  post_place (self, SSE_NATS_NOTE_WELL, 2);
  post_error (self, SSE_NATS_NOTE_ILL, "ill");
  assert_told (self, "update 1000\naway at 1000\nlost: away\n");
  g_test_assert_expected_messages ();
  /* Who starts next finds out as well. */
  sse_nats_mark_free (self->log->mark);
  self->log->mark = sse_nats_mark_new (self->directory, &self->log->notes, NULL);
  g_assert_cmpuint (sse_nats_mark_get (self->log->mark), ==, 1);
  g_assert_cmpstr (sse_nats_mark_get_id (self->log->mark), ==, "id");
}

#define ADD(name, func) g_test_add ("/nats/notes/" name, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("updates-come-before-the-position", test_updates_come_before_the_position);
  ADD ("end", test_end);
  ADD ("unparsed", test_unparsed);
  ADD ("none", test_none);
  ADD ("own", test_own);
  ADD ("not-own", test_not_own);
  ADD ("late", test_late);
  ADD ("lost", test_lost);
  return g_test_run ();
}
