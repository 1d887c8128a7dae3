/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-client-list.h"

#include <string.h>

static void
add (SseClientList *list, const char *stream, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) clients
      = g_variant_parse (G_VARIANT_TYPE ("a(ssxst)"), text, NULL, NULL, &error);

  g_assert_no_error (error);
  sse_client_list_add (list, stream, clients);
}

static void
test_readable (void)
{
  g_autoptr (SseClientList) list = sse_client_list_new ();
  g_autoptr (GTimeZone) zone = g_time_zone_new_offset (2 * 60 * 60);
  g_autofree char *table = NULL;

  add (list, "quota",
       "[('42', '127.0.0.1', 1700000000999999, 'e-12', 1048576),"
       " ('a\\u001b[2Jb', '2001:db8::1', 0, '', 7),"
       " ('x', '', -9223372036854775808, '\\u009b', 0)]");
  table = sse_client_list_print_readable (list, FALSE, zone);
  g_assert_cmpstr (table, ==,
                   " QUEUED  SINCE                ADDRESS      LAST-EVENT-ID  USER\n"
                   "1.0 MiB  2023-11-15 00:13:20  127.0.0.1    e-12           42\n"
                   "    7 B  1970-01-01 02:00:00  2001:db8::1  -              a\\u001b[2Jb\n"
                   "    0 B  -                    -            \\u009b         x\n");
}

/* Those with most queued first, then those that were there first, whatever they follow. */
static void
test_several_streams (void)
{
  g_autoptr (SseClientList) list = sse_client_list_new ();
  g_autoptr (GTimeZone) zone = g_time_zone_new_utc ();
  g_autofree char *table = NULL;

  add (list, "quota", "[('a', '::1', 3000000, '', 9), ('b', '::1', 2000000, '', 0)]");
  add (list, "posts-stats", "[('c', '::1', 2000000, '', 99), ('d', '::1', 1000000, '', 0)]");
  g_assert_false (sse_client_list_cut (list, 5));
  table = sse_client_list_print_readable (list, TRUE, zone);
  g_assert_cmpstr (table, ==,
                   "QUEUED  SINCE                ADDRESS  LAST-EVENT-ID  STREAM       USER\n"
                   "  99 B  1970-01-01 00:00:02  ::1      -              posts-stats  c\n"
                   "   9 B  1970-01-01 00:00:03  ::1      -              quota        a\n"
                   "   0 B  1970-01-01 00:00:01  ::1      -              posts-stats  d\n"
                   "   0 B  1970-01-01 00:00:02  ::1      -              quota        b\n");
}

static void
test_cut (void)
{
  g_autoptr (SseClientList) list = sse_client_list_new ();
  g_autofree char *lines = NULL;

  add (list, "quota", "[('a', '', 0, '', 1), ('b', '', 0, '', 3)]");
  add (list, "quota", "[('c', '', 0, '', 2)]");
  g_assert_true (sse_client_list_cut (list, 3));
  g_assert_true (sse_client_list_cut (list, 1));
  lines = sse_client_list_print_json (list);
  g_assert_cmpstr (lines, ==,
                   "{\"Stream\":\"quota\",\"User\":\"b\",\"Address\":\"\",\"LastEventId\":\"\","
                   "\"Since\":0,\"QueuedBytes\":3}\n");
}

/* A user's name is whole, so that it can be revoked. */
static void
test_long_user (void)
{
  g_autoptr (SseClientList) list = sse_client_list_new ();
  g_autofree char *user = g_strnfill (1024, 'u');
  g_autofree char *text = g_strdup_printf ("[('%s', 'a', 0, 'id', 0)]", user);
  g_autofree char *end = g_strdup_printf ("  %s\n", user);
  g_autoptr (GTimeZone) zone = g_time_zone_new_utc ();
  g_autofree char *table = NULL;

  add (list, "quota", text);
  table = sse_client_list_print_readable (list, TRUE, zone);
  g_assert_true (g_str_has_suffix (table, end));
}

static void
test_nobody (void)
{
  g_autoptr (SseClientList) list = sse_client_list_new ();
  g_autoptr (GTimeZone) zone = g_time_zone_new_utc ();
  g_autofree char *table = sse_client_list_print_readable (list, FALSE, zone);
  g_autofree char *lines = sse_client_list_print_json (list);

  g_assert_cmpstr (table, ==, "QUEUED  SINCE  ADDRESS  LAST-EVENT-ID  USER\n");
  g_assert_cmpstr (lines, ==, "");
}

static void
test_json (void)
{
  g_autoptr (SseClientList) list = sse_client_list_new ();
  g_autofree char *lines = NULL;

  add (list, "quota",
       "[('4\"2', '::1', 1700000000999999, 'e-12', 1048576),"
       " ('\\u001b\\u009b\\n', '', 0, '', 0)]");
  lines = sse_client_list_print_json (list);
  g_assert_cmpstr (lines, ==,
                   "{\"Stream\":\"quota\",\"User\":\"4\\\"2\",\"Address\":\"::1\","
                   "\"LastEventId\":\"e-12\",\"Since\":1700000000999999,\"QueuedBytes\":1048576}\n"
                   "{\"Stream\":\"quota\",\"User\":\"\\u001b\\u009b\\n\",\"Address\":\"\","
                   "\"LastEventId\":\"\",\"Since\":0,\"QueuedBytes\":0}\n");
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cli/client-list/readable", test_readable);
  g_test_add_func ("/cli/client-list/several-streams", test_several_streams);
  g_test_add_func ("/cli/client-list/cut", test_cut);
  g_test_add_func ("/cli/client-list/long-user", test_long_user);
  g_test_add_func ("/cli/client-list/nobody", test_nobody);
  g_test_add_func ("/cli/client-list/json", test_json);
  return g_test_run ();
}
