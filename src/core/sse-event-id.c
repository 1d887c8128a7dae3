/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-event-id.h"

#include <string.h>

/**
 * sse_event_id_format:
 * @epoch: an epoch, without hyphen
 * @position: a place in the log
 *
 * Returns: (transfer full): the event's id, "EPOCH-POSITION"
 */
char *
sse_event_id_format (const char *epoch, guint64 position)
{
  return g_strdup_printf ("%s-%" G_GUINT64_FORMAT, epoch, position);
}

/**
 * sse_event_id_format_unfinished:
 *
 * Returns: (transfer full): the id of an event as of @position whose client is to get more before
 * it is there: "EPOCH-0POSITION". It is no place to go on from, and sse_event_id_parse() refuses it
 */
char *
sse_event_id_format_unfinished (const char *epoch, guint64 position)
{
  return g_strdup_printf ("%s-0%" G_GUINT64_FORMAT, epoch, position);
}

/**
 * sse_event_id_parse:
 * @id: what a client says that its last id was
 * @epoch: (out) (transfer full): the id's epoch
 * @position: (out): the id's position
 *
 * Returns: whether @id has the form of an id, exactly as it is written here
 */
gboolean
sse_event_id_parse (const char *id, char **epoch, guint64 *position)
{
  const char *hyphen = strchr (id, '-');
  const char *digits;

  if (hyphen == NULL || hyphen == id)
    return FALSE;
  digits = hyphen + 1;
  if (!g_ascii_isdigit (digits[0]) || (digits[0] == '0' && digits[1] != '\0'))
    return FALSE;
  if (!g_ascii_string_to_unsigned (digits, 10, 0, G_MAXUINT64, position, NULL))
    return FALSE;
  *epoch = g_strndup (id, (gsize) (hyphen - id));
  return TRUE;
}
