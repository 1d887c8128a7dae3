/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "sse-canaries.h"
#include "sse-fanout.h"
#include "sse-intake.h"
#include "sse-log.h"
#include "sse-outcome.h"
#include "sse-plugin-loader.h"
#include "sse-publication.h"
#include "sse-revocations.h"
#include "sse-stream.h"

G_BEGIN_DECLS

/**
 * SseHub:
 *
 * The way of every update: shape, log, apply, fan-out. And of every client: its first events, then
 * the fan-out. One thread, that of the main context.
 */
#define SSE_TYPE_HUB (sse_hub_get_type ())
G_DECLARE_FINAL_TYPE (SseHub, sse_hub, SSE, HUB, GObject)

/**
 * SseHubOptions:
 * @intake: bounds on what publishers send
 * @fanout: how clients are served
 * @conflate_ms: least time between two renderings of a view
 * @slice_bytes: of what a client that resumes missed, that it is given at a time
 * @resume_events: appended events of each stream kept for clients that resume
 * @resume_bytes: the same in bytes
 * @log_accepted: whether whoever takes updates tells the journal also of those that were accepted
 */
typedef struct
{
  SseIntakeOptions intake;
  SseFanoutOptions fanout;
  guint conflate_ms;
  gsize slice_bytes;
  guint resume_events;
  gsize resume_bytes;
  gboolean log_accepted;
} SseHubOptions;

/**
 * SseSubscriber:
 * @fd: a connected non-blocking socket; taken
 * @chunked: whether what follows @head goes out in chunks
 * @user: who it is, a JWT's `sub`
 * @expires: when to close it, in µs since 1970 UTC; %G_MAXINT64 for never
 * @last_event_id: (nullable): where it was, as it says; at most 64 bytes of it are kept and listed
 * @head: the response's head, the first that is sent
 * @ticket: (nullable) (transfer full): released when the client has left
 */
typedef struct
{
  int fd;
  gboolean chunked;
  const char *user;
  gint64 expires;
  const char *last_event_id;
  SseFrame *head;
  SseTicket *ticket;
} SseSubscriber;

/* See sse_hub_combine(). */
typedef struct _SseCombination SseCombination;

/* Streams that can be followed on one connection, at most. */
#define SSE_HUB_MAX_COMBINED 16

/* Clients that one listing has at most. */
#define SSE_HUB_MAX_LISTED 10000

SseHub     *sse_hub_new            (GPtrArray           *plugins,
                                    SseLog              *log,
                                    const SseHubOptions *options,
                                    GError             **error);

gboolean    sse_hub_load           (SseHub              *self,
                                    GError             **error);
void        sse_hub_configure      (SseHub              *self,
                                    const SseHubOptions *options);
void        sse_hub_close          (SseHub              *self);
gboolean    sse_hub_is_quiet       (SseHub              *self);
void        sse_hub_end_clients    (SseHub              *self);
void        sse_hub_stop           (SseHub              *self);

void        sse_hub_publish_async  (SseHub              *self,
                                    GPtrArray           *updates,
                                    GAsyncReadyCallback  callback,
                                    gpointer             user_data);
GPtrArray  *sse_hub_publish_finish (SseHub              *self,
                                    GAsyncResult        *result,
                                    GError             **error);

void        sse_hub_revoke_async   (SseHub              *self,
                                    const char          *user,
                                    GAsyncReadyCallback  callback,
                                    gpointer             user_data);
const SseRevocations *
            sse_hub_get_revocations
                                   (SseHub              *self);

void        sse_hub_subscribe      (SseHub              *self,
                                    SseStream           *stream,
                                    const SseSubscriber *subscriber);

SseCombination *
            sse_hub_combine        (SseHub              *self,
                                    GPtrArray           *streams,
                                    const char          *user);
void        sse_combination_release
                                   (SseCombination      *self);
void        sse_hub_subscribe_combined
                                   (SseHub              *self,
                                    SseCombination      *combination,
                                    GPtrArray           *streams,
                                    const SseSubscriber *subscriber);

void        sse_hub_list_clients_async
                                   (SseHub              *self,
                                    const char          *stream,
                                    guint                max,
                                    GAsyncReadyCallback  callback,
                                    gpointer             user_data);
GPtrArray  *sse_hub_list_clients_finish
                                   (SseHub              *self,
                                    GAsyncResult        *result,
                                    GError             **error);

gboolean    sse_hub_keep_canaries  (SseHub              *self,
                                    GError             **error);
void        sse_hub_beat           (SseHub              *self,
                                    SseCanariesDone      done,
                                    gpointer             user_data);

guint       sse_hub_get_max_updates (SseHub             *self);
const SsePublishingCounters *
            sse_hub_get_counters   (SseHub              *self);
SsePublicationRecord *
            sse_hub_get_record
                                   (SseHub              *self);
gsize       sse_hub_get_max_update_bytes
                                   (SseHub              *self);
SseLog     *sse_hub_get_log        (SseHub              *self);
gboolean    sse_hub_disable        (SseHub              *self,
                                    const char          *name,
                                    const char          *reason,
                                    GError             **error);
SseStream  *sse_hub_get_stream     (SseHub              *self,
                                    const char          *name);
GPtrArray  *sse_hub_get_streams    (SseHub              *self);
guint       sse_hub_get_n_clients  (SseHub              *self);

G_END_DECLS
