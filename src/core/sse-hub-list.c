/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-hub-private.h"
#include "sse-unknown-stream.h"

static void
on_listed (GPtrArray *clients, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;

  g_task_return_pointer (task, g_ptr_array_ref (clients), (GDestroyNotify) g_ptr_array_unref);
}

/**
 * sse_hub_list_clients_async:
 * @stream: a stream's name; one that is disabled has no clients
 * @max: how many clients at most; %SSE_HUB_MAX_LISTED where it is 0 or more than that
 *
 * Lists who follows a stream, be it among others on one connection, those first for whom most
 * waits. A client that came a moment ago is not listed yet: it first waits for what it gets first
 * to be rendered, or read from the log, and the stream counts it already. One that is catching up
 * is.
 */
void
sse_hub_list_clients_async (
    SseHub *self, const char *stream, guint max, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, user_data);
  SseStream *found = sse_streams_find (self->streams, stream);
  g_autoptr (GArray) channels = NULL;

  if (found == NULL)
    {
      GError *error = NULL;

      sse_unknown_stream_set_error (sse_streams_get (self->streams), stream, &error);
      g_task_return_error (task, error);
      return;
    }
  if (self->host.fanout == NULL) /* the hub is stopped, and all clients are gone */
    {
      g_task_return_pointer (task, g_ptr_array_new (), (GDestroyNotify) g_ptr_array_unref);
      return;
    }
  if (max == 0 || max > SSE_HUB_MAX_LISTED)
    max = SSE_HUB_MAX_LISTED;
  channels = sse_stream_get_channels (found);
  sse_fanout_list (self->host.fanout, (const guint *) (gpointer) channels->data, channels->len, max,
                   on_listed, g_steal_pointer (&task));
}

/**
 * sse_hub_list_clients_finish:
 * @error: %SSE_ERROR_UNKNOWN_STREAM
 *
 * Returns: (transfer full) (element-type SseListed) (nullable): the clients, all text UTF-8
 */
GPtrArray *
sse_hub_list_clients_finish (SseHub *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}
