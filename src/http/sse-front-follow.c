/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-http"

/* The front's other half: who follows streams. */

#include "config.h"

#include <unistd.h>

#include <libsoup/soup.h>

#include "sse-error.h"
#include "sse-front-private.h"
#include "sse-message.h"
#include "sse-stream-head.h"
#include "sse-stream-request.h"

/* How often the same is told. */
#define TELL_SPAN (60 * G_USEC_PER_SEC)

/* A client on its way from SoupServer to the hub. */
typedef struct
{
  SseFront *front;
  GPtrArray *streams; /* SseStream, in the order asked for */
  SseCombination
      *combination;        /* of these, until it is the hub's; NULL where there is but one's path */
  SseAdmission *admission; /* NULL once it went along with the socket */
  gboolean chunked;
  SseClaims claims;
  char *last_event_id;
  SseFrame *head;
} Follower;

static void
follower_free (Follower *follower)
{
  g_ptr_array_unref (follower->streams);
  g_clear_pointer (&follower->combination, sse_combination_release);
  g_clear_pointer (&follower->admission, sse_admission_unref);
  sse_claims_clear (&follower->claims);
  g_free (follower->last_event_id);
  sse_frame_unref (follower->head);
  g_free (follower);
}

/* Between its request and here, a turn of the main context, its token may have been revoked. */
static void
on_taken_over (int fd, gpointer user_data)
{
  Follower *follower = user_data;
  SseFront *self = follower->front;
  SseSubscriber subscriber = {
    .fd = fd,
    .chunked = follower->chunked,
    .user = follower->claims.subject,
    .expires = follower->claims.expires,
    .last_event_id = follower->last_event_id,
    .head = follower->head,
  };

  if (sse_auth_is_revoked (&self->auth, &follower->claims))
    {
      close (fd);
      return;
    }
  subscriber.ticket = sse_admission_make_ticket (g_steal_pointer (&follower->admission));
  if (follower->combination != NULL)
    sse_hub_subscribe_combined (self->hub, g_steal_pointer (&follower->combination),
                                follower->streams, &subscriber);
  else
    sse_hub_subscribe (self->hub, follower->streams->pdata[0], &subscriber);
}

/* @combination: (transfer full) (nullable): of the streams
 * @claims: who it is; what they have is taken */
static void
let_follow (SseFront *self,
            GPtrArray *streams,
            SseCombination *combination,
            SoupServerMessage *message,
            SseAdmission *admission,
            const char *query,
            SseClaims *claims)
{
  Follower *follower = g_new0 (Follower, 1);

  follower->front = self;
  follower->streams = g_ptr_array_ref (streams);
  follower->combination = combination;
  follower->admission = sse_admission_ref (admission);
  follower->chunked = soup_server_message_get_http_version (message) == SOUP_HTTP_1_1;
  follower->claims = *claims;
  *claims = (SseClaims){ 0 };
  follower->last_event_id = sse_stream_request_dup_last_event_id (
      sse_message_get_field (message, "Last-Event-ID"), query);
  follower->head = sse_stream_head_new (self->cors, sse_message_get_field (message, "Origin"),
                                        follower->chunked);
  sse_unanswered_forget (self->unanswered, message);
  sse_takeovers_begin (&self->takeovers, message, on_taken_over, follower,
                       (GDestroyNotify) follower_free);
}

/* Takes @answer, to a request for what is at @route. */
void
sse_front_respond (SseFront *self,
                   const SseRoute *route,
                   SoupServerMessage *message,
                   SseAnswer *answer)
{
  sse_cors_add_fields (self->cors, sse_route_get_use (route),
                       sse_message_get_field (message, "Origin"), answer);
  sse_message_respond (message, answer);
}

/* Of the streams on one connection; %NULL where there are too many others, which is told seldom. */
static SseCombination *
combine (SseFront *self, GPtrArray *streams, const char *user)
{
  SseCombination *combination = sse_hub_combine (self->hub, streams, user);

  if (combination == NULL && sse_ration_take (&self->told_combinations, 1, TELL_SPAN))
    g_message ("a client is asked to come back later: as many combinations of streams are followed "
               "at once as there may be, or as one user may begin with");
  return combination;
}

/* There is no room for one more: it is asked to come back later. */
static void
turn_away (SseFront *self, SoupServerMessage *message)
{
  sse_message_respond (
      message, sse_stream_head_refuse (self->cors, sse_message_get_field (message, "Origin")));
}

/* Why the streams that are named can't be followed; %NULL where they can, and @streams has them. */
static SseAnswer *
refuse_names (SseFront *self, const char *const *names, GPtrArray *streams)
{
  for (; *names != NULL; names++)
    {
      SseStream *stream = sse_hub_get_stream (self->hub, *names);
      g_autofree char *told = NULL;
      g_autofree char *message = NULL;

      if (stream != NULL && sse_stream_is_enabled (stream))
        {
          g_ptr_array_add (streams, g_object_ref (stream));
          continue;
        }
      told = sse_error_clip (*names);
      message = g_strdup_printf (
          stream == NULL ? "There is no stream named “%s”" : "The stream “%s” is disabled", told);
      return sse_answer_new_message (404, message);
    }
  return NULL;
}

/* The names of what is followed at @route. @refusal: (out): set where it is wrong what is asked for
 */
static GStrv
read_names (const SseRoute *route, const char *query, SseAnswer **refusal)
{
  g_autoptr (GError) error = NULL;
  GStrv names;

  if (!route->combined)
    return g_strdupv ((char *[]){ (char *) sse_stream_get_name (route->stream), NULL });
  names = sse_stream_request_read_streams (query, SSE_HUB_MAX_COMBINED, &error);
  if (names == NULL)
    *refusal = sse_answer_new_message (400, error->message);
  return names;
}

static SseAnswer *
refuse_token (SseFront *self,
              SoupServerMessage *message,
              const char *query,
              const char *const *names,
              SseClaims *claims)
{
  const SseCredentials credentials = {
    .authorization = sse_message_get_field (message, "Authorization"),
    .query = query,
    /* A browser sends cookies along whatever page asks. */
    .cookie = sse_cors_is_reader (self->cors, sse_message_get_field (message, "Origin"),
                                  sse_message_get_field (message, "Sec-Fetch-Site"))
                  ? sse_message_get_field (message, "Cookie")
                  : NULL,
  };

  return sse_auth_refuse (&self->auth, &credentials, names, claims);
}

/**
 * sse_front_follow:
 * @route: where one stream is followed, or several
 * @query: (nullable): the request's query, as it was sent
 *
 * Takes a request to follow what is there.
 */
void
sse_front_follow (SseFront *self,
                  const SseRoute *route,
                  SoupServerMessage *message,
                  SseAdmission *admission,
                  const char *query)
{
  g_autoptr (GPtrArray) streams = g_ptr_array_new_with_free_func (g_object_unref);
  g_auto (SseClaims) claims = { 0 };
  SseAnswer *refusal = NULL;
  g_auto (GStrv) names = read_names (route, query, &refusal);
  SseCombination *combination = NULL;

  if (refusal == NULL)
    refusal = refuse_names (self, (const char *const *) names, streams);
  if (refusal == NULL)
    refusal = refuse_token (self, message, query, (const char *const *) names, &claims);
  if (refusal != NULL)
    sse_front_respond (self, route, message, refusal);
  else if (!sse_admission_take_user (admission, claims.subject)
           || (route->combined && (combination = combine (self, streams, claims.subject)) == NULL))
    turn_away (self, message);
  else
    let_follow (self, streams, combination, message, admission, query, &claims);
}
