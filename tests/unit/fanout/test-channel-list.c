/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-channel.h"

#include <unistd.h>

#include "fixture.h"

/* One worker's answer has no more than was asked for, of whom most waits for. */
static void
test_bound (void)
{
  static const guint maxima[] = { 0, 2, 3, 4, 100 };
  SseClient *clients[5];
  int peers[G_N_ELEMENTS (clients)];
  SseChannel channel;
  gsize pushed = 0;

  sse_channel_init (&channel, 0, &pushed);
  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    {
      g_autoptr (SseFrame) frame = sse_frame_new_raw ("xxxxx", i);
      int fds[2];

      make_pair (fds);
      peers[i] = fds[1];
      clients[i] = sse_client_new (fds[0], FALSE, NEVER, 1000, NULL);
      sse_channel_add (&channel, clients[i], "ann", FALSE);
      if (i >= 2)
        sse_client_push (clients[i], frame, SSE_FANOUT_NO_VIEW, 100);
    }
  for (guint i = 0; i < G_N_ELEMENTS (maxima); i++)
    {
      g_autoptr (GPtrArray) listing = sse_channel_list (&channel, maxima[i]);

      g_assert_cmpuint (listing->len, ==, MIN (maxima[i], G_N_ELEMENTS (clients)));
      for (guint j = 0; j < listing->len; j++)
        g_assert_cmpuint (((const SseListed *) g_ptr_array_index (listing, j))->queued_bytes, ==,
                          j < 3 ? 4 - j : 0);
    }
  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    {
      sse_client_free (clients[i]);
      close (peers[i]);
    }
  sse_channel_clear (&channel);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/channel-list/bound", test_bound);
  return g_test_run ();
}
