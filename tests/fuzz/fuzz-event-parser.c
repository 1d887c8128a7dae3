/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a server sends to the command line: the same events however the bytes are cut, and all of
 * them UTF-8. The first byte says how long the pieces are. */

#include "fuzz.h"
#include "sse-event-parser.h"

#define MAX_EVENT_BYTES 64

static void
write_down (const SseReceivedEvent *event, gpointer user_data)
{
  g_assert_true (g_utf8_validate (event->id, -1, NULL));
  g_assert_true (g_utf8_validate (event->type, -1, NULL));
  g_assert_true (g_utf8_validate (event->data, -1, NULL));
  g_assert_cmpstr (event->type, !=, "");
  g_string_append_printf (user_data, "%s\n%s\n%s\n", event->id, event->type, event->data);
}

static char *
read_in_pieces (FuzzText text, gsize piece)
{
  GString *told = g_string_new (NULL);
  g_autoptr (SseEventParser) parser = sse_event_parser_new (MAX_EVENT_BYTES, write_down, told);
  gboolean ok = TRUE;

  for (gsize at = 0; ok && at < text.length; at += piece)
    {
      gsize length = MIN (piece, text.length - at);
      g_autofree char *copy = g_memdup2 (text.bytes + at, length);

      ok = sse_event_parser_feed (parser, copy, length);
    }
  g_string_append_printf (told, "%d", ok);
  if (ok)
    g_string_append_printf (told, " %s %" G_GINT64_FORMAT, sse_event_parser_get_last_id (parser),
                            sse_event_parser_get_retry (parser));
  return g_string_free (told, FALSE);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autofree char *whole = NULL;
  g_autofree char *cut = NULL;

  if (size == 0 || data[0] == 0)
    return 0;
  whole = read_in_pieces (fuzz_text_new (data + 1, size - 1), G_MAXSIZE / 2);
  cut = read_in_pieces (fuzz_text_new (data + 1, size - 1), data[0]);
  g_assert_cmpstr (whole, ==, cut);
  return 0;
}
