/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-event-printer.h"

#include <string.h>

#include "sse-cli.h"
#include "sse-json.h"

/* As wide as "posts-by-status". */
#define TYPE_WIDTH 15

#define DIM    "\033[2m"
#define BOLD   "\033[1;36m"
#define NORMAL "\033[0m"

/**
 * sse_event_print_readable:
 * @time: when it came, as it is to be shown
 * @colours: whether it goes to a terminal that shows colours
 *
 * Returns: (transfer full): one line for a person, with its line end
 */
char *
sse_event_print_readable (const SseReceivedEvent *event, const char *time, gboolean colours)
{
  GString *line = g_string_new (NULL);
  g_autofree char *type = sse_cli_tame (event->type);
  g_autofree char *data = sse_cli_tame (event->data);

  g_string_append_printf (line, "%s%s%s  %s%-*s%s  ", colours ? DIM : "", time,
                          colours ? NORMAL : "", colours ? BOLD : "", TYPE_WIDTH, type,
                          colours ? NORMAL : "");
  g_string_append_printf (line, "%s\n", data);
  return g_string_free (line, FALSE);
}

/**
 * sse_event_print_json:
 *
 * Returns: (transfer full): one line for a program, with its line end: an object with `id`,
 * `event` and `data`. Data that is a JSON object stands there as one, other data as a string
 */
char *
sse_event_print_json (const SseReceivedEvent *event)
{
  GString *line = g_string_new ("{\"id\":");
  g_autofree char *data = sse_cli_tame (event->data);
  g_autoptr (JsonNode) object = sse_json_parse (event->data, strlen (event->data), NULL);

  sse_json_append_string (line, event->id);
  g_string_append (line, ",\"event\":");
  sse_json_append_string (line, event->type);
  g_string_append (line, ",\"data\":");
  if (object != NULL)
    g_string_append (line, data);
  else
    sse_json_append_string (line, event->data);
  g_string_append (line, "}\n");
  return g_string_free (line, FALSE);
}
