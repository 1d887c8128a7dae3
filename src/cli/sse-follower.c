/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sse-follower.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include <glib/gi18n-lib.h>
#include <libsoup/soup.h>

#include "sse-cli.h"
#include "sse-target.h"

#define MAX_ATTEMPTS    3
#define FIRST_DELAY     1000  /* ms, where the server says none */
#define LEAST_DELAY     100   /* ms, whatever the server says */
#define GREATEST_DELAY  30000 /* ms, unless the server says a greater one */
#define ANSWER_TIMEOUT  30    /* s */
#define MAX_EVENT_BYTES (64 << 20)
#define PIECE           65536

#define STATUS_TOO_MANY_REQUESTS 429 /* RFC 6585; libsoup has no name for it */

/* A peer that is gone without a word is noticed after about a minute. */
#define KEEPALIVE_IDLE     30 /* s */
#define KEEPALIVE_INTERVAL 10 /* s */
#define KEEPALIVE_PROBES   3

struct _SseFollower
{
  GUri *uri;
  SoupSession *session;
  SseFollowerCalls calls;
  gpointer user_data;
  SseEventParser *parser;

  GMainLoop *loop;
  GCancellable *attempt; /* while a connection is made or read */
  guint timer;           /* until the next attempt, or until the server must have answered */
  gboolean timed_out;
  SoupMessage *message;
  GInputStream *body;
  char *piece;
  guint failures; /* in a row */
  gboolean stopped;
  GError *error;
};

static void connect_now (SseFollower *self);
static void read_on (SseFollower *self);

/**
 * sse_follower_new:
 * @url: where the server is, perhaps with a path's beginning, "http://localhost:3001"; or
 *   "unix:PATH"
 * @path: the stream's path, beginning with a slash
 * @last_event_id: (nullable): the last event one has
 * @calls: what it calls back
 * @error: %SSE_CLI_ERROR_USAGE where the URL is none
 */
SseFollower *
sse_follower_new (const char *url,
                  const char *path,
                  const char *last_event_id,
                  const SseFollowerCalls *calls,
                  gpointer user_data,
                  GError **error)
{
  g_autoptr (GUri) uri = sse_target_make_uri (url, path, error);
  SseFollower *self;

  if (uri == NULL)
    return NULL;
  self = g_new0 (SseFollower, 1);
  self->uri = g_steal_pointer (&uri);
  self->session = sse_target_make_session (url);
  self->calls = *calls;
  self->user_data = user_data;
  self->parser = sse_event_parser_new (MAX_EVENT_BYTES, calls->event, user_data);
  if (last_event_id != NULL)
    sse_event_parser_set_last_id (self->parser, last_event_id);
  self->loop = g_main_loop_new (NULL, FALSE);
  self->piece = g_malloc (PIECE);
  return self;
}

static void
drop_connection (SseFollower *self)
{
  g_clear_handle_id (&self->timer, g_source_remove);
  g_clear_object (&self->body);
  g_clear_object (&self->message);
  g_clear_object (&self->attempt);
}

void
sse_follower_free (SseFollower *self)
{
  drop_connection (self);
  g_uri_unref (self->uri);
  g_object_unref (self->session);
  sse_event_parser_free (self->parser);
  g_main_loop_unref (self->loop);
  g_free (self->piece);
  g_clear_error (&self->error);
  g_free (self);
}

/* ---- its end ---- */

/* To be called while nothing is under way. */
static void
finish (SseFollower *self, GError *error)
{
  drop_connection (self);
  self->stopped = TRUE;
  if (self->error == NULL)
    self->error = error;
  else
    g_clear_error (&error);
  g_main_loop_quit (self->loop);
}

static void G_GNUC_PRINTF (2, 3) finish_failed (SseFollower *self, const char *format, ...)
{
  GError *error;
  va_list args;

  va_start (args, format);
  error = g_error_new_valist (SSE_CLI_ERROR, SSE_CLI_ERROR_FAILED, format, args);
  va_end (args);
  finish (self, error);
}

static gboolean
on_retry (gpointer user_data)
{
  SseFollower *self = user_data;

  self->timer = 0;
  connect_now (self);
  return G_SOURCE_REMOVE;
}

/* Connects again some time later, if that has not been tried too often. */
static void
lose (SseFollower *self, const char *reason)
{
  gint64 first = sse_event_parser_get_retry (self->parser);
  g_autofree char *notice = NULL;
  gint64 delay;

  drop_connection (self);
  if (self->stopped)
    {
      finish (self, NULL);
      return;
    }
  if (self->failures >= MAX_ATTEMPTS)
    {
      finish_failed (self, _ ("%s; given up after %d more attempts"), reason, MAX_ATTEMPTS);
      return;
    }
  first = first < 0 ? FIRST_DELAY : MAX (first, LEAST_DELAY);
  delay = MIN (first << self->failures, MAX (first, GREATEST_DELAY));
  self->failures++;
  notice = g_strdup_printf (_ ("%s; trying again in %.1f s (%u of %d)"), reason,
                            (double) delay / 1000, self->failures, MAX_ATTEMPTS);
  self->calls.notice (notice, self->user_data);
  self->timer = g_timeout_add ((guint) delay, on_retry, self);
}

/* ---- the answer ---- */

static void
on_body (GObject *body, GAsyncResult *result, gpointer user_data)
{
  SseFollower *self = user_data;
  g_autoptr (GError) error = NULL;
  gssize length = g_input_stream_read_finish (G_INPUT_STREAM (body), result, &error);

  if (length > 0 && !self->stopped
      && !sse_event_parser_feed (self->parser, self->piece, (gsize) length))
    finish_failed (self, _ ("the server sent an event of more than %d bytes"), MAX_EVENT_BYTES);
  else if (self->stopped)
    finish (self, NULL);
  else if (length > 0)
    read_on (self);
  else if (length == 0)
    lose (self, _ ("the server closed the connection"));
  else
    lose (self, error->message);
}

static void
read_on (SseFollower *self)
{
  g_input_stream_read_async (self->body, self->piece, PIECE, G_PRIORITY_DEFAULT, self->attempt,
                             on_body, self);
}

/* Whether the answer is a stream; where it is not, sees to what follows. */
static gboolean
judge_answer (SseFollower *self)
{
  guint status = soup_message_get_status (self->message);
  const char *reason = soup_message_get_reason_phrase (self->message);
  SoupMessageHeaders *headers = soup_message_get_response_headers (self->message);
  const char *type = soup_message_headers_get_content_type (headers, NULL);
  g_autofree char *url = g_uri_to_string (self->uri);

  if (status == SOUP_STATUS_OK && g_strcmp0 (type, "text/event-stream") == 0)
    return TRUE;
  if (status == SOUP_STATUS_OK)
    finish_failed (self, _ ("%s: not an event stream, but %s"), url,
                   type != NULL ? type : _ ("something of no type"));
  else if (status == SOUP_STATUS_UNAUTHORIZED)
    finish_failed (self,
                   _ ("%s: the server does not take the token (401); it is expired, revoked, or "
                      "signed with another secret: rivuletd's log says why"),
                   url);
  else if (status == SOUP_STATUS_FORBIDDEN)
    finish_failed (self, _ ("%s: %u %s; the token may be good for other streams alone"), url,
                   status, reason);
  else if (status == SOUP_STATUS_NOT_FOUND)
    finish_failed (self, _ ("%s: there is no such stream (404)"), url);
  else if (status == STATUS_TOO_MANY_REQUESTS || status >= 500)
    {
      g_autofree char *told = g_strdup_printf (_ ("%s: %u %s"), url, status, reason);

      lose (self, told);
    }
  else if (status >= 300 && status < 400)
    finish_failed (self,
                   _ ("%s: redirected (%u) to %s; a token is sent nowhere but where you say: "
                      "give that as --url"),
                   url, status, soup_message_headers_get_one (headers, "Location"));
  else
    finish_failed (self, _ ("%s: %u %s"), url, status, reason);
  return FALSE;
}

static void
on_answer (GObject *session, GAsyncResult *result, gpointer user_data)
{
  SseFollower *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *reason = NULL;

  self->body = soup_session_send_finish (SOUP_SESSION (session), result, &error);
  g_clear_handle_id (&self->timer, g_source_remove);
  if (self->stopped)
    {
      finish (self, NULL);
      return;
    }
  if (self->body == NULL)
    {
      g_autofree char *url = g_uri_to_string (self->uri);

      reason
          = g_strdup_printf (_ ("%s: %s"), url, self->timed_out ? _ ("no answer") : error->message);
      lose (self, reason);
      return;
    }
  if (!judge_answer (self))
    return;
  self->failures = 0;
  sse_event_parser_begin (self->parser);
  read_on (self);
}

/* ---- connecting ---- */

static gboolean
on_answer_timeout (gpointer user_data)
{
  SseFollower *self = user_data;

  self->timer = 0;
  self->timed_out = TRUE;
  g_cancellable_cancel (self->attempt);
  return G_SOURCE_REMOVE;
}

/* Heartbeats come as seldom as the server likes, so a dead peer is TCP's to notice. */
static void
on_network_event (SoupMessage *message, GSocketClientEvent event, GIOStream *connection)
{
  GSocket *socket;

  if (event != G_SOCKET_CLIENT_CONNECTED || !G_IS_TCP_CONNECTION (connection))
    return;
  socket = g_socket_connection_get_socket (G_SOCKET_CONNECTION (connection));
  g_socket_set_keepalive (socket, TRUE);
  g_socket_set_option (socket, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE, NULL);
  g_socket_set_option (socket, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL, NULL);
  g_socket_set_option (socket, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_PROBES, NULL);
}

static SoupMessage *
make_message (SseFollower *self, const char *token)
{
  SoupMessage *message = soup_message_new_from_uri (SOUP_METHOD_GET, self->uri);
  SoupMessageHeaders *headers = soup_message_get_request_headers (message);
  const char *last_id = sse_event_parser_get_last_id (self->parser);
  g_autofree char *authorization = g_strconcat ("Bearer ", token, NULL);

  soup_message_add_flags (message, SOUP_MESSAGE_NO_REDIRECT | SOUP_MESSAGE_NEW_CONNECTION);
  soup_message_headers_replace (headers, "Accept", "text/event-stream");
  soup_message_headers_replace (headers, "Cache-Control", "no-cache");
  soup_message_headers_replace (headers, "Authorization", authorization);
  if (*last_id != '\0')
    soup_message_headers_replace (headers, "Last-Event-ID", last_id);
  g_signal_connect (message, "network-event", G_CALLBACK (on_network_event), NULL);
  return message;
}

static void
connect_now (SseFollower *self)
{
  GError *error = NULL;
  g_autofree char *token = self->calls.get_token (self->user_data, &error);

  if (token == NULL)
    {
      finish (self, error);
      return;
    }
  self->message = make_message (self, token);
  self->attempt = g_cancellable_new ();
  self->timed_out = FALSE;
  self->timer = g_timeout_add_seconds (ANSWER_TIMEOUT, on_answer_timeout, self);
  soup_session_send_async (self->session, self->message, G_PRIORITY_DEFAULT, self->attempt,
                           on_answer, self);
}

/**
 * sse_follower_run:
 * @error: what ended it
 *
 * Follows the stream in the default main context.
 *
 * Returns: %TRUE where it was stopped without an error
 */
gboolean
sse_follower_run (SseFollower *self, GError **error)
{
  connect_now (self);
  if (!self->stopped)
    g_main_loop_run (self->loop);
  if (self->error == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&self->error));
  return FALSE;
}

/**
 * sse_follower_stop:
 * @error: (transfer full) (nullable): what sse_follower_run() shall return
 *
 * Ends it; may be called from within a callback.
 */
void
sse_follower_stop (SseFollower *self, GError *error)
{
  if (self->stopped)
    {
      g_clear_error (&error);
      return;
    }
  self->stopped = TRUE;
  self->error = error;
  if (self->attempt != NULL)
    g_cancellable_cancel (self->attempt);
  else
    finish (self, NULL);
}
