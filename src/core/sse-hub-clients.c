/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-combination.h"
#include "sse-event-id.h"
#include "sse-forerunners.h"
#include "sse-hub-private.h"

void
sse_hub_let_in (SseStream *stream,
                SseCombination *combination,
                GPtrArray *streams,
                const SseSubscriber *subscriber,
                gpointer user_data)
{
  SseHub *self = SSE_HUB (user_data);

  if (stream != NULL)
    sse_stream_subscribe (stream, subscriber);
  else
    sse_combinations_subscribe (self->host.combinations, combination, streams, subscriber);
  if (stream != NULL)
    sse_stream_turn_out (stream);
  for (guint i = 0; stream == NULL && i < streams->len; i++)
    sse_stream_turn_out (streams->pdata[i]);
}

/* Whether it has more than was applied here, and that can be. @position: (out): what it has */
static gboolean
is_ahead (SseHub *self, const SseSubscriber *subscriber, guint64 *position)
{
  g_autofree char *epoch = NULL;

  return subscriber->last_event_id != NULL
         && sse_event_id_parse (subscriber->last_event_id, &epoch, position)
         && g_str_equal (epoch, self->host.epoch) && *position > self->host.position
         && sse_log_ask_end (self->log);
}

static void
subscribe (SseHub *self,
           SseStream *stream,
           SseCombination *combination,
           GPtrArray *streams,
           const SseSubscriber *subscriber)
{
  guint64 position;

  if (!is_ahead (self, subscriber, &position))
    {
      sse_hub_let_in (stream, combination, streams, subscriber, self);
      return;
    }
  sse_forerunners_hold (self->host.forerunners, position, stream, combination, streams, subscriber);
  /* Who stops will not get that far. */
  if (self->closed)
    sse_forerunners_close (self->host.forerunners);
}

/**
 * sse_hub_subscribe:
 * @stream: one of the hub's streams, enabled or so until lately
 * @subscriber: a client; its socket and its ticket are taken
 *
 * Lets a client follow a stream, from its first events to its end.
 */
void
sse_hub_subscribe (SseHub *self, SseStream *stream, const SseSubscriber *subscriber)
{
  subscribe (self, stream, NULL, NULL, subscriber);
}

/**
 * sse_hub_combine:
 * @streams: (element-type SseStream): of the hub's streams, enabled; different ones, at most
 *   %SSE_HUB_MAX_COMBINED
 * @user: whose client it is
 *
 * Returns: (transfer full) (nullable): what lets a client follow them all on one connection, by
 *   sse_hub_subscribe_combined(); %NULL where too many other combinations are followed, or too many
 *   that @user was the first to follow
 */
SseCombination *
sse_hub_combine (SseHub *self, GPtrArray *streams, const char *user)
{
  return sse_combinations_take (self->host.combinations, streams, user);
}

/**
 * sse_hub_subscribe_combined:
 * @combination: (transfer full): what sse_hub_combine() gave for @streams
 * @streams: (element-type SseStream): in the order in which their first events are to come
 * @subscriber: a client; its socket and its ticket are taken
 */
void
sse_hub_subscribe_combined (SseHub *self,
                            SseCombination *combination,
                            GPtrArray *streams,
                            const SseSubscriber *subscriber)
{
  subscribe (self, NULL, combination, streams, subscriber);
}

/* Of the fan-out's channels, the streams' come first, then the canaries', then the combinations'.
 */
guint
sse_hub_get_first_combined (SseHub *self)
{
  return sse_streams_get_n_channels (self->streams) + 1;
}

/* @client: what is known of it, but the stream */
static void
tell_left (SseHub *self, SseStream *stream, SseClientRecord client, SseCloseReason reason)
{
  client.stream = sse_stream_get_name (stream);
  sse_client_journal_closed (&self->host.journal, &client, reason);
}

/* A client that had joined is gone. */
void
sse_hub_take_left (guint channel,
                   const char *user,
                   const char *last_event_id,
                   SseCloseReason reason,
                   gpointer user_data)
{
  SseHub *self = SSE_HUB (user_data);
  GPtrArray *streams = sse_streams_get (self->streams);
  SseClientRecord client = { .user = user, .position = self->host.position };
  SseCombination *combination;

  client.last_event_id = *last_event_id != '\0' ? last_event_id : NULL;
  if (channel < streams->len)
    {
      tell_left (self, streams->pdata[channel], client, reason);
      sse_stream_client_left (streams->pdata[channel], channel, user, reason);
      return;
    }
  if (channel < sse_hub_get_first_combined (self))
    return;
  combination = sse_combinations_find (self->host.combinations, channel);
  streams = sse_combination_get_streams (combination);
  for (guint i = 0; i < streams->len; i++)
    tell_left (self, streams->pdata[i], client, reason);
  sse_combination_client_left (combination, user, reason);
}
