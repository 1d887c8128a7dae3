/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-event-printer.h"

static const struct
{
  SseReceivedEvent event;
  const char *readable;
  const char *json;
} prints[] = {
  { { "e-1", "count", "{\"type\":\"count\",\"count\":1}" },
    "10:20:30  count            {\"type\":\"count\",\"count\":1}\n",
    "{\"id\":\"e-1\",\"event\":\"count\",\"data\":{\"type\":\"count\",\"count\":1}}\n" },
  { { "", "posts-by-status", "{}" },
    "10:20:30  posts-by-status  {}\n",
    "{\"id\":\"\",\"event\":\"posts-by-status\",\"data\":{}}\n" },
  /* What is no object is a text. */
  { { "1", "message", "no \"JSON\"" },
    "10:20:30  message          no \"JSON\"\n",
    "{\"id\":\"1\",\"event\":\"message\",\"data\":\"no \\\"JSON\\\"\"}\n" },
  { { "1", "message", "[1]" },
    "10:20:30  message          [1]\n",
    "{\"id\":\"1\",\"event\":\"message\",\"data\":\"[1]\"}\n" },
  /* All on one line. */
  { { "1", "message", "{\n\t\"a\": 1\r\n}" },
    "10:20:30  message          {  \"a\": 1  }\n",
    "{\"id\":\"1\",\"event\":\"message\",\"data\":{  \"a\": 1  }}\n" },
  /* Nothing that moves a terminal: escape, delete, and the one-byte CSI of 8-bit terminals. */
  { { "1", "a\033[2Jb", "\033]0;x\007" },
    "10:20:30  a\\u001b[2Jb      \\u001b]0;x\\u0007\n",
    "{\"id\":\"1\",\"event\":\"a\\u001b[2Jb\",\"data\":\"\\u001b]0;x\\u0007\"}\n" },
  { { "1", "message", "{\"a\":\"\177\302\233é\"}" },
    "10:20:30  message          {\"a\":\"\\u007f\\u009bé\"}\n",
    "{\"id\":\"1\",\"event\":\"message\",\"data\":{\"a\":\"\\u007f\\u009bé\"}}\n" },
};

static void
test_readable (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (prints); i++)
    {
      g_autofree char *line = sse_event_print_readable (&prints[i].event, "10:20:30", FALSE);

      g_assert_cmpstr (line, ==, prints[i].readable);
    }
}

static void
test_json (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (prints); i++)
    {
      g_autofree char *line = sse_event_print_json (&prints[i].event);

      g_assert_cmpstr (line, ==, prints[i].json);
    }
}

static void
test_colours (void)
{
  g_autofree char *line = sse_event_print_readable (&prints[0].event, "10:20:30", TRUE);

  g_assert_cmpstr (line, ==,
                   "\033[2m10:20:30\033[0m  \033[1;36mcount          \033[0m  "
                   "{\"type\":\"count\",\"count\":1}\n");
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cli/event-printer/readable", test_readable);
  g_test_add_func ("/cli/event-printer/json", test_json);
  g_test_add_func ("/cli/event-printer/colours", test_colours);
  return g_test_run ();
}
