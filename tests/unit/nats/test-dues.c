/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-nats-dues.h"

#define ID     "00112233445566778899aabbccddeeff"
#define STREAM "quota"

typedef struct
{
  SseMailbox inbox; /* the publisher's */
  SseNatsDues *dues;
} Fixture;

static void
set_up (Fixture *self, gconstpointer data)
{
  g_assert_true (sse_mailbox_init (&self->inbox, NULL));
  self->dues = sse_nats_dues_new (100, 10, 0);
  sse_nats_dues_add_stream (self->dues, STREAM);
  sse_nats_dues_start (self->dues, &self->inbox, NULL);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  sse_nats_dues_free (self->dues);
  sse_mailbox_clear (&self->inbox);
}

static void
count (Fixture *self, guint n)
{
  for (guint i = 0; i < n; i++)
    sse_nats_dues_count (self->dues, 7, STREAM);
}

/* Whether it asks, and under which id. @after: where it has to say that the one before was */
static gboolean
asks (Fixture *self, guint64 after, char id[SSE_NATS_ID_BYTES])
{
  SseMailList jobs = { 0 };
  SseNatsJob *job;

  sse_nats_dues_ask (self->dues);
  sse_mailbox_take (&self->inbox, &jobs);
  job = (SseNatsJob *) sse_mail_list_pop (&jobs);
  if (job == NULL)
    return FALSE;
  g_assert_cmpint (job->type, ==, SSE_NATS_JOB_DUE);
  g_assert_cmpuint (job->after, ==, after);
  g_assert_null (sse_mail_list_pop (&jobs));
  g_strlcpy (id, job->id, SSE_NATS_ID_BYTES);
  sse_nats_job_free (job);
  return TRUE;
}

static gboolean
take (Fixture *self, guint64 sequence, const char *id, guint64 after)
{
  SseNatsNote *note = sse_nats_note_new (SSE_NATS_NOTE_DUE);
  gboolean wanted;

  note->sequence = sequence;
  note->position = sse_nats_position (sequence, 0);
  g_strlcpy (note->id, id, sizeof note->id);
  wanted = sse_nats_dues_take (self->dues, note, after);
  sse_nats_note_free (note);
  return wanted;
}

/* It is updates that count, in however many messages they are. */
static void
test_when (Fixture *self, gconstpointer data)
{
  char id[SSE_NATS_ID_BYTES];

  count (self, 99);
  g_assert_false (asks (self, 0, id));
  count (self, 1);
  g_assert_true (asks (self, 0, id));
  count (self, 99);
  g_assert_false (asks (self, 0, id));
  /* What it asked was lost. */
  count (self, 1);
  g_assert_true (asks (self, 0, id));
  g_assert_true (take (self, 8, id, 7));
  count (self, 99);
  g_assert_false (asks (self, 8, id));
  count (self, 1);
  g_assert_true (asks (self, 8, id));
}

static void
test_another_was_first (Fixture *self, gconstpointer data)
{
  char id[SSE_NATS_ID_BYTES];

  count (self, 100);
  g_assert_true (asks (self, 0, id));
  g_assert_true (take (self, 8, ID, 7));
  count (self, 99);
  g_assert_false (asks (self, 8, id));
  count (self, 1);
  g_assert_true (asks (self, 8, id));
}

/* Where it is refused at once, it is not asked at once: nobody would do anything else. */
static void
test_refused (Fixture *self, gconstpointer data)
{
  char id[SSE_NATS_ID_BYTES];

  count (self, 100);
  g_assert_true (asks (self, 0, id));
  sse_nats_dues_forget_question (self->dues, ID);
  g_assert_false (asks (self, 0, id));
  count (self, 100);
  g_assert_true (asks (self, 0, id));
  sse_nats_dues_forget_question (self->dues, id);
  count (self, 100);
  g_assert_false (asks (self, 0, id));
}

/* It is time at once, where there is something to be in it, until it is there. */
static void
test_wanted (Fixture *self, gconstpointer data)
{
  char id[SSE_NATS_ID_BYTES];

  sse_nats_dues_want (self->dues);
  g_assert_false (asks (self, 0, id));
  count (self, 5);
  g_assert_true (asks (self, 0, id));
  count (self, 1);
  g_assert_false (asks (self, 0, id));
  g_assert_true (take (self, 8, id, 7));
  count (self, 1);
  g_assert_false (asks (self, 8, id));
}

/* One that is asked for while the states for another are still waited for is left out. */
static void
test_one_at_a_time (Fixture *self, gconstpointer data)
{
  g_assert_true (take (self, 101, ID, 100));
  g_assert_false (take (self, 102, ID, 100));
}

static void
test_who_keeps_out (Fixture *self, gconstpointer data)
{
  char id[SSE_NATS_ID_BYTES];

  g_test_expect_message ("rivulet-nats", G_LOG_LEVEL_WARNING, "this node writes no checkpoints*");
  sse_nats_dues_keep_out (self->dues);
  g_test_assert_expected_messages ();
  count (self, 500);
  g_assert_false (asks (self, 0, id));
}

/* A node whose checkpoints would lack what others have writes none. */
static void
test_what_is_not_here (Fixture *self, gconstpointer data)
{
  char id[SSE_NATS_ID_BYTES];

  g_assert_true (sse_nats_dues_meet (self->dues, STREAM));
  count (self, 500);
  g_assert_true (asks (self, 0, id));
  g_test_expect_message ("rivulet-nats", G_LOG_LEVEL_WARNING,
                         "there is no plugin that works for posts,*");
  g_assert_false (sse_nats_dues_meet (self->dues, "posts"));
  g_test_assert_expected_messages ();
  g_assert_false (sse_nats_dues_meet (self->dues, "others"));
  g_assert_true (sse_nats_dues_meet (self->dues, STREAM));
  count (self, 500);
  g_assert_false (asks (self, 0, id));
}

#define ADD(name, func) g_test_add ("/nats/dues/" name, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("when", test_when);
  ADD ("another-was-first", test_another_was_first);
  ADD ("refused", test_refused);
  ADD ("wanted", test_wanted);
  ADD ("one-at-a-time", test_one_at_a_time);
  ADD ("keeps-out", test_who_keeps_out);
  ADD ("what-is-not-here", test_what_is_not_here);
  return g_test_run ();
}
