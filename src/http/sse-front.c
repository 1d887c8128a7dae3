/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-http"

#include "config.h"

#include "sse-front.h"

#include <string.h>

#include <glib/gi18n.h>
#include <libsoup/soup.h>

#include "sse-address.h"
#include "sse-capacity.h"
#include "sse-cors.h"
#include "sse-listener.h"
#include "sse-message.h"
#include "sse-ration.h"
#include "sse-reception.h"
#include "sse-routes.h"
#include "sse-settings.h"
#include "sse-stream-head.h"
#include "sse-stream-request.h"
#include "sse-takeover.h"

/* Of bodies, all requests under way together. */
#define MAX_BODY_BYTES (256 * 1024 * 1024)

/* Reasons why tokens are refused that are told in a span of time, at most. */
#define MAX_TOLD  20
#define TELL_SPAN (10 * G_USEC_PER_SEC)

struct _SseFront
{
  SseHub *hub;
  SseToken *token;
  GVariant *settings;
  SseCounters *counters;
  SseListenerOptions options;
  SseCors *cors;
  SseRoutes *routes;
  SoupServer *server;
  SseReception *reception;
  SseListener *listener; /* NULL until it is started */
  SseTakeovers takeovers;
  SseRation told;

  /* Where a connection's admission hangs on its remote address, which SoupServer keeps as long as
   * it keeps the connection, and shows in every message. SoupServer wants addresses of IP, and all
   * get the same: those of a Unix socket are none. */
  GQuark admission;
  GInetAddress *loopback;
  GSocketAddress *local;
};

/* A client on its way from SoupServer to the hub. */
typedef struct
{
  SseFront *front;
  SseStream *stream;
  SseAdmission *admission; /* NULL once it went along with the socket */
  gboolean chunked;
  char *user;
  gint64 expires;
  char *last_event_id;
  SseFrame *head;
} Follower;

static void
follower_free (Follower *follower)
{
  g_object_unref (follower->stream);
  g_clear_pointer (&follower->admission, sse_admission_unref);
  g_free (follower->user);
  g_free (follower->last_event_id);
  sse_frame_unref (follower->head);
  g_free (follower);
}

/* ---- streams ---- */

/* Takes @answer. */
static void
respond (SseFront *self, SoupServerMessage *message, SseAnswer *answer)
{
  sse_cors_add_fields (self->cors, sse_message_get_field (message, "Origin"), answer);
  sse_message_respond (message, answer);
}

static void
refuse_token (SseFront *self, SoupServerMessage *message, const char *what)
{
  SseAnswer *answer = sse_answer_new_message (401, what);

  sse_answer_add_field (answer, "WWW-Authenticate", "Bearer");
  respond (self, message, answer);
}

/* In the log alone, and not so often that a stranger could fill it. */
static void
tell_refusal (SseFront *self, const GError *error)
{
  if (sse_ration_take (&self->told, MAX_TOLD, TELL_SPAN))
    g_message ("a token was refused: %s", error->message);
  else
    g_debug ("a token was refused: %s", error->message);
}

static void
on_taken_over (int fd, gpointer user_data)
{
  Follower *follower = user_data;
  const SseSubscriber subscriber = {
    .fd = fd,
    .chunked = follower->chunked,
    .user = follower->user,
    .expires = follower->expires,
    .last_event_id = follower->last_event_id,
    .head = follower->head,
    .ticket = sse_admission_make_ticket (g_steal_pointer (&follower->admission)),
  };

  sse_hub_subscribe (follower->front->hub, follower->stream, &subscriber);
}

/* Takes @user. */
static void
let_follow (SseFront *self,
            SseStream *stream,
            SoupServerMessage *message,
            SseAdmission *admission,
            const char *query,
            char *user,
            gint64 expires)
{
  Follower *follower = g_new0 (Follower, 1);

  follower->front = self;
  follower->stream = g_object_ref (stream);
  follower->admission = sse_admission_ref (admission);
  follower->chunked = soup_server_message_get_http_version (message) == SOUP_HTTP_1_1;
  follower->user = user;
  follower->expires = expires;
  follower->last_event_id = sse_stream_request_dup_last_event_id (
      sse_message_get_field (message, "Last-Event-ID"), query);
  follower->head = sse_stream_head_new (self->cors, sse_message_get_field (message, "Origin"),
                                        follower->chunked);
  sse_takeovers_begin (&self->takeovers, message, on_taken_over, follower,
                       (GDestroyNotify) follower_free);
}

static void
follow (SseFront *self,
        SseStream *stream,
        SoupServerMessage *message,
        SseAdmission *admission,
        const char *query)
{
  g_autofree char *token
      = sse_stream_request_dup_token (sse_message_get_field (message, "Authorization"), query);
  g_autoptr (GError) error = NULL;
  g_autofree char *user = NULL;
  gint64 expires;

  if (token == NULL)
    refuse_token (self, message, "Token required");
  else if (!sse_token_check (self->token, token, g_get_real_time (), &user, &expires, &error))
    {
      self->counters->tokens_refused++;
      tell_refusal (self, error);
      refuse_token (self, message, "Invalid token");
    }
  else if (!sse_admission_take_user (admission, user))
    sse_message_respond (
        message, sse_stream_head_refuse (self->cors, sse_message_get_field (message, "Origin")));
  else
    let_follow (self, stream, message, admission, query, g_steal_pointer (&user), expires);
}

/* ---- requests ---- */

static void
on_request (SoupServer *server,
            SoupServerMessage *message,
            const char *path,
            GHashTable *query,
            gpointer front)
{
  SseFront *self = front;
  const char *method = soup_server_message_get_method (message);
  /* Where a request of HTTP/1.0 names no host, libsoup leaves the query in the path. */
  const char *mark = strchr (path, '?');
  g_autofree char *plain = mark != NULL ? g_strndup (path, (gsize) (mark - path)) : NULL;
  const char *text
      = mark != NULL ? mark + 1 : g_uri_get_query (soup_server_message_get_uri (message));
  const SseRoute *route = sse_routes_find (self->routes, plain != NULL ? plain : path);
  gint64 length
      = soup_message_headers_get_content_length (soup_server_message_get_request_headers (message));
  SseAnswer *refusal = sse_routes_refuse (route, method, length);
  SseAdmission *admission = g_object_get_qdata (
      G_OBJECT (soup_server_message_get_remote_address (message)), self->admission);

  if (refusal != NULL)
    respond (self, message, refusal);
  else if (strcmp (method, "POST") == 0)
    sse_reception_take (self->reception, route->receiver, message, admission);
  else if (strcmp (method, "OPTIONS") == 0)
    respond (self, message, sse_answer_new (204, NULL, NULL));
  else
    follow (self, route->stream, message, admission, text);
}

/* Before SoupServer sees anything of the request. Where there is no room, nothing is spent on a
 * token; and what does not stay, an update say, is served in the room beyond. */
static SseAnswer *
refuse (const SseRequest *request, SseAdmission *admission, gpointer user_data)
{
  SseFront *self = user_data;
  const SseRoute *route = sse_routes_find (self->routes, request->path);
  SseAnswer *answer = sse_routes_refuse (route, request->method, request->content_length);

  if (answer != NULL)
    sse_cors_add_fields (self->cors, request->origin, answer);
  else if (strcmp (request->method, "GET") == 0 && !sse_admission_has_room (admission))
    answer = sse_stream_head_refuse (self->cors, request->origin);
  return answer;
}

static void
admit (GSocketConnection *connection, SseAdmission *admission, gpointer user_data)
{
  SseFront *self = user_data;
  /* Nobody asks for these; but each connection has one of its own to hang its admission on. */
  g_autoptr (GSocketAddress) remote = g_inet_socket_address_new (self->loopback, 0);
  g_autoptr (GError) error = NULL;

  g_object_set_qdata_full (G_OBJECT (remote), self->admission, admission,
                           (GDestroyNotify) sse_admission_unref);
  if (!soup_server_accept_iostream (self->server, G_IO_STREAM (connection), self->local, remote,
                                    &error))
    g_message ("a connection was lost: %s", error->message);
}

static const SseListenerFuncs listener_funcs = { refuse, admit };

/* ---- settings ---- */

static gboolean
check_addresses (const char *const *addresses, GError **error)
{
  if (*addresses == NULL)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                           _ ("at least one address is needed"));
      return FALSE;
    }
  for (; *addresses != NULL; addresses++)
    if (!sse_address_check (*addresses, error))
      return FALSE;
  return TRUE;
}

/**
 * sse_front_check:
 * @settings: an a{sv} of `sse_settings_http`
 * @key: (out): the key whose value is wrong, where one is
 * @error: %G_IO_ERROR_INVALID_ARGUMENT, with what is wrong
 *
 * Checks what the table of settings says nothing of: addresses, prefixes and origins.
 */
gboolean
sse_front_check (GVariant *settings, const char **key, GError **error)
{
  g_autofree const char **addresses = sse_settings_get_strings (settings, "listen");
  g_autofree const char **base_paths = sse_settings_get_strings (settings, "base-paths");
  g_autofree const char **origins = sse_settings_get_strings (settings, "allowed-origins");
  g_autoptr (SseCors) cors = NULL;

  *key = "listen";
  if (!check_addresses (addresses, error))
    return FALSE;
  *key = "base-paths";
  if (!sse_routes_check_base_paths (base_paths, error))
    return FALSE;
  *key = "allowed-origins";
  cors = sse_cors_new (origins, error);
  return cors != NULL;
}

/* ---- the front ---- */

/**
 * sse_front_new:
 * @hub: whose streams are served
 * @token: what clients' tokens are checked with; outlives it
 * @settings: an a{sv} of `sse_settings_http`
 * @counters: where it counts; outlives it
 * @error: where sse_front_check() finds something wrong, the key before it
 *
 * Prepares to serve; sse_front_start() listens.
 */
SseFront *
sse_front_new (
    SseHub *hub, SseToken *token, GVariant *settings, SseCounters *counters, GError **error)
{
  g_autofree const char **base_paths = sse_settings_get_strings (settings, "base-paths");
  g_autofree const char **origins = sse_settings_get_strings (settings, "allowed-origins");
  gsize wanted;
  const char *key;
  SseFront *self;

  if (!sse_front_check (settings, &key, error))
    {
      g_prefix_error (error, "%s: ", key);
      return NULL;
    }
  wanted = sse_settings_get_number (settings, "max-connections");
  self = g_new0 (SseFront, 1);
  self->hub = g_object_ref (hub);
  self->token = token;
  self->settings = g_variant_ref_sink (settings);
  self->counters = counters;
  self->options = (SseListenerOptions){
    .gate = {
      .max_connections = sse_capacity_choose (wanted),
      .max_per_address = (guint) sse_settings_get_number (settings, "max-connections-per-address"),
      .max_per_user = (guint) sse_settings_get_number (settings, "max-connections-per-user"),
      .max_body_bytes = MAX_BODY_BYTES,
    },
    .head_timeout_ms = (guint) sse_settings_get_number (settings, "head-timeout-ms"),
    .body_timeout_seconds = (guint) sse_settings_get_number (settings, "body-timeout-seconds"),
  };
  self->counters->max_connections = self->options.gate.max_connections;
  self->cors = sse_cors_new (origins, NULL);
  self->routes = sse_routes_new (sse_hub_get_streams (hub), base_paths);
  self->reception = sse_reception_new (hub);
  sse_takeovers_init (&self->takeovers);
  self->admission = g_quark_from_static_string ("sse-admission");
  self->loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  self->local = g_inet_socket_address_new (self->loopback, 0);

  /* Paths stay as they were sent, so that here is no other path than at the door. */
  self->server = soup_server_new ("raw-paths", TRUE, NULL);
  soup_server_add_handler (self->server, NULL, on_request, self, NULL);
  return self;
}

/**
 * sse_front_free:
 *
 * Stops listening, and closes the connections that the hub does not have yet.
 */
void
sse_front_free (SseFront *self)
{
  g_clear_pointer (&self->listener, sse_listener_free);
  sse_takeovers_clear (&self->takeovers);
  sse_reception_free (self->reception);
  soup_server_remove_handler (self->server, NULL);
  g_object_unref (self->server);
  g_object_unref (self->local);
  g_object_unref (self->loopback);
  sse_routes_free (self->routes);
  sse_cors_free (self->cors);
  g_variant_unref (self->settings);
  g_object_unref (self->hub);
  g_free (self);
}

/**
 * sse_front_start:
 * @error: in the domain %G_IO_ERROR where one of the addresses can't be had
 *
 * Listens on all addresses, and says so, and how many connections there may be.
 */
gboolean
sse_front_start (SseFront *self, GError **error)
{
  g_autofree const char **addresses = sse_settings_get_strings (self->settings, "listen");
  const char *const *names;

  self->listener
      = sse_listener_new (addresses, &self->options, &listener_funcs, self->counters, self, error);
  if (self->listener == NULL)
    return FALSE;
  sse_capacity_tell (self->options.gate.max_connections,
                     sse_settings_get_number (self->settings, "max-connections"));
  for (names = sse_listener_get_addresses (self->listener); *names != NULL; names++)
    g_message ("listening on %s", *names);
  return TRUE;
}

/**
 * sse_front_get_addresses:
 *
 * Returns: (transfer none) (array zero-terminated=1): what it listens on, once started
 */
const char *const *
sse_front_get_addresses (SseFront *self)
{
  return sse_listener_get_addresses (self->listener);
}
