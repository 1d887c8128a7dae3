/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-store-mail.h"

SseStoreJob *
sse_store_job_new (SseStoreJobType type)
{
  SseStoreJob *self = g_new0 (SseStoreJob, 1);

  self->type = type;
  return self;
}

void
sse_store_job_free (SseStoreJob *self)
{
  g_clear_pointer (&self->updates, g_ptr_array_unref);
  g_clear_pointer (&self->parts, g_array_unref);
  g_free (self->event);
  g_free (self);
}

SseStoreNote *
sse_store_note_new (SseStoreNoteType type)
{
  SseStoreNote *self = g_new0 (SseStoreNote, 1);

  self->type = type;
  return self;
}

void
sse_store_note_free (SseStoreNote *self)
{
  g_clear_pointer (&self->updates, g_ptr_array_unref);
  g_clear_pointer (&self->events, g_ptr_array_unref);
  g_clear_error (&self->error);
  g_free (self);
}

/* Takes it. */
void
sse_store_note_post (SseStoreNote *self, SseMailbox *notes)
{
  SseMailList list = { 0 };

  sse_mail_list_push (&list, &self->mail);
  sse_mailbox_post (notes, &list);
}
