/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-error.h"

/* In characters. */
#define MAX_TOLD 64

G_DEFINE_QUARK (sse_error_quark, sse_error)

/**
 * sse_error_clip:
 * @text: UTF-8 from outside, which may be as long as a whole update
 *
 * Returns: (transfer full): as much of it as a message repeats, control characters escaped
 */
char *
sse_error_clip (const char *text)
{
  gboolean whole = g_utf8_strlen (text, -1) <= MAX_TOLD;
  g_autofree char *start = g_utf8_substring (text, 0, whole ? -1 : MAX_TOLD);
  GString *told = g_string_new (NULL);

  for (const char *p = start; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      /* Those that change what stands around them are escaped too. */
      if (g_unichar_iscntrl (c) || g_unichar_type (c) == G_UNICODE_FORMAT
          || g_unichar_type (c) == G_UNICODE_LINE_SEPARATOR
          || g_unichar_type (c) == G_UNICODE_PARAGRAPH_SEPARATOR)
        g_string_append_printf (told, "\\u%04x", c);
      else
        g_string_append_unichar (told, c);
    }
  if (!whole)
    g_string_append (told, "…");
  return g_string_free (told, FALSE);
}
