/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-status.h"

#include <string.h>

#define SERVER                                                                                     \
  "@a{sv} {'Version': <'0.1.0'>, 'Connections': <uint32 3>, 'MaxConnections': <uint32 1000>,"      \
  " 'RefusedByTotal': <uint64 1>, 'RefusedByAddress': <uint64 2>, 'RefusedByUser': <uint64 3>,"    \
  " 'TokensRefused': <uint64 5>, 'StoreState': <'ok'>, 'StoreError': <''>}"

static GVariant *
parse (const char *type, const char *text)
{
  g_autoptr (GError) error = NULL;
  GVariant *value = g_variant_parse (G_VARIANT_TYPE (type), text, NULL, NULL, &error);

  g_assert_no_error (error);
  return value;
}

static GVariant *
parse_server (void)
{
  return parse ("a{sv}", SERVER);
}

/* Not in the order of their names; one more object is no stream. */
static GVariant *
parse_objects (void)
{
  return parse ("a{oa{sa{sv}}}",
                "{'/streams/quota': {'io.github.rivulet.Rivulet1.Stream':"
                " {'Name': <'quota'>, 'State': <'running'>, 'Error': <''>, 'Clients': <uint32 12>,"
                " 'Position': <uint64 18446744073709551615>, 'QueuedBytes': <uint64 1536>,"
                " 'Dropped': <uint64 4>}},"
                " '/other': {'org.freedesktop.Other': {'Name': <'other'>}},"
                " '/streams/a': {'io.github.rivulet.Rivulet1.Stream':"
                " {'Name': <'a'>, 'State': <'disabled'>, 'Error': <'no\\u001b[2J plugin'>}}}");
}

static void
test_readable (void)
{
  g_autoptr (GVariant) server = parse_server ();
  g_autoptr (GVariant) objects = parse_objects ();
  g_autofree char *text = sse_status_print_readable (server, objects, "on the session bus");

  g_assert_cmpstr (text, ==,
                   "rivuletd     0.1.0, on the session bus\n"
                   "connections  3 of 1000\n"
                   "refused      6 (too many in all 1, of an address 2, of a user 3); tokens 5\n"
                   "store        ok\n"
                   "\n"
                   "STREAM  STATE     CLIENTS              POSITION   QUEUED  DROPPED\n"
                   "a       disabled        0                     0      0 B        0\n"
                   "  no\\u001b[2J plugin\n"
                   "quota   running        12  18446744073709551615  1.5 KiB        4\n");
}

static void
test_failed_store (void)
{
  g_autoptr (GVariant) server
      = parse ("a{sv}", "{'StoreState': <'failed'>, 'StoreError': <'disk\\u001b full'>}");
  g_autoptr (GVariant) objects = parse ("a{oa{sa{sv}}}", "{}");
  g_autofree char *text = sse_status_print_readable (server, objects, "on the system bus");

  g_assert_nonnull (strstr (text, "\nstore        failed: disk\\u001b full\n"));
}

static void
test_json (void)
{
  g_autoptr (GVariant) server
      = parse ("a{sv}", "{'Version': <'0.1.0'>, 'Accepted': <uint64 7>, 'Later': <true>}");
  g_autoptr (GVariant) objects
      = parse ("a{oa{sa{sv}}}",
               "{'/b': {'io.github.rivulet.Rivulet1.Stream': {'Name': <'b'>}},"
               " '/a': {'io.github.rivulet.Rivulet1.Stream':"
               " {'Name': <'a'>, 'Error': <'\\u001b\\u009b\"\\n'>, 'Clients': <uint32 2>}}}");
  g_autofree char *line = sse_status_print_json (server, objects);

  g_assert_cmpstr (
      line, ==,
      "{\"Server\":{\"Version\":\"0.1.0\",\"Accepted\":7,\"Later\":true},"
      "\"Streams\":[{\"Name\":\"a\",\"Error\":\"\\u001b\\u009b\\\"\\n\",\"Clients\":2},"
      "{\"Name\":\"b\"}]}\n");
}

static void
test_json_away (void)
{
  g_autofree char *line = sse_status_print_json (NULL, NULL);

  g_assert_cmpstr (line, ==, "{\"Server\":null,\"Streams\":[]}\n");
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cli/status/readable", test_readable);
  g_test_add_func ("/cli/status/failed-store", test_failed_store);
  g_test_add_func ("/cli/status/json", test_json);
  g_test_add_func ("/cli/status/json-away", test_json_away);
  return g_test_run ();
}
