/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * SseLink:
 *
 * A place in a circular list, part of what is listed: nothing is allocated for being in a list, and
 * leaving one does not need the list. The list itself is a link too; one that is in no list points
 * to itself.
 */
typedef struct _SseLink SseLink;

struct _SseLink
{
  SseLink *prev;
  SseLink *next;
};

/* What @link is the @member of. */
#define sse_link_get(link, Type, member)                                                           \
  ((Type *) (gpointer) ((char *) (link) - G_STRUCT_OFFSET (Type, member)))

static inline void
sse_link_init (SseLink *self)
{
  self->prev = self;
  self->next = self;
}

static inline gboolean
sse_link_is_linked (const SseLink *self)
{
  return self->next != self;
}

static inline void
sse_link_append (SseLink *list,
                 SseLink *self)
{
  self->prev = list->prev;
  self->next = list;
  list->prev->next = self;
  list->prev = self;
}

static inline void
sse_link_remove (SseLink *self)
{
  self->prev->next = self->next;
  self->next->prev = self->prev;
  sse_link_init (self);
}

G_END_DECLS
