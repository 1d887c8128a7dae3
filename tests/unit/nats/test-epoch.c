/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-nats-epoch.h"

static void
test_what_is_one (void)
{
  g_auto (SseNatsEpoch) epoch = { 0 };

  g_assert_true (sse_nats_epoch_parse ("0123456789abcdef 1790000000123456789", &epoch));
  g_assert_cmpstr (epoch.name, ==, "0123456789abcdef");
  g_assert_cmpint (epoch.created, ==, 1790000000123456789);
}

/* Its name gets into ids, where a line's end would be one of the stream. */
static void
test_what_is_none (void)
{
  const char *texts[] = {
    "",
    " ",
    "0123456789abcdef",
    "0123456789abcdef ",
    "0123456789abcdef -1",
    "0123456789abcdef 1 2",
    "0123456789abcdef 9223372036854775808",
    "0123456789abcde 1",
    "0123456789abcdef0 1",
    "0123456789abcdef\n 1",
    "0123456789abcde\n 1",
    "0123456789abcde- 1",
    " 1",
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      SseNatsEpoch epoch = { 0 };

      g_test_message ("“%s”", texts[i]);
      g_assert_false (sse_nats_epoch_parse (texts[i], &epoch));
      g_assert_null (epoch.name);
      g_assert_cmpint (epoch.created, ==, 0);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/nats/epoch/what-is-one", test_what_is_one);
  g_test_add_func ("/nats/epoch/what-is-none", test_what_is_none);
  return g_test_run ();
}
