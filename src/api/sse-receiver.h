/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>

#include "sse-update.h"

G_BEGIN_DECLS

#define SSE_TYPE_RECEIVER (sse_receiver_get_type ())
G_DECLARE_INTERFACE (SseReceiver, sse_receiver, SSE, RECEIVER, GObject)

/**
 * SseReceiverInterface:
 * @get_path: (nullable): the path whose `POST` it takes, "/github/webhook"; %NULL where it is not
 *   configured to take any: then there is no such route. Called in the main thread.
 * @get_max_body: the most bytes of body it takes. Called in the main thread.
 * @receive: makes an update of a request. Called in a thread of its own, several at a time, also
 *   while configure() runs: it looks at no state but its settings. @headers maps names in lower
 *   case to values, those of repeated headers joined by ", ". An @update of %NULL with success
 *   means that there is nothing to publish. Sets %SSE_ERROR_NOT_AUTHORIZED or
 *   %SSE_ERROR_INVALID_UPDATE.
 *
 * What a source also implements to take requests from outside, such as a webhook.
 */
struct _SseReceiverInterface
{
  GTypeInterface parent_iface;

  const char *(*get_path) (SseReceiver *self);
  gsize (*get_max_body) (SseReceiver *self);
  gboolean (*receive) (
      SseReceiver *self, GHashTable *headers, GBytes *body, SseUpdate **update, GError **error);
};

const char *sse_receiver_get_path     (SseReceiver *self);
gsize       sse_receiver_get_max_body (SseReceiver *self);
gboolean    sse_receiver_receive      (SseReceiver *self,
                                       GHashTable  *headers,
                                       GBytes      *body,
                                       SseUpdate  **update,
                                       GError     **error);

G_END_DECLS
