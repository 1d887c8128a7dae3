/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-mailbox.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <glib/gi18n-lib.h>

/**
 * sse_mail_list_push:
 * @mail: (transfer full): goes to the end
 */
void
sse_mail_list_push (SseMailList *self, SseMail *mail)
{
  mail->next = NULL;
  if (self->last != NULL)
    self->last->next = mail;
  else
    self->first = mail;
  self->last = mail;
  self->length++;
}

/**
 * sse_mail_list_pop:
 *
 * Returns: (transfer full) (nullable): the first, which leaves the list; %NULL when empty
 */
SseMail *
sse_mail_list_pop (SseMailList *self)
{
  SseMail *mail = self->first;

  if (mail == NULL)
    return NULL;

  self->first = mail->next;
  if (self->first == NULL)
    self->last = NULL;
  self->length--;
  return mail;
}

/* Moves all of @from behind what is in @to. */
static void
move_all (SseMailList *to, SseMailList *from)
{
  if (from->first == NULL)
    return;

  if (to->last != NULL)
    to->last->next = from->first;
  else
    to->first = from->first;
  to->last = from->last;
  to->length += from->length;
  *from = (SseMailList){ 0 };
}

/**
 * sse_mailbox_init:
 * @error: set in the domain %G_FILE_ERROR where there is no eventfd to be had
 */
gboolean
sse_mailbox_init (SseMailbox *self, GError **error)
{
  *self = (SseMailbox){ .event_fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK) };
  if (self->event_fd < 0)
    {
      int code = errno;

      g_set_error (error, G_FILE_ERROR, (int) g_file_error_from_errno (code),
                   _ ("cannot make an eventfd for a thread's mailbox: %s"), strerror (code));
      return FALSE;
    }
  pthread_mutex_init (&self->lock, NULL);
  return TRUE;
}

/* Ends a mailbox in which there is no mail, and which no other thread uses any more. */
void
sse_mailbox_clear (SseMailbox *self)
{
  close (self->event_fd);
  pthread_mutex_destroy (&self->lock);
}

/**
 * sse_mailbox_post:
 * @list: moved into the mailbox, and empty afterwards
 *
 * In any thread. Wakes the reader if there was no mail: as it takes all there is, once is enough.
 */
void
sse_mailbox_post (SseMailbox *self, SseMailList *list)
{
  gboolean was_empty;

  if (list->first == NULL)
    return;

  pthread_mutex_lock (&self->lock);
  was_empty = self->list.first == NULL;
  move_all (&self->list, list);
  pthread_mutex_unlock (&self->lock);

  if (was_empty)
    while (eventfd_write (self->event_fd, 1) < 0 && errno == EINTR)
      ;
}

/**
 * sse_mailbox_take:
 * @list: all mail is added to it
 *
 * In the reading thread.
 */
void
sse_mailbox_take (SseMailbox *self, SseMailList *list)
{
  eventfd_t count;

  /* Before the mail: what is posted in between then wakes in vain, and not the other way round. */
  while (eventfd_read (self->event_fd, &count) < 0 && errno == EINTR)
    ;

  pthread_mutex_lock (&self->lock);
  move_all (list, &self->list);
  pthread_mutex_unlock (&self->lock);
}
