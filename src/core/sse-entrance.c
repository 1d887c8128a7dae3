/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-newcomer.h"

void
sse_entrance_init (SseEntrance *self)
{
  g_queue_init (&self->waiting);
  sse_link_init (&self->reading);
}

/* Newcomers are closed: those for whom the log is being read when that is done. */
void
sse_entrance_close (SseEntrance *self)
{
  g_queue_clear_full (&self->waiting, (GDestroyNotify) sse_newcomer_free);
  while (sse_link_is_linked (&self->reading))
    {
      SseNewcomer *newcomer = sse_link_get (self->reading.next, SseNewcomer, link);

      newcomer->entrance = NULL;
      sse_link_remove (&newcomer->link);
    }
}

/**
 * sse_entrance_hold:
 * @newcomer: (transfer full): one that can't join yet
 *
 * Has it wait for a turn.
 */
void
sse_entrance_hold (SseEntrance *self, SseNewcomer *newcomer)
{
  newcomer->held = TRUE;
  g_queue_push_tail (&self->waiting, newcomer);
}

/* Whether anybody waits for a turn. */
gboolean
sse_entrance_has_waiting (const SseEntrance *self)
{
  return self->waiting.length > 0;
}

/* Those who wait now are due. */
void
sse_entrance_begin_turn (SseEntrance *self)
{
  self->n_due = self->waiting.length;
}

/**
 * sse_entrance_look_at_next:
 *
 * Looks at one that is due, of which there has to be one. Where it can't join, it stays for the
 * next turn. It may have been overtaken by what a ring drops; then it is admitted again.
 */
void
sse_entrance_look_at_next (SseEntrance *self)
{
  SseNewcomer *newcomer = g_queue_pop_head (&self->waiting);

  self->n_due--;
  if (newcomer->gone)
    sse_newcomer_free (newcomer);
  else if (!sse_newcomer_has_ring (newcomer))
    {
      newcomer->held = FALSE;
      self->admit (newcomer, self->user_data);
    }
  else if (!self->let_join (newcomer, self->user_data))
    g_queue_push_tail (&self->waiting, newcomer);
}

typedef gboolean (*IsMeant) (SseNewcomer *newcomer, gconstpointer data);

static gboolean
is_of_user (SseNewcomer *newcomer, gconstpointer user)
{
  return g_str_equal (sse_newcomer_get_user (newcomer), user);
}

static gboolean
is_for_channel (SseNewcomer *newcomer, gconstpointer channel)
{
  return newcomer->channel == *(const guint *) channel;
}

static void
dismiss_one (SseNewcomer *newcomer, IsMeant is_meant, gconstpointer data)
{
  if (!newcomer->gone && is_meant (newcomer, data))
    sse_newcomer_dismiss (newcomer);
}

static void
dismiss (SseEntrance *self, IsMeant is_meant, gconstpointer data)
{
  for (GList *link = self->waiting.head; link != NULL; link = link->next)
    dismiss_one (link->data, is_meant, data);
  for (SseLink *link = self->reading.next; link != &self->reading; link = link->next)
    dismiss_one (sse_link_get (link, SseNewcomer, link), is_meant, data);
}

/**
 * sse_entrance_dismiss:
 *
 * Dismisses a user's newcomers that are held: they join without what they were to get first.
 */
void
sse_entrance_dismiss (SseEntrance *self, const char *user)
{
  dismiss (self, is_of_user, user);
}

/* Dismisses those that are to join @channel, likewise. */
void
sse_entrance_dismiss_channel (SseEntrance *self, guint channel)
{
  dismiss (self, is_for_channel, &channel);
}
