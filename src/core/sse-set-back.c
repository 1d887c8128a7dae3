/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-set-back.h"

#include <string.h>

/**
 * sse_set_back:
 * @event: an event with an id as sse_event_id_format() makes it, of a position that is not 0
 *
 * Makes the same event with the position before as its id. Where several events on one connection
 * come of one update, so are all but the last: whoever is cut off between them gets the first ones
 * again, rather than never the others.
 *
 * Returns: (transfer full): the frame
 */
SseFrame *
sse_set_back (const SseFrame *event)
{
  gsize length;
  const char *body = sse_frame_get_bytes (event, FALSE, &length);
  const char *rest = memchr (body, '\n', length);
  const char *digits = (const char *) memrchr (body, '-', (gsize) (rest - body)) + 1;
  guint64 position = g_ascii_strtoull (digits, NULL, 10);
  g_autoptr (GString) text = g_string_new_len (body, digits - body);

  g_string_append_printf (text, "%" G_GUINT64_FORMAT, position - 1);
  g_string_append_len (text, rest, (gssize) length - (rest - body));
  return sse_frame_new_body (text->str, text->len);
}
