/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * SseCount:
 * @n: how many there are
 * @n_served: how many of them are served
 * @name: of whom
 *
 * What there is of one name.
 */
typedef struct
{
  guint n;
  guint n_served;
  char name[];
} SseCount;

/**
 * SseTally:
 *
 * Counts by name. Only names of which there is something take memory.
 */
typedef struct _SseTally SseTally;

SseTally *sse_tally_new  (void);
void      sse_tally_free (SseTally   *self);
SseCount *sse_tally_add  (SseTally   *self,
                          const char *name);
void      sse_tally_drop (SseTally   *self,
                          SseCount   *count);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SseTally, sse_tally_free)

G_END_DECLS
