/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-client-list.h"

#include <string.h>

static GVariant *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  GVariant *value = g_variant_parse (G_VARIANT_TYPE ("a(ssxst)"), text, NULL, NULL, &error);

  g_assert_no_error (error);
  return value;
}

static void
test_readable (void)
{
  g_autoptr (GVariant) clients = parse ("[('42', '127.0.0.1', 1700000000999999, 'e-12', 1048576),"
                                        " ('a\\u001b[2Jb', '2001:db8::1', 0, '', 7),"
                                        " ('x', '', -9223372036854775808, '\\u009b', 0)]");
  g_autoptr (GTimeZone) zone = g_time_zone_new_offset (2 * 60 * 60);
  g_autofree char *table = sse_client_list_print_readable (clients, zone);

  g_assert_cmpstr (table, ==,
                   " QUEUED  SINCE                ADDRESS      LAST-EVENT-ID  USER\n"
                   "1.0 MiB  2023-11-15 00:13:20  127.0.0.1    e-12           42\n"
                   "    7 B  1970-01-01 02:00:00  2001:db8::1  -              a\\u001b[2Jb\n"
                   "    0 B  -                    -            \\u009b         x\n");
}

/* A user's name is whole, so that it can be revoked. */
static void
test_long_user (void)
{
  g_autofree char *user = g_strnfill (1024, 'u');
  g_autofree char *text = g_strdup_printf ("[('%s', 'a', 0, 'id', 0)]", user);
  g_autofree char *end = g_strdup_printf ("  %s\n", user);
  g_autoptr (GVariant) clients = parse (text);
  g_autoptr (GTimeZone) zone = g_time_zone_new_utc ();
  g_autofree char *table = sse_client_list_print_readable (clients, zone);

  g_assert_true (g_str_has_suffix (table, end));
}

static void
test_nobody (void)
{
  g_autoptr (GVariant) clients = parse ("[]");
  g_autoptr (GTimeZone) zone = g_time_zone_new_utc ();
  g_autofree char *table = sse_client_list_print_readable (clients, zone);
  g_autofree char *lines = sse_client_list_print_json (clients);

  g_assert_cmpstr (table, ==, "QUEUED  SINCE  ADDRESS  LAST-EVENT-ID  USER\n");
  g_assert_cmpstr (lines, ==, "");
}

static void
test_json (void)
{
  g_autoptr (GVariant) clients = parse ("[('4\"2', '::1', 1700000000999999, 'e-12', 1048576),"
                                        " ('\\u001b\\u009b\\n', '', 0, '', 0)]");
  g_autofree char *lines = sse_client_list_print_json (clients);

  g_assert_cmpstr (lines, ==,
                   "{\"User\":\"4\\\"2\",\"Address\":\"::1\",\"Since\":1700000000999999,"
                   "\"LastEventId\":\"e-12\",\"QueuedBytes\":1048576}\n"
                   "{\"User\":\"\\u001b\\u009b\\n\",\"Address\":\"\",\"Since\":0,"
                   "\"LastEventId\":\"\",\"QueuedBytes\":0}\n");
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cli/client-list/readable", test_readable);
  g_test_add_func ("/cli/client-list/long-user", test_long_user);
  g_test_add_func ("/cli/client-list/nobody", test_nobody);
  g_test_add_func ("/cli/client-list/json", test_json);
  return g_test_run ();
}
