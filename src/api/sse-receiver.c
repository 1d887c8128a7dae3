/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sse-receiver.h"

G_DEFINE_INTERFACE (SseReceiver, sse_receiver, G_TYPE_OBJECT)

static void
sse_receiver_default_init (SseReceiverInterface *iface)
{
}

const char *
sse_receiver_get_path (SseReceiver *self)
{
  return SSE_RECEIVER_GET_IFACE (self)->get_path (self);
}

gsize
sse_receiver_get_max_body (SseReceiver *self)
{
  return SSE_RECEIVER_GET_IFACE (self)->get_max_body (self);
}

/**
 * sse_receiver_receive:
 * @headers: (element-type utf8 utf8): names in lower case to values
 * @body: the raw body
 * @update: (out) (transfer full) (nullable): the update to publish, %NULL where there is none
 * @error: %SSE_ERROR_NOT_AUTHORIZED, %SSE_ERROR_INVALID_UPDATE
 *
 * Makes an update of a request; may run in any thread.
 *
 * Returns: whether the request was in order
 */
gboolean
sse_receiver_receive (
    SseReceiver *self, GHashTable *headers, GBytes *body, SseUpdate **update, GError **error)
{
  return SSE_RECEIVER_GET_IFACE (self)->receive (self, headers, body, update, error);
}
