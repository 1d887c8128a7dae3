/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an update is judged by before the log has it. */

#include "config.h"

#include "sse-error.h"
#include "sse-intake-private.h"
#include "sse-unparsed.h"

/* What can be judged before the text is parsed. */
gboolean
sse_intake_check_unparsed (SseIntake *self, const SseUpdate *update, GError **error)
{
  gsize size = g_bytes_get_size (sse_update_get_json (update));

  return self->check_stream (update, self->user_data, error)
         && sse_unparsed_check_size (size, self->options.max_update_bytes, error)
         && sse_unparsed_check_audience (sse_update_get_audience (update), error);
}

gboolean
sse_intake_check_room (SseIntake *self, guint n_updates, gsize bytes, GError **error)
{
  if (n_updates > self->options.max_updates || bytes > self->options.max_bytes)
    {
      g_set_error (error, SSE_ERROR, SSE_ERROR_TOO_LARGE,
                   "%u updates of %" G_GSIZE_FORMAT
                   " bytes, parsed, are more than are ever taken at once (max-backlog, "
                   "max-backlog-bytes)",
                   n_updates, bytes);
      return FALSE;
    }
  if ((guint64) self->n_updates + n_updates > self->options.max_updates
      || self->bytes + bytes > self->options.max_bytes)
    {
      g_set_error (error, SSE_ERROR, SSE_ERROR_BUSY, "%u updates wait already; push again later",
                   self->n_updates);
      return FALSE;
    }
  return TRUE;
}

/* Says which of several updates @error is about. */
void
sse_intake_prefix_error (const SseIntakeCall *call, guint index, GError **error)
{
  if (call->updates->len > 1)
    g_prefix_error (error, "updates[%u]: ", index);
}

/* Parses a call's updates and checks their shape; looks at nothing that changes. */
gboolean
sse_intake_judge (const SseIntakeCall *call, GError **error)
{
  for (guint i = 0; i < call->updates->len; i++)
    {
      SseUpdate *update = g_ptr_array_index (call->updates, i);

      if (!sse_update_parse (update, error) || !call->check_shape (update, call->user_data, error))
        {
          sse_intake_prefix_error (call, i, error);
          return FALSE;
        }
    }
  return TRUE;
}
