/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "sse-answer.h"
#include "sse-gate.h"
#include "sse-pending.h"

G_BEGIN_DECLS

/**
 * SseListener:
 *
 * Accepts connections, looks at the head of each one's request, and hands on those that are in
 * order; a request that brings a body only once all of it has come. Everything happens in the main
 * context that it was made in.
 */
typedef struct _SseListener SseListener;

/**
 * SseListenerOptions:
 * @gate: limits of connections and bodies
 * @head_timeout_ms: time for a whole request head
 * @body_timeout_seconds: time for a whole body, from when its head was judged
 */
typedef struct
{
  SseGateOptions gate;
  guint head_timeout_ms;
  guint body_timeout_seconds;
} SseListenerOptions;

/**
 * SseListenerFuncs:
 * @answer: returns the answer (transfer full) to a request that its head alone is enough for, such
 *   as one that is refused, %NULL for one that is handed on. The answer is sent, and the connection
 *   closed. @admission is asked whether there is room. Of a `POST` that is handed on, it sets
 *   @max_body to how many bytes of body are taken.
 * @admit: (nullable): takes a connection whose request is handed on and is no `POST`, with nothing
 *   of it read yet; @admission is to be kept (transfer full) as long as the connection lasts. %NULL,
 *   like the next one, where @answer leaves nothing
 * @take_upload: (nullable): takes (transfer full) a `POST` that is handed on, with its body; to be
 *   given to sse_listener_answer(), or freed where it is not to be answered
 *
 * What the listener asks of its user; none of them may free it.
 */
typedef struct
{
  SseAnswer *(*answer) (const SseRequest *request,
                        SseAdmission *admission,
                        gsize *max_body,
                        gpointer user_data);
  void (*admit) (GSocketConnection *connection, SseAdmission *admission, gpointer user_data);
  void (*take_upload) (SseUpload *upload, gpointer user_data);
} SseListenerFuncs;

SseListener       *sse_listener_new             (GPtrArray                *bound,
                                                 const SseListenerOptions *options,
                                                 const SseListenerFuncs   *funcs,
                                                 SseCounters              *counters,
                                                 gpointer                  user_data,
                                                 GError                  **error);
void               sse_listener_free            (SseListener              *self);
void               sse_listener_configure       (SseListener              *self,
                                                 const SseListenerOptions *options);
void               sse_listener_stop            (SseListener              *self);
void               sse_listener_answer          (SseListener              *self,
                                                 SseUpload                *upload,
                                                 SseAnswer                *answer);

const char *const *sse_listener_get_addresses   (SseListener              *self);
guint              sse_listener_get_connections (SseListener              *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SseListener, sse_listener_free)

G_END_DECLS
