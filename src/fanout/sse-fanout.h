/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "sse-frame.h"

G_BEGIN_DECLS

/**
 * SseFanout:
 *
 * Sends frames to clients: worker threads that own the clients' sockets. It knows channels (by
 * number), users (by name) and frames, and nothing of what they mean.
 *
 * All functions are called in one thread, that of the #GMainContext it was made in; what is asked
 * for happens in the order in which it was asked for, in every worker. The workers are told when
 * the context's current iteration is over, so that what belongs together is one wake-up and one
 * write; a context that is not iterated sends nothing.
 */
typedef struct _SseFanout SseFanout;

/**
 * SseFanoutOptions:
 * @n_workers: threads, at least 1
 * @n_channels: channels, numbered from 0
 * @queue_bytes: what may wait for one client, not counting a frame that is partly written; where
 *   nothing else waits, one frame may be larger
 * @total_bytes: the memory that what waits for slow clients may take, an equal part for each
 *   worker, in which a frame counts once however many it waits for. Where it is more, those who
 *   cost most are closed
 * @heartbeat_ms: between two heartbeats to a client
 * @peer_timeout_ms: how long what was sent may stay unacknowledged, or unread in a peer that takes
 *   no more, until the peer is taken for dead
 * @retry_min_ms: the least `retry:` that is sent
 * @retry_max_ms: the greatest
 */
typedef struct
{
  guint n_workers;
  guint n_channels;
  gsize queue_bytes;
  gsize total_bytes;
  guint heartbeat_ms;
  guint peer_timeout_ms;
  guint retry_min_ms;
  guint retry_max_ms;
} SseFanoutOptions;

/**
 * SseCloseReason:
 * @SSE_CLOSE_GONE: the peer hung up, or writing to it failed
 * @SSE_CLOSE_EXPIRED: its token expired
 * @SSE_CLOSE_OVERFLOW: it read too slowly, and its queue overflowed, or all together
 * @SSE_CLOSE_STOPPED: the fan-out stops
 * @SSE_CLOSE_REVOKED: its user was told to leave, see sse_fanout_end_user()
 * @SSE_CLOSE_DISABLED: all of the channel were, see sse_fanout_end_channel()
 */
typedef enum
{
  SSE_CLOSE_GONE,
  SSE_CLOSE_EXPIRED,
  SSE_CLOSE_OVERFLOW,
  SSE_CLOSE_STOPPED,
  SSE_CLOSE_REVOKED,
  SSE_CLOSE_DISABLED,
} SseCloseReason;

#define SSE_N_CLOSE_REASONS (SSE_CLOSE_DISABLED + 1)

typedef struct _SseTicket SseTicket;

/**
 * SseTicket:
 * @release: called once, in the main thread, when the client has left
 *
 * What its owner knows of a client for as long as there is one: the start of a struct of theirs.
 */
struct _SseTicket
{
  void (*release) (SseTicket *self);
};

/**
 * SseJoin:
 * @fd: a connected non-blocking stream socket; the fan-out closes it
 * @chunked: whether frames go out as chunks (HTTP/1.1)
 * @channel: the channel followed
 * @user: the user
 * @personal: in which parts of the channel this user gets views of their own, as bits; see
 *   sse_fanout_set_personal()
 * @expires: when to close, in µs since 1970 UTC; %G_MAXINT64 for never
 * @frames: (nullable) (element-type SseFrame): what it gets before all else, never replaced by newer views
 *   and not counted in its queue's bound
 * @last_event_id: (nullable): where it was, as it says, in UTF-8; kept for listings, so it should
 *   not be long
 * @ticket: (nullable) (transfer full): released when the client has left
 *
 * A client as it is given to the fan-out.
 */
typedef struct
{
  int fd;
  gboolean chunked;
  guint channel;
  const char *user;
  guint32 personal;
  gint64 expires;
  GPtrArray *frames;
  const char *last_event_id;
  SseTicket *ticket;
} SseJoin;

/**
 * SseFanoutLeft:
 * @channel: the channel it followed
 * @user: its user
 * @last_event_id: what it came with; empty where it came with none
 *
 * Told in the main context for every client that joined, once, after its socket was closed.
 */
typedef void (*SseFanoutLeft) (guint channel,
                               const char *user,
                               const char *last_event_id,
                               SseCloseReason reason,
                               gpointer user_data);

/**
 * SseCatchUp:
 *
 * A client that is behind the others: it gets what it missed in slices, and nothing that is sent
 * to others meanwhile.
 */
typedef struct _SseCatchUp SseCatchUp;

/**
 * SseFanoutFed:
 * @gone: whether the client has left, and its #SseCatchUp with it; else it is due its next slice,
 *   as its socket has taken all of the one before
 *
 * Told in the main context.
 */
typedef void (*SseFanoutFed) (gboolean gone, gpointer user_data);

/**
 * SseListed:
 * @user: its user
 * @address: its peer's address, without the port: IPv4 or IPv6, or `unix`, see
 *   sse_peer_text_write(). Where a proxy is between, that is the proxy's: what a proxy says of whom
 *   it speaks for, as X-Forwarded-For does, is not looked at
 * @last_event_id: what it came with; empty where it came with none
 * @since: when it joined, in µs since 1970 UTC
 * @queued_bytes: what waits for it because its socket did not take it yet
 * @text: what the others point into: it is freed by g_free() alone
 *
 * What is known of a client.
 */
typedef struct
{
  const char *user;
  const char *address;
  const char *last_event_id;
  gint64 since;
  guint64 queued_bytes;
  char text[];
} SseListed;

/**
 * SseFanoutListed:
 * @clients: (element-type SseListed): the channels' clients, those first for whom most waits. A
 *   reference may be taken.
 *
 * It may call the fan-out's functions, but not sse_fanout_free().
 */
typedef void (*SseFanoutListed) (GPtrArray *clients, gpointer user_data);

#define SSE_FANOUT_NO_VIEW G_MAXUINT

/* A channel has up to 32 parts, in each of which a user may get views of their own. A view's number
 * in the channel says which part it is of: with one part, it is the view's number in that. */
#define SSE_FANOUT_MAX_PARTS          32
#define SSE_FANOUT_VIEW(part, number) ((part) << 8 | (number))
#define SSE_FANOUT_PART(view)         ((view) >> 8)

SseFanout  *sse_fanout_new              (const SseFanoutOptions *options,
                                         SseFanoutLeft           left,
                                         gpointer                user_data,
                                         GError                **error);
void        sse_fanout_free             (SseFanout              *self);
void        sse_fanout_configure        (SseFanout              *self,
                                         const SseFanoutOptions *options);
void        sse_fanout_end              (SseFanout              *self);

void        sse_fanout_join             (SseFanout              *self,
                                         const SseJoin          *join);
SseCatchUp *sse_fanout_join_behind      (SseFanout              *self,
                                         const SseJoin          *join,
                                         SseFanoutFed            fed,
                                         gpointer                user_data);
void        sse_fanout_feed             (SseFanout              *self,
                                         SseCatchUp             *catch_up,
                                         GPtrArray              *frames);
void        sse_fanout_feed_last        (SseFanout              *self,
                                         SseCatchUp             *catch_up,
                                         GPtrArray              *frames);
void        sse_fanout_send             (SseFanout              *self,
                                         guint                   channel,
                                         const char             *user,
                                         SseFrame               *frame);
void        sse_fanout_send_view        (SseFanout              *self,
                                         guint                   channel,
                                         const char             *user,
                                         guint                   view,
                                         SseFrame               *frame);
void        sse_fanout_set_personal     (SseFanout              *self,
                                         guint                   channel,
                                         const char             *user,
                                         guint                   part,
                                         gboolean                personal);

void        sse_fanout_end_user         (SseFanout              *self,
                                         guint                   channel,
                                         const char             *user);
void        sse_fanout_end_channel      (SseFanout              *self,
                                         guint                   channel);

void        sse_fanout_list             (SseFanout              *self,
                                         const guint            *channels,
                                         guint                   n_channels,
                                         guint                   max,
                                         SseFanoutListed         listed,
                                         gpointer                user_data);

SseFrame   *sse_fanout_new_retry_frame  (SseFanout              *self);
guint64     sse_fanout_get_queued_bytes (SseFanout              *self,
                                         guint                   channel);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SseFanout, sse_fanout_free)

const char *sse_close_reason_get_name   (SseCloseReason          reason);

G_END_DECLS
