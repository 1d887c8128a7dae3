/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-unparsed.h"

#include <string.h>

#include "sse-error.h"
#include "sse-intake.h"

/* What a JSON value takes in memory when it is parsed, in bytes, about. */
#define VALUE_BYTES 64

/**
 * sse_unparsed_check_size:
 * @size: bytes of an update
 * @max: how many are taken
 * @error: %SSE_ERROR_TOO_LARGE where it has more
 */
gboolean
sse_unparsed_check_size (gsize size, gsize max, GError **error)
{
  if (size <= max)
    return TRUE;
  g_set_error (error, SSE_ERROR, SSE_ERROR_TOO_LARGE,
               "the update has %" G_GSIZE_FORMAT " bytes; at most %" G_GSIZE_FORMAT
               " are taken (max-update-bytes)",
               size, max);
  return FALSE;
}

/**
 * sse_unparsed_check_audience:
 * @audience: (nullable): the user whom an update is for; %NULL for everyone
 * @error: %SSE_ERROR_INVALID_UPDATE where it can be nobody's name
 */
gboolean
sse_unparsed_check_audience (const char *audience, GError **error)
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

/**
 * sse_unparsed_estimate_bytes:
 *
 * Returns: the bytes that an update takes while it is under way: its text, and a tree that may be
 *   many times larger. There are about as many values as commas and colons.
 */
gsize
sse_unparsed_estimate_bytes (const SseUpdate *update)
{
  gsize size;
  const char *text = g_bytes_get_data (sse_update_get_json (update), &size);
  gsize n_values = 0;

  for (gsize i = 0; i < size; i++)
    n_values += text[i] == ',' || text[i] == ':';
  return size + n_values * VALUE_BYTES;
}
