/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-nats-mark.h"

#include <poll.h>
#include <string.h>

#include <glib/gstdio.h>

#define EPOCH "0123456789abcdef"
#define OTHER "fedcba9876543210"
#define ID    "00112233445566778899aabbccddeeff"

typedef struct
{
  char *directory;
  char *path;
  SseMailbox notes;
} Fixture;

static void
set_up (Fixture *self, gconstpointer data)
{
  self->directory = g_dir_make_tmp ("rivulet-XXXXXX", NULL);
  self->path = g_build_filename (self->directory, "nats-position", NULL);
  g_assert_true (sse_mailbox_init (&self->notes, NULL));
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  SseMailList notes = { 0 };
  SseMail *note;

  sse_mailbox_take (&self->notes, &notes);
  while ((note = sse_mail_list_pop (&notes)) != NULL)
    sse_nats_note_free ((SseNatsNote *) note);
  sse_mailbox_clear (&self->notes);
  g_remove (self->path);
  g_assert_cmpint (g_rmdir (self->directory), ==, 0);
  g_free (self->path);
  g_free (self->directory);
}

static SseNatsMark *
open_mark (Fixture *self)
{
  g_autoptr (GError) error = NULL;
  SseNatsMark *mark = sse_nats_mark_new (self->directory, &self->notes, &error);

  g_assert_no_error (error);
  return mark;
}

static SseNatsMark *
begin_to_load (Fixture *self, const char *epoch, guint64 sequence)
{
  g_autoptr (GError) error = NULL;
  SseNatsMark *mark = open_mark (self);

  g_assert_true (sse_nats_mark_begin (mark, epoch, sequence, &error));
  g_assert_no_error (error);
  return mark;
}

static SseNatsMark *
begin (Fixture *self, const char *epoch, guint64 sequence)
{
  SseNatsMark *mark = begin_to_load (self, epoch, sequence);

  sse_nats_mark_serve (mark);
  return mark;
}

static void
pass (SseNatsMark *mark, guint64 sequence, const char *id)
{
  SseNatsNote *note = sse_nats_note_new (SSE_NATS_NOTE_UPDATES);

  note->sequence = sequence;
  note->position = sse_nats_position (sequence, 0);
  g_strlcpy (note->id, id, sizeof note->id);
  sse_nats_mark_pass (mark, note);
}

static void
assert_place (SseNatsMark *mark, const char *epoch, guint64 sequence, const char *id)
{
  g_assert_cmpstr (sse_nats_mark_get_epoch (mark), ==, epoch);
  g_assert_cmpuint (sse_nats_mark_get (mark), ==, sequence);
  g_assert_cmpstr (sse_nats_mark_get_id (mark), ==, id);
}

static void
test_kept (Fixture *self, gconstpointer data)
{
  SseNatsMark *mark = begin (self, EPOCH, 5);

  assert_place (mark, EPOCH, 5, "");
  pass (mark, 6, ID);
  sse_nats_mark_free (mark);
  mark = open_mark (self);
  assert_place (mark, EPOCH, 6, ID);
  sse_nats_mark_free (mark);
  /* What is shorter leaves nothing of what was there. */
  mark = begin (self, EPOCH, 0);
  pass (mark, 7, "");
  sse_nats_mark_free (mark);
  mark = open_mark (self);
  assert_place (mark, EPOCH, 7, "");
  sse_nats_mark_free (mark);
}

/* A checkpoint may be older than what this node has had; another epoch begins anew. */
static void
test_beginning (Fixture *self, gconstpointer data)
{
  SseNatsMark *mark = begin (self, EPOCH, 5);

  pass (mark, 9, ID);
  sse_nats_mark_free (mark);
  mark = begin (self, EPOCH, 3);
  pass (mark, 4, "");
  sse_nats_mark_free (mark);
  mark = open_mark (self);
  assert_place (mark, EPOCH, 9, ID);
  sse_nats_mark_free (mark);
  mark = begin (self, OTHER, 3);
  sse_nats_mark_free (mark);
  mark = open_mark (self);
  assert_place (mark, OTHER, 3, "");
  sse_nats_mark_free (mark);
}

/* What goes on is on the disk by then. */
static void
test_kept_before_it_is_passed (Fixture *self, gconstpointer data)
{
  SseNatsMark *mark = begin (self, EPOCH, 0);

  for (guint64 sequence = 1; sequence <= 50; sequence++)
    {
      struct pollfd readable = { .fd = self->notes.event_fd, .events = POLLIN };
      g_autofree char *text = NULL;
      g_auto (GStrv) words = NULL;
      SseMailList notes = { 0 };
      SseNatsNote *note;

      pass (mark, sequence, ID);
      g_assert_cmpint (poll (&readable, 1, 30000), ==, 1);
      g_assert_true (g_file_get_contents (self->path, &text, NULL, NULL));
      words = g_strsplit (text, " ", 3);
      g_assert_cmpuint (g_ascii_strtoull (words[1], NULL, 10), ==, sequence);
      sse_mailbox_take (&self->notes, &notes);
      note = (SseNatsNote *) sse_mail_list_pop (&notes);
      g_assert_cmpuint (note->sequence, ==, sequence);
      sse_nats_note_free (note);
    }
  sse_nats_mark_free (mark);
}

static void
test_damaged (Fixture *self, gconstpointer data)
{
  const char *texts[] = {
    "x",
    "\n",
    EPOCH " 00000000000000000005\n",
    EPOCH " five " ID "\n",
    EPOCH " 99999999999999999999 " ID "\n",
    EPOCH " 5 " ID "0\n",
    " 5 " ID "\n",
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_true (g_file_set_contents (self->path, texts[i], -1, NULL));
      g_test_message ("“%s”", texts[i]);
      g_assert_null (sse_nats_mark_new (self->directory, &self->notes, &error));
      g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_INVAL);
      g_assert_nonnull (strstr (error->message, self->path));
      g_assert_nonnull (strstr (error->message, "remove it"));
    }
}

static void
test_one_at_a_time (Fixture *self, gconstpointer data)
{
  SseNatsMark *mark = open_mark (self);
  g_autoptr (GError) error = NULL;

  g_assert_null (sse_nats_mark_new (self->directory, &self->notes, &error));
  g_assert_nonnull (strstr (error->message, "another rivuletd uses it"));
  sse_nats_mark_free (mark);
  mark = open_mark (self);
  sse_nats_mark_free (mark);
}

/* ---- what is read and not applied yet ---- */

#define MANY     20000
#define IS_AHEAD 16384

static gpointer
pass_many (gpointer mark)
{
  for (guint64 sequence = 1; sequence <= MANY; sequence++)
    pass (mark, sequence, "");
  return NULL;
}

/* The last message that has come, where those up to @sequence have to come. */
static guint64
wait_for (Fixture *self, guint64 sequence)
{
  guint64 newest = 0;

  while (newest < sequence)
    {
      struct pollfd readable = { .fd = self->notes.event_fd, .events = POLLIN };
      SseMailList notes = { 0 };
      SseNatsNote *note;

      g_assert_cmpint (poll (&readable, 1, 30000), ==, 1);
      sse_mailbox_take (&self->notes, &notes);
      while ((note = (SseNatsNote *) sse_mail_list_pop (&notes)) != NULL)
        {
          g_assert_cmpuint (note->sequence, >, newest);
          newest = note->sequence;
          sse_nats_note_free (note);
        }
    }
  return newest;
}

static void
test_holding_back (Fixture *self, gconstpointer data)
{
  SseNatsMark *mark = begin (self, EPOCH, 0);
  GThread *reader = g_thread_new ("reader", pass_many, mark);
  guint64 newest = wait_for (self, IS_AHEAD);

  /* No more than that goes on until some of it is applied. */
  g_assert_cmpuint (newest, ==, IS_AHEAD);
  sse_nats_mark_set_applied (mark, sse_nats_position (newest, 0));
  g_assert_cmpuint (wait_for (self, MANY), ==, MANY);
  g_thread_join (reader);
  sse_nats_mark_free (mark);
}

/* Messages of so many updates each, which are not parsed. */
#define TOGETHER 128

static gpointer
pass_full (gpointer mark)
{
  g_autoptr (GBytes) json = g_bytes_new_static ("{}", 2);

  for (guint64 sequence = 1; sequence <= 2 * IS_AHEAD / TOGETHER; sequence++)
    {
      SseNatsNote *note = sse_nats_note_new (SSE_NATS_NOTE_UPDATES);

      note->sequence = sequence;
      note->position = sse_nats_position (sequence, TOGETHER - 1);
      note->updates = g_ptr_array_new_with_free_func ((GDestroyNotify) sse_update_unref);
      for (guint i = 0; i < TOGETHER; i++)
        g_ptr_array_add (note->updates, sse_update_new ("quota", NULL, json));
      sse_nats_mark_pass (mark, note);
    }
  return NULL;
}

/* It is updates that count. */
static void
test_holding_back_updates (Fixture *self, gconstpointer data)
{
  SseNatsMark *mark = begin (self, EPOCH, 0);
  GThread *reader = g_thread_new ("reader", pass_full, mark);
  guint64 newest = wait_for (self, IS_AHEAD / TOGETHER);

  g_assert_cmpuint (newest, ==, IS_AHEAD / TOGETHER);
  sse_nats_mark_set_applied (mark, sse_nats_position (1, TOGETHER - 1));
  g_assert_cmpuint (wait_for (self, newest + 1), ==, newest + 1);
  sse_nats_mark_set_applied (mark, sse_nats_position (newest, TOGETHER - 1));
  g_assert_cmpuint (wait_for (self, 2 * newest), ==, 2 * newest);
  g_thread_join (reader);
  sse_nats_mark_free (mark);
}

/* Of what is only loaded, no client was told: be it another one's, or lost, the place stays. */
static void
test_loading (Fixture *self, gconstpointer data)
{
  SseNatsMark *mark = begin_to_load (self, EPOCH, 5);

  pass (mark, 9, ID);
  wait_for (self, 9);
  sse_nats_mark_lose (mark, 9, ID);
  sse_nats_mark_free (mark);
  mark = begin_to_load (self, EPOCH, 5);
  assert_place (mark, EPOCH, 5, "");
  pass (mark, 9, ID);
  sse_nats_mark_serve (mark);
  assert_place (mark, EPOCH, 9, ID);
  sse_nats_mark_free (mark);
  mark = open_mark (self);
  assert_place (mark, EPOCH, 9, ID);
  sse_nats_mark_free (mark);
}

/* @expected, @expected_id: where it is when it is opened again */
static void
check_lost (
    Fixture *self, guint64 lost, const char *lost_id, guint64 expected, const char *expected_id)
{
  SseNatsMark *mark = begin (self, EPOCH, 5);

  pass (mark, 9, ID);
  wait_for (self, 9);
  sse_nats_mark_lose (mark, lost, lost_id);
  pass (mark, 10, "");
  wait_for (self, 10);
  sse_nats_mark_free (mark);
  mark = open_mark (self);
  assert_place (mark, EPOCH, expected, expected_id);
  sse_nats_mark_free (mark);
}

/* What is not there any more is what the next one asks for, whatever came behind it, or comes late.
 */
static void
test_losing (Fixture *self, gconstpointer data)
{
  check_lost (self, 7, "lost", 7, "lost");
}

/* Where it is not known what was lost, the place stays. */
static void
test_losing_something (Fixture *self, gconstpointer data)
{
  check_lost (self, 0, "", 9, ID);
}

/* Who waits there does not keep it from ending. */
static void
test_closing (Fixture *self, gconstpointer data)
{
  SseNatsMark *mark = begin (self, EPOCH, 0);
  GThread *reader = g_thread_new ("reader", pass_many, mark);

  wait_for (self, IS_AHEAD);
  sse_nats_mark_close (mark);
  g_thread_join (reader);
  sse_nats_mark_free (mark);
}

#define ADD(name, func) g_test_add ("/nats/mark/" name, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("kept", test_kept);
  ADD ("beginning", test_beginning);
  ADD ("kept-before-it-is-passed", test_kept_before_it_is_passed);
  ADD ("damaged", test_damaged);
  ADD ("one-at-a-time", test_one_at_a_time);
  ADD ("holding-back", test_holding_back);
  ADD ("holding-back-updates", test_holding_back_updates);
  ADD ("loading", test_loading);
  ADD ("losing", test_losing);
  ADD ("losing-something", test_losing_something);
  ADD ("closing", test_closing);
  return g_test_run ();
}
