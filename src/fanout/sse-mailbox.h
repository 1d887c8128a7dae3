/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <pthread.h>

G_BEGIN_DECLS

/**
 * SseMail:
 *
 * The first member of whatever goes from one thread to another.
 */
typedef struct _SseMail SseMail;

struct _SseMail
{
  SseMail *next;
};

/**
 * SseMailList:
 *
 * Mail in order, belonging to one thread; all zero when empty.
 */
typedef struct
{
  SseMail *first;
  SseMail *last;
  guint length;
} SseMailList;

/**
 * SseMailbox:
 * @event_fd: readable while there is mail, for poll()
 *
 * Carries mail to one reading thread, in the order in which it was posted. It is made of a mutex
 * and an eventfd, not of GLib's, so that ThreadSanitizer sees what it orders.
 */
typedef struct
{
  pthread_mutex_t lock;
  SseMailList list;
  int event_fd;
} SseMailbox;

void     sse_mail_list_push (SseMailList *self,
                             SseMail     *mail);
SseMail *sse_mail_list_pop  (SseMailList *self);

gboolean sse_mailbox_init   (SseMailbox  *self,
                             GError     **error);
void     sse_mailbox_clear  (SseMailbox  *self);
void     sse_mailbox_post   (SseMailbox  *self,
                             SseMailList *list);
void     sse_mailbox_take   (SseMailbox  *self,
                             SseMailList *list);

G_END_DECLS
