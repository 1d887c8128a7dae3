/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-nats-waiting.h"

typedef struct
{
  SseMailbox inbox; /* the publisher's */
  SseNatsWaiting *waiting;
} Fixture;

/* @deadline_ms: as a pointer */
static void
set_up (Fixture *self, gconstpointer deadline_ms)
{
  g_assert_true (sse_mailbox_init (&self->inbox, NULL));
  self->waiting = sse_nats_waiting_new (&self->inbox, GPOINTER_TO_UINT (deadline_ms));
}

static SseNatsJob *
take_job (Fixture *self)
{
  SseMailList jobs = { 0 };
  SseNatsJob *job;

  sse_mailbox_take (&self->inbox, &jobs);
  job = (SseNatsJob *) sse_mail_list_pop (&jobs);
  g_assert_null (sse_mail_list_pop (&jobs));
  return job;
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  g_assert_null (take_job (self));
  sse_nats_waiting_free (self->waiting);
  sse_mailbox_clear (&self->inbox);
}

/* Returns: (transfer full): how it was sent. @update: (out) (transfer full) */
static SseNatsJob *
send_one (Fixture *self, SseUpdate **update)
{
  g_autoptr (GPtrArray) updates
      = g_ptr_array_new_with_free_func ((GDestroyNotify) sse_update_unref);
  g_autoptr (GBytes) json = g_bytes_new_static ("{}", 2);
  SseNatsJob *job;

  *update = sse_update_new ("quota", NULL, json);
  g_ptr_array_add (updates, sse_update_ref (*update));
  sse_nats_waiting_send (self->waiting, updates, 7);
  job = take_job (self);
  g_assert_nonnull (job);
  g_assert_cmpint (job->type, ==, SSE_NATS_JOB_SEND);
  g_assert_true (job->update == *update);
  g_assert_cmpuint (job->after, ==, 7);
  return job;
}

static guint
look (Fixture *self)
{
  g_autoptr (GPtrArray) late = sse_nats_waiting_look (self->waiting, 8);

  return late->len;
}

/* Whatever is read after it, it is answered once. */
static void
test_once (Fixture *self, gconstpointer data)
{
  SseUpdate *update;
  SseNatsJob *job = send_one (self, &update);
  SseUpdate *found = sse_nats_waiting_take (self->waiting, job->id);

  g_assert_true (found == update);
  g_assert_true (sse_nats_waiting_is_empty (self->waiting));
  g_assert_null (sse_nats_waiting_take (self->waiting, job->id));
  g_assert_false (sse_nats_waiting_mark_unsent (self->waiting, job->id));
  g_assert_cmpuint (look (self), ==, 0);
  sse_update_unref (found);
  sse_update_unref (update);
  sse_nats_job_free (job);
}

static void
test_foreign_ids (Fixture *self, gconstpointer data)
{
  SseUpdate *update;
  SseNatsJob *job = send_one (self, &update);

  g_assert_null (sse_nats_waiting_take (self->waiting, ""));
  g_assert_null (sse_nats_waiting_take (self->waiting, "00112233445566778899aabbccddeeff"));
  g_assert_false (sse_nats_waiting_is_empty (self->waiting));
  sse_update_unref (update);
  sse_nats_job_free (job);
}

/* It is sent again under the id that it has, once for each time that it was marked. */
static void
test_again (Fixture *self, gconstpointer data)
{
  SseUpdate *update;
  SseNatsJob *job = send_one (self, &update);

  g_assert_cmpuint (look (self), ==, 0);
  g_assert_null (take_job (self));
  for (guint i = 0; i < 2; i++)
    {
      SseNatsJob *again;

      if (i == 0)
        g_assert_true (sse_nats_waiting_mark_unsent (self->waiting, job->id));
      else
        sse_nats_waiting_mark_all_unsent (self->waiting);
      g_assert_cmpuint (look (self), ==, 0);
      again = take_job (self);
      g_assert_nonnull (again);
      g_assert_cmpstr (again->id, ==, job->id);
      g_assert_true (again->update == update);
      g_assert_cmpint (again->until, ==, job->until);
      g_assert_cmpuint (again->after, ==, 8);
      sse_nats_job_free (again);
      g_assert_cmpuint (look (self), ==, 0);
      g_assert_null (take_job (self));
    }
  sse_update_unref (update);
  sse_nats_job_free (job);
}

/* Whose time is over is told that once, and is not sent again, or found when it is read. */
static void
test_late (Fixture *self, gconstpointer data)
{
  SseUpdate *update;
  SseNatsJob *job = send_one (self, &update);

  sse_nats_waiting_mark_all_unsent (self->waiting);
  g_assert_cmpuint (look (self), ==, 1);
  g_assert_cmpuint (look (self), ==, 0);
  g_assert_true (sse_nats_waiting_is_empty (self->waiting));
  g_assert_null (sse_nats_waiting_take (self->waiting, job->id));
  sse_update_unref (update);
  sse_nats_job_free (job);
}

#define LONG GUINT_TO_POINTER (3600000)
#define NONE GUINT_TO_POINTER (0)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/nats/waiting/once", Fixture, LONG, set_up, test_once, tear_down);
  g_test_add ("/nats/waiting/foreign-ids", Fixture, LONG, set_up, test_foreign_ids, tear_down);
  g_test_add ("/nats/waiting/again", Fixture, LONG, set_up, test_again, tear_down);
  g_test_add ("/nats/waiting/late", Fixture, NONE, set_up, test_late, tear_down);
  return g_test_run ();
}
