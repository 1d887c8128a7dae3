/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-nats-waiting.h"

/* Of a message with several updates. */
#define MAX_BYTES 10000

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
  self->waiting = sse_nats_waiting_new (&self->inbox, GPOINTER_TO_UINT (deadline_ms), MAX_BYTES);
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

/* @bytes: of its JSON */
static SseUpdate *
new_update (gsize bytes)
{
  g_autofree char *text = g_strnfill (bytes, ' ');
  g_autoptr (GBytes) json = g_bytes_new (text, bytes);

  return sse_update_new ("quota", NULL, json);
}

/* @n: so many updates in one call, each of so many @bytes */
static void
send (Fixture *self, guint n, gsize bytes)
{
  g_autoptr (GPtrArray) updates
      = g_ptr_array_new_with_free_func ((GDestroyNotify) sse_update_unref);

  for (guint i = 0; i < n; i++)
    g_ptr_array_add (updates, new_update (bytes));
  sse_nats_waiting_send (self->waiting, updates, 7);
}

/* Returns: (transfer full): how it was sent. @update: (out) (transfer full) */
static SseNatsJob *
send_one (Fixture *self, SseUpdate **update)
{
  g_autoptr (GPtrArray) updates
      = g_ptr_array_new_with_free_func ((GDestroyNotify) sse_update_unref);
  SseNatsJob *job;

  *update = new_update (2);
  g_ptr_array_add (updates, sse_update_ref (*update));
  sse_nats_waiting_send (self->waiting, updates, 6);
  g_assert_null (take_job (self));
  sse_nats_waiting_post (self->waiting, 7);
  job = take_job (self);
  g_assert_nonnull (job);
  g_assert_cmpint (job->type, ==, SSE_NATS_JOB_SEND);
  g_assert_cmpuint (job->updates->len, ==, 1);
  g_assert_true (job->updates->pdata[0] == *update);
  g_assert_cmpuint (job->after, ==, 7);
  return job;
}

/* Tells how many updates each message has that is sent now. */
static char *
take_sizes (Fixture *self)
{
  GString *told = g_string_new (NULL);
  SseMailList jobs = { 0 };
  SseNatsJob *job;

  sse_mailbox_take (&self->inbox, &jobs);
  while ((job = (SseNatsJob *) sse_mail_list_pop (&jobs)) != NULL)
    {
      g_string_append_printf (told, "%s%u", told->len > 0 ? " " : "", job->updates->len);
      sse_nats_job_free (job);
    }
  return g_string_free (told, FALSE);
}

static void
assert_sizes (Fixture *self, const char *expected)
{
  g_autofree char *sizes = take_sizes (self);

  g_assert_cmpstr (sizes, ==, expected);
}

static guint
look (Fixture *self)
{
  g_autoptr (GPtrArray) late = sse_nats_waiting_look (self->waiting, 8);

  return late->len;
}

/* What is published in one turn is one message; what one call publishes, altogether or not. */
static void
test_gathered (Fixture *self, gconstpointer data)
{
  send (self, 1, 2);
  send (self, 3, 2);
  send (self, 2, 2);
  assert_sizes (self, "");
  sse_nats_waiting_post (self->waiting, 7);
  assert_sizes (self, "6");
  sse_nats_waiting_post (self->waiting, 7);
  assert_sizes (self, "");
}

static void
test_many (Fixture *self, gconstpointer data)
{
  sse_nats_waiting_free (self->waiting);
  self->waiting = sse_nats_waiting_new (&self->inbox, 3600000, G_MAXSIZE);
  /* Those that come together do not wait for more. */
  for (guint i = 0; i < 256; i++)
    send (self, 1, 2);
  assert_sizes (self, "256");
  send (self, 200, 2);
  send (self, 57, 2);
  assert_sizes (self, "200");
  /* One call is one message as long as there is room for it. */
  send (self, 1000, 2);
  assert_sizes (self, "57 1000");
  send (self, 1001, 2);
  sse_nats_waiting_post (self->waiting, 7);
  assert_sizes (self, "1000 1");
}

/* No message is larger than servers take it, unless one update alone is. */
static void
test_large (Fixture *self, gconstpointer data)
{
  send (self, 1, 4000);
  send (self, 1, 4000);
  send (self, 1, 4000);
  assert_sizes (self, "2");
  send (self, 1, MAX_BYTES);
  send (self, 1, 2);
  sse_nats_waiting_post (self->waiting, 7);
  assert_sizes (self, "1 1 1");
  send (self, 5, 3000);
  sse_nats_waiting_post (self->waiting, 7);
  assert_sizes (self, "3 2");
  /* Servers may be set up otherwise when they come back. */
  sse_nats_waiting_limit (self->waiting, MAX_BYTES / 2);
  send (self, 5, 3000);
  sse_nats_waiting_post (self->waiting, 7);
  assert_sizes (self, "1 1 1 1 1");
}

/* Each byte of the audience may be three in the message. */
static void
test_audiences (Fixture *self, gconstpointer data)
{
  g_autofree char *audience = g_strnfill (2000, ' ');
  g_autoptr (GBytes) json = g_bytes_new_static ("{}", 2);
  g_autoptr (GPtrArray) updates
      = g_ptr_array_new_with_free_func ((GDestroyNotify) sse_update_unref);

  for (guint i = 0; i < 2; i++)
    g_ptr_array_add (updates, sse_update_new ("quota", audience, json));
  sse_nats_waiting_send (self->waiting, updates, 7);
  sse_nats_waiting_post (self->waiting, 7);
  assert_sizes (self, "1 1");
}

/* Whatever is read after it, it is answered once. */
static void
test_once (Fixture *self, gconstpointer data)
{
  SseUpdate *update;
  SseNatsJob *job = send_one (self, &update);
  g_autoptr (GPtrArray) found = sse_nats_waiting_take (self->waiting, job->id, 1);

  g_assert_cmpuint (found->len, ==, 1);
  g_assert_true (found->pdata[0] == update);
  g_assert_true (sse_nats_waiting_is_empty (self->waiting));
  g_assert_null (sse_nats_waiting_take (self->waiting, job->id, 1));
  g_assert_false (sse_nats_waiting_mark_unsent (self->waiting, job->id));
  g_assert_cmpuint (look (self), ==, 0);
  sse_update_unref (update);
  sse_nats_job_free (job);
}

static void
test_foreign_ids (Fixture *self, gconstpointer data)
{
  SseUpdate *update;
  SseNatsJob *job = send_one (self, &update);

  /* What another sent under the same id, though it must not: this node's own is still waited for.
   */
  g_assert_null (sse_nats_waiting_take (self->waiting, job->id, 2));
  g_assert_null (sse_nats_waiting_take (self->waiting, "", 1));
  g_assert_null (sse_nats_waiting_take (self->waiting, "00112233445566778899aabbccddeeff", 1));
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
      g_assert_true (again->updates->pdata[0] == update);
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
  send (self, 3, 2);
  g_assert_cmpuint (look (self), ==, 4);
  g_assert_cmpuint (look (self), ==, 0);
  g_assert_true (sse_nats_waiting_is_empty (self->waiting));
  g_assert_null (sse_nats_waiting_take (self->waiting, job->id, 1));
  sse_update_unref (update);
  sse_nats_job_free (job);
}

/* What was not sent yet when it ends is not forgotten to be freed. */
static void
test_unsent (Fixture *self, gconstpointer data)
{
  send (self, 3, 2);
  g_assert_false (sse_nats_waiting_is_empty (self->waiting));
}

/* Sends so many, each in a call of its own; tells their ids. */
static GPtrArray *
send_some (Fixture *self, guint n)
{
  GPtrArray *ids = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < n; i++)
    {
      SseUpdate *update;
      SseNatsJob *job = send_one (self, &update);

      g_ptr_array_add (ids, g_strdup (job->id));
      sse_update_unref (update);
      sse_nats_job_free (job);
    }
  return ids;
}

/* Returns: what is sent now, as places in @ids and a question mark for what is not there */
static char *
take_sent (Fixture *self, GPtrArray *ids)
{
  GString *told = g_string_new (NULL);
  SseMailList jobs = { 0 };
  SseNatsJob *job;

  sse_nats_waiting_post (self->waiting, 7);
  sse_mailbox_take (&self->inbox, &jobs);
  while ((job = (SseNatsJob *) sse_mail_list_pop (&jobs)) != NULL)
    {
      guint i = 0;

      while (i < ids->len && !g_str_equal (ids->pdata[i], job->id))
        i++;
      g_string_append_c (told, (char) (i < ids->len ? '0' + i : '?'));
      sse_nats_job_free (job);
    }
  return g_string_free (told, FALSE);
}

static void
assert_sent (Fixture *self, GPtrArray *ids, const char *expected)
{
  g_autofree char *sent = NULL;

  g_assert_cmpuint (look (self), ==, 0);
  sent = take_sent (self, ids);
  g_assert_cmpstr (sent, ==, expected);
}

static void
take (Fixture *self, const char *id)
{
  g_autoptr (GPtrArray) updates = sse_nats_waiting_take (self->waiting, id, 1);

  g_assert_nonnull (updates);
}

/* Where a connection broke, they are sent in the order in which they came. */
static void
test_order (Fixture *self, gconstpointer data)
{
  g_autoptr (GPtrArray) ids = send_some (self, 10);

  sse_nats_waiting_mark_all_unsent (self->waiting);
  assert_sent (self, ids, "0123456789");
  assert_sent (self, ids, "");
  take (self, ids->pdata[0]);
  g_assert_true (sse_nats_waiting_mark_unsent (self->waiting, ids->pdata[9]));
  assert_sent (self, ids, "123456789");
}

/* What is published while others are to be sent again comes behind them. */
static void
test_behind (Fixture *self, gconstpointer data)
{
  g_autoptr (GPtrArray) ids = send_some (self, 3);
  g_autofree char *held = NULL;

  g_assert_true (sse_nats_waiting_mark_unsent (self->waiting, ids->pdata[1]));
  send (self, 1, 2);
  held = take_sent (self, ids);
  g_assert_cmpstr (held, ==, "");
  sse_nats_waiting_mark_all_unsent (self->waiting);
  assert_sent (self, ids, "012?");
}

/* The answer to one is for those before it as well, and so is its coming back. */
static void
test_overtaken (Fixture *self, gconstpointer data)
{
  g_autoptr (GPtrArray) ids = send_some (self, 6);

  take (self, ids->pdata[2]);
  assert_sent (self, ids, "01");
  g_assert_true (sse_nats_waiting_mark_unsent (self->waiting, ids->pdata[4]));
  assert_sent (self, ids, "34");
  take (self, ids->pdata[5]);
  take (self, ids->pdata[0]);
  assert_sent (self, ids, "");
  take (self, ids->pdata[3]);
  assert_sent (self, ids, "1");
}

#define LONG GUINT_TO_POINTER (3600000)
#define NONE GUINT_TO_POINTER (0)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/nats/waiting/gathered", Fixture, LONG, set_up, test_gathered, tear_down);
  g_test_add ("/nats/waiting/many", Fixture, LONG, set_up, test_many, tear_down);
  g_test_add ("/nats/waiting/large", Fixture, LONG, set_up, test_large, tear_down);
  g_test_add ("/nats/waiting/audiences", Fixture, LONG, set_up, test_audiences, tear_down);
  g_test_add ("/nats/waiting/unsent", Fixture, LONG, set_up, test_unsent, tear_down);
  g_test_add ("/nats/waiting/once", Fixture, LONG, set_up, test_once, tear_down);
  g_test_add ("/nats/waiting/foreign-ids", Fixture, LONG, set_up, test_foreign_ids, tear_down);
  g_test_add ("/nats/waiting/again", Fixture, LONG, set_up, test_again, tear_down);
  g_test_add ("/nats/waiting/order", Fixture, LONG, set_up, test_order, tear_down);
  g_test_add ("/nats/waiting/behind", Fixture, LONG, set_up, test_behind, tear_down);
  g_test_add ("/nats/waiting/overtaken", Fixture, LONG, set_up, test_overtaken, tear_down);
  g_test_add ("/nats/waiting/late", Fixture, NONE, set_up, test_late, tear_down);
  return g_test_run ();
}
