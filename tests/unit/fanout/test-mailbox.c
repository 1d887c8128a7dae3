/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib.h>
#include <poll.h>
#include <pthread.h>

#include "sse-mailbox.h"

#define N_THREADS  3
#define N_MESSAGES 20000

typedef struct
{
  SseMail mail;
  guint sender;
  guint number;
} Message;

typedef struct
{
  SseMailbox *mailbox;
  guint number;
} Sender;

static void
push (SseMailList *list, guint sender, guint number)
{
  Message *message = g_new0 (Message, 1);

  message->sender = sender;
  message->number = number;
  sse_mail_list_push (list, &message->mail);
}

static void
assert_pop (SseMailList *list, guint number)
{
  g_autofree Message *message = (Message *) sse_mail_list_pop (list);

  g_assert_nonnull (message);
  g_assert_cmpuint (message->number, ==, number);
}

static gboolean
is_readable (SseMailbox *mailbox)
{
  struct pollfd fd = { .fd = mailbox->event_fd, .events = POLLIN };

  return poll (&fd, 1, 0) == 1;
}

static void
test_list (void)
{
  SseMailList list = { 0 };

  g_assert_null (sse_mail_list_pop (&list));
  push (&list, 0, 1);
  push (&list, 0, 2);
  g_assert_cmpuint (list.length, ==, 2);
  assert_pop (&list, 1);
  push (&list, 0, 3);
  assert_pop (&list, 2);
  assert_pop (&list, 3);
  g_assert_null (sse_mail_list_pop (&list));
  g_assert_cmpuint (list.length, ==, 0);
}

static void
test_take_all (void)
{
  SseMailbox mailbox;
  SseMailList list = { 0 };

  g_assert_true (sse_mailbox_init (&mailbox, NULL));
  g_assert_false (is_readable (&mailbox));

  sse_mailbox_post (&mailbox, &list);
  g_assert_false (is_readable (&mailbox));

  push (&list, 0, 1);
  push (&list, 0, 2);
  sse_mailbox_post (&mailbox, &list);
  g_assert_null (list.first);
  g_assert_cmpuint (list.length, ==, 0);
  push (&list, 0, 3);
  sse_mailbox_post (&mailbox, &list);
  g_assert_true (is_readable (&mailbox));

  push (&list, 0, 0);
  sse_mailbox_take (&mailbox, &list);
  g_assert_false (is_readable (&mailbox));
  for (guint i = 0; i <= 3; i++)
    assert_pop (&list, i);
  g_assert_null (sse_mail_list_pop (&list));
  sse_mailbox_clear (&mailbox);
}

static gpointer
send_all (gpointer data)
{
  Sender *sender = data;

  for (guint i = 0; i < N_MESSAGES; i += 2)
    {
      SseMailList list = { 0 };

      push (&list, sender->number, i);
      push (&list, sender->number, i + 1);
      sse_mailbox_post (sender->mailbox, &list);
    }
  return NULL;
}

/* Each sender's mail arrives once, in order, and no wake-up is missed. */
static void
test_threads (void)
{
  SseMailbox mailbox;
  Sender senders[N_THREADS];
  pthread_t threads[N_THREADS];
  guint next[N_THREADS] = { 0 };
  guint n = 0;

  g_assert_true (sse_mailbox_init (&mailbox, NULL));
  for (guint i = 0; i < N_THREADS; i++)
    {
      senders[i] = (Sender){ &mailbox, i };
      pthread_create (&threads[i], NULL, send_all, &senders[i]);
    }

  while (n < N_THREADS * N_MESSAGES)
    {
      struct pollfd fd = { .fd = mailbox.event_fd, .events = POLLIN };
      SseMailList list = { 0 };
      Message *message;

      g_assert_cmpint (poll (&fd, 1, 30000), ==, 1);
      sse_mailbox_take (&mailbox, &list);
      while ((message = (Message *) sse_mail_list_pop (&list)) != NULL)
        {
          g_assert_cmpuint (message->number, ==, next[message->sender]);
          next[message->sender]++;
          n++;
          g_free (message);
        }
    }

  for (guint i = 0; i < N_THREADS; i++)
    pthread_join (threads[i], NULL);
  sse_mailbox_clear (&mailbox);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/mailbox/list", test_list);
  g_test_add_func ("/mailbox/take-all", test_take_all);
  g_test_add_func ("/mailbox/threads", test_threads);
  return g_test_run ();
}
