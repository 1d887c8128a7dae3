/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-nats-note.h"

SseNatsNote *
sse_nats_note_new (SseNatsNoteType type)
{
  SseNatsNote *self = g_new0 (SseNatsNote, 1);

  self->type = type;
  return self;
}

void
sse_nats_note_free (SseNatsNote *self)
{
  g_clear_pointer (&self->updates, g_ptr_array_unref);
  g_free (self->node);
  g_clear_error (&self->error);
  g_free (self);
}

/* Takes it. */
void
sse_nats_note_post (SseNatsNote *self, SseMailbox *notes)
{
  SseMailList list = { 0 };

  sse_mail_list_push (&list, &self->mail);
  sse_mailbox_post (notes, &list);
}
