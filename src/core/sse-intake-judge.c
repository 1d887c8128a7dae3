/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an update is judged by before the log has it. */

#include "config.h"

#include <string.h>

#include "sse-error.h"
#include "sse-intake-private.h"
#include "sse-json.h"

/* What a JSON value takes in memory when it is parsed, in bytes, about. */
#define VALUE_BYTES 64

static gboolean
check_audience (const char *audience, GError **error)
{
  if (audience == NULL)
    return TRUE;
  if (*audience == '\0' || strlen (audience) > SSE_INTAKE_MAX_AUDIENCE
      || !g_utf8_validate (audience, -1, NULL))
    {
      g_set_error (error, SSE_ERROR, SSE_ERROR_INVALID_UPDATE,
                   "audience: must be a user's name of 1 to %d bytes; leave it out for everyone",
                   SSE_INTAKE_MAX_AUDIENCE);
      return FALSE;
    }
  return TRUE;
}

/* What can be judged before the text is parsed. */
gboolean
sse_intake_check_unparsed (SseIntake *self, const SseUpdate *update, GError **error)
{
  gsize size = g_bytes_get_size (sse_update_get_json (update));

  if (!self->check_stream (update, self->user_data, error))
    return FALSE;
  if (size > self->options.max_update_bytes)
    {
      g_set_error (error, SSE_ERROR, SSE_ERROR_TOO_LARGE,
                   "the update has %" G_GSIZE_FORMAT " bytes; at most %" G_GSIZE_FORMAT
                   " are taken (max-update-bytes)",
                   size, self->options.max_update_bytes);
      return FALSE;
    }
  return check_audience (sse_update_get_audience (update), error);
}

/* The bytes that an update takes while it is under way: its text, and a tree that may be many times
 * larger. There are about as many values as commas and colons. */
gsize
sse_intake_estimate_bytes (const SseUpdate *update)
{
  gsize size;
  const char *text = g_bytes_get_data (sse_update_get_json (update), &size);
  gsize n_values = 0;

  for (gsize i = 0; i < size; i++)
    n_values += text[i] == ',' || text[i] == ':';
  return size + n_values * VALUE_BYTES;
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

/* An audience is not part of an update. Where one stands in it all the same, the update is not
 * meant for everyone. */
static gboolean
check_misplaced (const SseUpdate *update, GError **error)
{
  if (!json_object_has_member (sse_update_get_object (update), "audience"))
    return TRUE;
  sse_json_set_invalid (error, "", "audience", "belongs beside the update, not into it");
  return FALSE;
}

/* Parses a call's updates and checks their shape; looks at nothing that changes. */
gboolean
sse_intake_judge (const SseIntakeCall *call, GError **error)
{
  for (guint i = 0; i < call->updates->len; i++)
    {
      SseUpdate *update = g_ptr_array_index (call->updates, i);

      if (!sse_update_parse (update, error) || !check_misplaced (update, error)
          || !call->check_shape (update, call->user_data, error))
        {
          sse_intake_prefix_error (call, i, error);
          return FALSE;
        }
    }
  return TRUE;
}
