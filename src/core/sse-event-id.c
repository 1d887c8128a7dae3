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
 * sse_event_id_parse:
 * @id: what a client says that its last id was
 * @epoch: the current epoch
 * @position: (out): the id's position
 *
 * Returns: whether @id has the form of an id, exactly as it is written here, and is of @epoch
 */
gboolean
sse_event_id_parse (const char *id, const char *epoch, guint64 *position)
{
  gsize length = strlen (epoch);
  const char *digits = id + length + 1;

  if (strncmp (id, epoch, length) != 0 || id[length] != '-')
    return FALSE;
  if (digits[0] == '0' && digits[1] != '\0')
    return FALSE;
  return g_ascii_string_to_unsigned (digits, 10, 0, G_MAXUINT64, position, NULL);
}
