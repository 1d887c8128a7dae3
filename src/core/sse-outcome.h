/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sse-error.h"

G_BEGIN_DECLS

/**
 * SseOutcome:
 * @id: the update's event id, %NULL where it was not taken
 * @error: why it was not taken, %NULL where it was; in the domain %SSE_ERROR
 *
 * What became of one update.
 */
typedef struct
{
  char *id;
  GError *error;
} SseOutcome;

void        sse_outcome_free       (SseOutcome *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SseOutcome, sse_outcome_free)

G_END_DECLS
