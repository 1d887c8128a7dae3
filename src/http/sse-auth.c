/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-http"

#include "config.h"

#include "sse-auth.h"

#include "sse-journal.h"
#include "sse-stream-request.h"

/* Reasons why tokens are refused that are told in a span of time, at most. */
#define MAX_TOLD  20
#define TELL_SPAN (10 * G_USEC_PER_SEC)

static SseAnswer *
answer_unauthorized (const char *message)
{
  SseAnswer *answer = sse_answer_new_message (401, message);

  sse_answer_add_field (answer, "WWW-Authenticate", "Bearer");
  return answer;
}

/* @several: whether it has to be told which one */
static SseAnswer *
answer_forbidden (const char *stream, gboolean several)
{
  g_autofree char *message = g_strdup_printf ("The token is not for the stream %s", stream);

  return sse_answer_new_message (403, several ? message : "The token is not for this stream");
}

/* Why is told in the log alone, and not so often that a stranger could fill it. @user: (nullable):
 * whose it is, where that is known */
static SseAnswer *
refuse_token (SseAuth *self, const char *why, const char *stream, const char *user)
{
  self->counters->tokens_refused++;
  sse_journal (sse_ration_take (&self->told, MAX_TOLD, TELL_SPAN) ? G_LOG_LEVEL_MESSAGE
                                                                  : G_LOG_LEVEL_DEBUG,
               SSE_JOURNAL_TOKEN_REFUSED,
               SSE_JOURNAL_FIELDS ({ "SSE_STREAM", stream }, { "SSE_USER", user }),
               "a token was refused: %s", why);
  return answer_unauthorized ("Invalid token");
}

static char *
dup_token (const SseAuth *self, const SseCredentials *credentials)
{
  char *token = sse_stream_request_dup_token (credentials->authorization, credentials->query);

  if (token == NULL && self->cookie_name != NULL && credentials->cookie != NULL)
    token = sse_stream_request_dup_cookie (credentials->cookie, self->cookie_name);
  return token;
}

/**
 * sse_auth_is_revoked:
 *
 * Returns: whether a token that was valid is so no more, as its user's were revoked meanwhile
 */
gboolean
sse_auth_is_revoked (const SseAuth *self, const SseClaims *claims)
{
  return sse_revocations_cover (self->revocations, claims->subject, claims->issued);
}

/* Why @token is not valid, %NULL where it is; then @claims are to be cleared. */
static SseAnswer *
judge (SseAuth *self, const char *token, const char *stream, SseClaims *claims)
{
  g_autoptr (GError) error = NULL;

  if (token == NULL)
    return answer_unauthorized ("Token required");
  if (!sse_token_check (self->token, token, g_get_real_time (), claims, &error))
    return refuse_token (self, error->message, stream, NULL);
  if (sse_auth_is_revoked (self, claims))
    return refuse_token (self, "its user's tokens were revoked after it was issued", stream,
                         claims->subject);
  return NULL;
}

/**
 * sse_auth_refuse:
 * @streams: (array zero-terminated=1): what is asked for, at least one stream
 * @claims: (out caller-allocates): who it is, to be cleared, where it is let in
 *
 * Looks at the token that a request shows.
 *
 * Returns: (transfer full) (nullable): why it is refused: 401 where it has no valid token, 403
 * where that is not for all of @streams; %NULL where it is let in
 */
SseAnswer *
sse_auth_refuse (SseAuth *self,
                 const SseCredentials *credentials,
                 const char *const *streams,
                 SseClaims *claims)
{
  g_autofree char *token = dup_token (self, credentials);
  g_auto (SseClaims) found = { 0 };
  SseAnswer *refusal = judge (self, token, streams[0], &found);

  for (guint i = 0; refusal == NULL && streams[i] != NULL; i++)
    if (!sse_claims_allow_stream (&found, streams[i]))
      refusal = answer_forbidden (streams[i], streams[1] != NULL);
  if (refusal != NULL)
    return refusal;

  *claims = found;
  found = (SseClaims){ 0 };
  return NULL;
}

/**
 * sse_auth_refuse_publisher:
 * @authorization: (nullable): the Authorization field, the only place where a publisher's token
 *   counts: other sites' pages can have a browser send a cookie, and make it open a URL
 * @stream: what may be the name of a stream
 * @user: (out) (transfer full): who it is, where they may
 *
 * Looks at the token that a request to publish shows.
 *
 * Returns: (transfer full) (nullable): why it is refused: 401 where it has no valid token, 403
 *   where that does not say that one may publish to that stream; %NULL where it does
 */
SseAnswer *
sse_auth_refuse_publisher (SseAuth *self,
                           const char *authorization,
                           const char *stream,
                           char **user)
{
  g_autofree char *token = sse_stream_request_dup_token (authorization, NULL);
  g_auto (SseClaims) claims = { 0 };
  SseAnswer *refusal = judge (self, token, stream, &claims);

  if (refusal == NULL && !sse_claims_allow_publish (&claims, stream))
    refusal = sse_answer_new_message (403, "The token is not for publishing to this stream");
  *user = refusal == NULL ? g_steal_pointer (&claims.subject) : NULL;
  return refusal;
}
