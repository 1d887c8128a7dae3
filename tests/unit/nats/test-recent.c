/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-nats-recent.h"

static void
assert_read (const SseNatsRecent *recent, guint back, guint64 sequence, const char *id)
{
  const SseNatsRead *read = sse_nats_recent_get (recent, back);

  g_assert_nonnull (read);
  g_assert_cmpuint (read->sequence, ==, sequence);
  g_assert_cmpstr (read->id, ==, id);
}

static void
test_few (void)
{
  SseNatsRecent recent = { 0 };

  g_assert_null (sse_nats_recent_get (&recent, 0));
  sse_nats_recent_add (&recent, 7, "seven");
  assert_read (&recent, 0, 7, "seven");
  g_assert_null (sse_nats_recent_get (&recent, 1));
  sse_nats_recent_add (&recent, 8, "");
  assert_read (&recent, 0, 8, "");
  assert_read (&recent, 1, 7, "seven");
  g_assert_null (sse_nats_recent_get (&recent, 2));
}

/* The newest are known, whatever there was before. */
static void
test_many (void)
{
  SseNatsRecent recent = { 0 };

  for (guint64 sequence = 1; sequence <= 3 * SSE_NATS_RECENT_MESSAGES + 5; sequence++)
    {
      g_autofree char *id = g_strdup_printf ("%" G_GUINT64_FORMAT, sequence);

      sse_nats_recent_add (&recent, sequence, id);
      for (guint back = 0; back < MIN (sequence, SSE_NATS_RECENT_MESSAGES); back++)
        g_assert_cmpuint (sse_nats_recent_get (&recent, back)->sequence, ==, sequence - back);
      assert_read (&recent, 0, sequence, id);
    }
  g_assert_null (sse_nats_recent_get (&recent, SSE_NATS_RECENT_MESSAGES));
  g_assert_null (sse_nats_recent_get (&recent, G_MAXUINT));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/nats/recent/few", test_few);
  g_test_add_func ("/nats/recent/many", test_many);
  return g_test_run ();
}
