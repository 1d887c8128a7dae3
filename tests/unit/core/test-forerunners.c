/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-forerunners.h"

#include <sys/socket.h>
#include <unistd.h>

#include "sse-frame.h"

#define SECOND ((gint64) G_USEC_PER_SEC)

typedef struct
{
  SseForerunners *held;
  GString *let; /* users that were let in */
  guint n_released;
} Fixture;

typedef struct
{
  SseTicket ticket;
  Fixture *fixture;
} Ticket;

static void
release (SseTicket *ticket)
{
  ((Ticket *) ticket)->fixture->n_released++;
  g_free (ticket);
}

static void
on_let (SseStream *stream,
        SseCombination *combination,
        GPtrArray *streams,
        const SseSubscriber *subscriber,
        gpointer user_data)
{
  Fixture *self = user_data;

  g_assert_null (stream);
  g_assert_null (combination);
  g_assert_cmpint (subscriber->fd, >=, 0);
  g_string_append_printf (self->let, "%s %s\n", subscriber->user, subscriber->last_event_id);
  close (subscriber->fd);
  subscriber->ticket->release (subscriber->ticket);
}

static void
set_up (Fixture *self, gconstpointer data)
{
  self->held = sse_forerunners_new (on_let, self);
  self->let = g_string_new (NULL);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  sse_forerunners_free (self->held);
  g_string_free (self->let, TRUE);
}

/* Holds one; returns the other end of its connection. */
static int
hold (Fixture *self, const char *user, guint64 position)
{
  g_autofree char *last_event_id = g_strdup_printf ("ep-%" G_GUINT64_FORMAT, position);
  g_autofree char *name = g_strdup (user);
  SseFrame *head = sse_frame_new_raw ("HEAD\n", 5);
  Ticket *ticket = g_new (Ticket, 1);
  int ends[2];

  *ticket = (Ticket){ { release }, self };
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM, 0, ends), ==, 0);
  sse_forerunners_hold (self->held, position, NULL, NULL, NULL,
                        &(SseSubscriber){ .fd = ends[0],
                                          .user = name,
                                          .last_event_id = last_event_id,
                                          .head = head,
                                          .ticket = &ticket->ticket });
  sse_frame_unref (head);
  return ends[1];
}

static void
assert_let (Fixture *self, const char *expected, guint n_left)
{
  g_assert_cmpstr (self->let->str, ==, expected);
  g_assert_cmpuint (sse_forerunners_get_length (self->held), ==, n_left);
  g_string_truncate (self->let, 0);
}

static void
assert_closed (int end)
{
  char byte;

  g_assert_cmpint (read (end, &byte, 1), ==, 0);
  close (end);
}

/* Each comes in as soon as what it has was applied, in the order in which they came. */
static void
test_letting (Fixture *self, gconstpointer data)
{
  int ends[] = { hold (self, "ann", 7), hold (self, "bob", 5), hold (self, "eve", 7) };

  sse_forerunners_let (self->held, 4);
  assert_let (self, "", 3);
  sse_forerunners_let (self->held, 5);
  assert_let (self, "bob ep-5\n", 2);
  sse_forerunners_let (self->held, 6);
  assert_let (self, "", 2);
  sse_forerunners_let (self->held, 9);
  assert_let (self, "ann ep-7\neve ep-7\n", 0);
  g_assert_cmpuint (self->n_released, ==, 3);
  for (guint i = 0; i < G_N_ELEMENTS (ends); i++)
    close (ends[i]);
  /* One that comes later waits as the first ones did. */
  close (hold (self, "dan", 10));
  sse_forerunners_let (self->held, 9);
  assert_let (self, "", 1);
  sse_forerunners_let (self->held, 10);
  assert_let (self, "dan ep-10\n", 0);
}

/* A server that does not know of others' updates yet makes nobody start afresh; a position that
 * never comes to be does. */
static void
test_where_it_ends (Fixture *self, gconstpointer data)
{
  int ann = hold (self, "ann", 7), eve = hold (self, "eve", 99);
  gint64 now = 1000 * SECOND;

  sse_forerunners_take_end (self->held, 6, now);
  sse_forerunners_take_end (self->held, 6, now + 19 * SECOND);
  assert_let (self, "", 2);
  sse_forerunners_take_end (self->held, 8, now + 19 * SECOND + 1);
  assert_let (self, "", 2);
  sse_forerunners_take_end (self->held, 8, now + 20 * SECOND);
  assert_let (self, "eve ep-99\n", 1);
  sse_forerunners_take_end (self->held, 6, now + 21 * SECOND);
  sse_forerunners_take_end (self->held, 6, now + 40 * SECOND);
  assert_let (self, "", 1);
  sse_forerunners_take_end (self->held, 6, now + 41 * SECOND);
  assert_let (self, "ann ep-7\n", 0);
  close (ann);
  close (eve);
}

/* Whose tokens are revoked is closed, and nobody else. */
static void
test_revoked (Fixture *self, gconstpointer data)
{
  int ann = hold (self, "ann", 7), bob = hold (self, "bob", 7);

  sse_forerunners_end_user (self->held, "ann");
  assert_let (self, "", 1);
  assert_closed (ann);
  sse_forerunners_close (self->held);
  assert_let (self, "", 0);
  assert_closed (bob);
  g_assert_cmpuint (self->n_released, ==, 2);
}

#define ADD(name, func) g_test_add ("/forerunners/" name, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("letting", test_letting);
  ADD ("where-it-ends", test_where_it_ends);
  ADD ("revoked", test_revoked);
  return g_test_run ();
}
