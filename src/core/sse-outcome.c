/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-outcome.h"

void
sse_outcome_free (SseOutcome *self)
{
  g_free (self->id);
  g_clear_error (&self->error);
  g_free (self);
}
