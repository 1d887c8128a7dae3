/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-headcount.h"

#include <malloc.h>

/* Below this many clients their memory is not worth the trouble. */
#define MIN_PEAK 256

void
sse_headcount_add (SseHeadcount *self)
{
  self->n++;
  self->peak = MAX (self->peak, self->n);
  self->most = MAX (self->most, self->n);
}

void
sse_headcount_remove (SseHeadcount *self)
{
  self->n--;
}

/**
 * sse_headcount_settle:
 * @few: as many may stay for ever
 *
 * To be called when some clients have left. What many small things left behind stays with the
 * allocator unless it is asked for: so it is each time that half of the clients are gone, which is
 * seldom enough for the cost of that, and when there are but a few, as these keep pages from
 * being given back all over the place.
 */
void
sse_headcount_settle (SseHeadcount *self, guint few)
{
  gboolean half_left = self->peak >= MIN_PEAK && self->n <= self->peak / 2;
  gboolean all_left = self->most >= MIN_PEAK && self->n <= few;

  if (!half_left && !all_left)
    return;

  malloc_trim (0);
  self->peak = self->n;
  if (self->n <= few)
    self->most = self->n;
}
