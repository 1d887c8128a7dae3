/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-event-parser.h"

#include <string.h>

#define MAX_BYTES 1000

/* A stream and what it says, each event as "[id|type|data]". The examples of the WHATWG HTML
 * standard, 9.2.6, are among them. */
static const struct
{
  const char *bytes;
  const char *events;
} streams[] = {
  { "data: a\n\n", "[|message|a]" },
  { "data:a\n\n", "[|message|a]" },
  { "data:  a \n\n", "[|message| a ]" },
  { "data: a\r\n\r\n", "[|message|a]" },
  { "data: a\r\r", "[|message|a]" },
  { "data: a\r\n\ndata: b\n\r", "[|message|a][|message|b]" },
  { "\xef\xbb\xbf"
    "data: a\n\n",
    "[|message|a]" },
  { "data: \xef\xbb\xbf\n\n", "[|message|\xef\xbb\xbf]" },
  { "\xef\xbb\xbf\xef\xbb\xbf"
    "data: a\n\n",
    "" },
  { "data: a\n\n\xef\xbb\xbf"
    "data: b\n\n",
    "[|message|a]" },
  { "data: a\r\ndata: b\r\n\r\n", "[|message|a\nb]" },
  { "data: a", "" },
  { "data: a\n", "" },
  { "data: YHOO\ndata: +2\ndata: 10\n\n", "[|message|YHOO\n+2\n10]" },
  { ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n",
    "[1|message|first event][|message|second event]" },
  { "data\n\ndata\ndata\n\ndata:\n", "[|message|][|message|\n]" },
  { "data:test\n\ndata: test\n\n", "[|message|test][|message|test]" },
  { "event: add\ndata: 73\n\nevent: remove\ndata: 2\n\n", "[|add|73][|remove|2]" },
  { "event: add\n\ndata: 1\n\n", "[|message|1]" },
  { "event: a\nevent: b\ndata: 1\n\n", "[|b|1]" },
  { "id: 7\n\ndata: a\n\n", "[7|message|a]" },
  { "id: 7\ndata: a\n\ndata: b\n\n", "[7|message|a][7|message|b]" },
  { ": a comment\n:\ndata: a\n: another\n\n", "[|message|a]" },
  { "Data: a\nDATA: b\n data: c\ndatum: d\n\n", "" },
  { "data: a:b\n\n", "[|message|a:b]" },
  { "retry: 10\ndata: a\n\n", "[|message|a]" },
  { "\n\n\n", "" },
  { "data: \xff\n\n", "[|message|\xef\xbf\xbd]" },
};

static void
on_event (const SseReceivedEvent *event, gpointer text)
{
  g_string_append_printf (text, "[%s|%s|%s]", event->id, event->type, event->data);
}

static void
feed_in_pieces (SseEventParser *parser, const char *bytes, gsize size)
{
  gsize length = strlen (bytes);

  for (gsize i = 0; i < length; i += size)
    g_assert_true (sse_event_parser_feed (parser, bytes + i, MIN (size, length - i)));
}

static void
test_streams (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (streams); i++)
    for (gsize size = 1; size <= strlen (streams[i].bytes); size++)
      {
        g_autoptr (GString) text = g_string_new (NULL);
        g_autoptr (SseEventParser) parser = sse_event_parser_new (MAX_BYTES, on_event, text);

        feed_in_pieces (parser, streams[i].bytes, size);
        g_assert_cmpstr (text->str, ==, streams[i].events);
      }
}

static void
test_nul (void)
{
  static const char bytes[] = "id: 1\ndata: a\n\nid: 2\0\nretry: 7\0\ndata: b\0c\n\n";
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (SseEventParser) parser = sse_event_parser_new (MAX_BYTES, on_event, text);

  g_assert_true (sse_event_parser_feed (parser, bytes, sizeof bytes - 1));
  g_assert_cmpstr (text->str, ==,
                   "[1|message|a][1|message|b\xef\xbf\xbd"
                   "c]");
  g_assert_cmpint (sse_event_parser_get_retry (parser), ==, -1);
}

static void
test_retry (void)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (SseEventParser) parser = sse_event_parser_new (MAX_BYTES, on_event, text);

  g_assert_cmpint (sse_event_parser_get_retry (parser), ==, -1);
  feed_in_pieces (parser, "retry: 1500\n", 100);
  g_assert_cmpint (sse_event_parser_get_retry (parser), ==, 1500);
  feed_in_pieces (parser, "retry: 1s\nretry: -1\nretry:\nretry: 99999999999999999999\n", 100);
  g_assert_cmpint (sse_event_parser_get_retry (parser), ==, 1500);
  feed_in_pieces (parser, "retry: 0\n", 100);
  g_assert_cmpint (sse_event_parser_get_retry (parser), ==, 0);
}

static void
test_begin (void)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (SseEventParser) parser = sse_event_parser_new (MAX_BYTES, on_event, text);

  feed_in_pieces (parser, "id: 1\ndata: a\n\nid: 2\nevent: lost\ndata: lo", 100);
  sse_event_parser_begin (parser);
  g_assert_cmpstr (sse_event_parser_get_last_id (parser), ==, "1");
  feed_in_pieces (parser,
                  "\xef\xbb\xbf"
                  "data: b\n\n",
                  100);
  g_assert_cmpstr (text->str, ==, "[1|message|a][1|message|b]");
}

static void
test_last_id (void)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (SseEventParser) parser = sse_event_parser_new (MAX_BYTES, on_event, text);

  g_assert_cmpstr (sse_event_parser_get_last_id (parser), ==, "");
  sse_event_parser_set_last_id (parser, "e-5");
  sse_event_parser_begin (parser);
  g_assert_cmpstr (sse_event_parser_get_last_id (parser), ==, "e-5");
  feed_in_pieces (parser, "data: a\n\nid: e-6\n", 100);
  g_assert_cmpstr (sse_event_parser_get_last_id (parser), ==, "e-5");
  feed_in_pieces (parser, "\n", 100);
  g_assert_cmpstr (sse_event_parser_get_last_id (parser), ==, "e-6");
  g_assert_cmpstr (text->str, ==, "[e-5|message|a]");
}

static void
test_too_large (void)
{
  g_autofree char *half = g_strnfill (MAX_BYTES / 2, 'x');
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (SseEventParser) in_one_line = sse_event_parser_new (MAX_BYTES, on_event, text);
  g_autoptr (SseEventParser) in_lines = sse_event_parser_new (MAX_BYTES, on_event, text);
  g_autoptr (SseEventParser) in_order = sse_event_parser_new (MAX_BYTES, on_event, text);

  g_assert_true (sse_event_parser_feed (in_one_line, half, MAX_BYTES / 2));
  g_assert_true (sse_event_parser_feed (in_one_line, half, MAX_BYTES / 2));
  g_assert_false (sse_event_parser_feed (in_one_line, half, 1));

  feed_in_pieces (in_lines, "data: ", 6);
  g_assert_true (sse_event_parser_feed (in_lines, half, MAX_BYTES / 2));
  feed_in_pieces (in_lines, "\ndata: ", 7);
  g_assert_false (sse_event_parser_feed (in_lines, half, MAX_BYTES / 2));

  for (guint i = 0; i < 10; i++)
    {
      feed_in_pieces (in_order, "data: ", 6);
      g_assert_true (sse_event_parser_feed (in_order, half, MAX_BYTES / 2));
      feed_in_pieces (in_order, "\n\n", 2);
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cli/event-parser/streams", test_streams);
  g_test_add_func ("/cli/event-parser/nul", test_nul);
  g_test_add_func ("/cli/event-parser/retry", test_retry);
  g_test_add_func ("/cli/event-parser/begin", test_begin);
  g_test_add_func ("/cli/event-parser/last-id", test_last_id);
  g_test_add_func ("/cli/event-parser/too-large", test_too_large);
  return g_test_run ();
}
