/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * SseHeadcount:
 * @n: clients that are there
 * @peak: the most of them since memory was last given back
 * @most: the most of them since there were but a few
 *
 * Counts clients, and has the memory given back to the system that many of them leave behind. All
 * zero at first.
 */
typedef struct
{
  guint n;
  guint peak;
  guint most;
} SseHeadcount;

void sse_headcount_add    (SseHeadcount *self);
void sse_headcount_remove (SseHeadcount *self);
void sse_headcount_settle (SseHeadcount *self,
                           guint         few);

G_END_DECLS
