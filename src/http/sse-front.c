/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-http"

#include "config.h"

#include "sse-front.h"

#include <string.h>
#include <sys/resource.h>

#include <glib/gi18n.h>
#include <libsoup/soup.h>

#include "sse-address.h"
#include "sse-cors.h"
#include "sse-listener.h"
#include "sse-message.h"
#include "sse-reception.h"
#include "sse-routes.h"
#include "sse-settings.h"
#include "sse-stream-head.h"
#include "sse-stream-request.h"
#include "sse-takeover.h"

/* Of bodies, all requests under way together. */
#define MAX_BODY_BYTES (G_GUINT64_CONSTANT (256) * 1024 * 1024)

/* For all that is no connection. */
#define RESERVED_DESCRIPTORS 512

/* Where a connection's admission hangs on its remote address, which SoupServer keeps as long as
 * it keeps the connection, and shows in every message. */
#define ADMISSION_KEY "sse-admission"

/* Reasons why tokens are refused that are told in a span of time, at most. */
#define MAX_TOLD  20
#define TELL_SPAN (10 * G_USEC_PER_SEC)

struct _SseFront
{
  SseHub *hub;
  SseToken *token;
  GVariant *settings;
  SseListenerOptions options;
  SseCors *cors;
  SseRoutes *routes;
  SoupServer *server;
  SseReception *reception;
  SseListener *listener; /* NULL until it is started */
  SseLink takeovers;
  guint n_followers; /* on their way to the hub */

  gint64 told_since;
  guint n_told;
};

/* A client on its way from SoupServer to the hub. */
typedef struct
{
  SseFront *front;
  SseStream *stream;
  gboolean chunked;
  char *user;
  gint64 expires;
  char *last_event_id;
  SseFrame *head;
} Follower;

static void
follower_free (Follower *follower)
{
  follower->front->n_followers--;
  g_object_unref (follower->stream);
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
  gint64 now = g_get_monotonic_time ();

  if (self->n_told == 0 || now >= self->told_since + TELL_SPAN)
    {
      self->told_since = now;
      self->n_told = 0;
    }
  if (self->n_told++ < MAX_TOLD)
    g_message ("a token was refused: %s", error->message);
  else
    g_debug ("a token was refused: %s", error->message);
}

static void
on_taken_over (int fd, gpointer user_data)
{
  const Follower *follower = user_data;
  const SseSubscriber subscriber = {
    .fd = fd,
    .chunked = follower->chunked,
    .user = follower->user,
    .expires = follower->expires,
    .last_event_id = follower->last_event_id,
    .head = follower->head,
  };

  sse_hub_subscribe (follower->front->hub, follower->stream, &subscriber);
}

/* Takes @user. */
static void
let_follow (SseFront *self,
            SseStream *stream,
            SoupServerMessage *message,
            const char *query,
            char *user,
            gint64 expires)
{
  Follower *follower = g_new0 (Follower, 1);

  follower->front = self;
  follower->stream = g_object_ref (stream);
  follower->chunked = soup_server_message_get_http_version (message) == SOUP_HTTP_1_1;
  follower->user = user;
  follower->expires = expires;
  follower->last_event_id = sse_stream_request_dup_last_event_id (
      sse_message_get_field (message, "Last-Event-ID"), query);
  follower->head = sse_stream_head_new (self->cors, sse_message_get_field (message, "Origin"),
                                        follower->chunked);
  self->n_followers++;
  sse_takeover_begin (&self->takeovers, message, on_taken_over, follower,
                      (GDestroyNotify) follower_free);
}

static void
follow (SseFront *self, SseStream *stream, SoupServerMessage *message, const char *query)
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
      tell_refusal (self, error);
      refuse_token (self, message, "Invalid token");
    }
  else if (sse_hub_get_n_clients (self->hub) + self->n_followers >= self->options.max_connections)
    sse_message_respond (
        message, sse_stream_head_refuse (self->cors, sse_message_get_field (message, "Origin")));
  else
    let_follow (self, stream, message, query, g_steal_pointer (&user), expires);
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
  GSocketAddress *remote = soup_server_message_get_remote_address (message);

  if (refusal != NULL)
    respond (self, message, refusal);
  else if (strcmp (method, "POST") == 0)
    sse_reception_take (self->reception, route->receiver, message,
                        g_object_get_data (G_OBJECT (remote), ADMISSION_KEY));
  else if (strcmp (method, "OPTIONS") == 0)
    respond (self, message, sse_answer_new (204, NULL, NULL));
  else
    follow (self, route->stream, message, text);
}

/* Before SoupServer sees anything of the request. */
static SseAnswer *
refuse (const SseRequest *request, gpointer user_data)
{
  SseFront *self = user_data;
  const SseRoute *route = sse_routes_find (self->routes, request->path);
  SseAnswer *answer = sse_routes_refuse (route, request->method, request->content_length);

  if (answer != NULL)
    sse_cors_add_fields (self->cors, request->origin, answer);
  return answer;
}

/* SoupServer takes them for IP addresses, which those of Unix sockets are not. */
static GSocketAddress *
make_inet (GSocketAddress *address)
{
  g_autoptr (GInetAddress) loopback = NULL;

  if (address != NULL && G_IS_INET_SOCKET_ADDRESS (address))
    return g_object_ref (address);
  loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  return g_inet_socket_address_new (loopback, 0);
}

static void
admit (GSocketConnection *connection, SseAdmission *admission, gpointer user_data)
{
  SseFront *self = user_data;
  g_autoptr (GSocketAddress) own = g_socket_connection_get_local_address (connection, NULL);
  g_autoptr (GSocketAddress) peer = g_socket_connection_get_remote_address (connection, NULL);
  g_autoptr (GSocketAddress) local = make_inet (own);
  g_autoptr (GSocketAddress) remote = make_inet (peer);
  g_autoptr (GError) error = NULL;

  g_object_set_data_full (G_OBJECT (remote), ADMISSION_KEY, admission,
                          (GDestroyNotify) sse_admission_unref);
  if (!soup_server_accept_iostream (self->server, G_IO_STREAM (connection), local, remote, &error))
    g_message ("a connection was lost: %s", error->message);
}

static guint
count_followers (gpointer user_data)
{
  return sse_hub_get_n_clients (((SseFront *) user_data)->hub);
}

static const SseListenerFuncs listener_funcs = { refuse, admit, count_followers };

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

/* How many connections there may be: as many as the settings say, if there are descriptors for
 * them. Some are needed for other things, and a second one for a moment as a socket is taken over.
 */
static guint
get_max_connections (GVariant *settings)
{
  guint wanted = (guint) sse_settings_get_number (settings, "max-connections");
  struct rlimit limit;
  rlim_t possible;

  if (getrlimit (RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY)
    return wanted;
  possible = limit.rlim_cur - MIN (limit.rlim_cur / 2, RESERVED_DESCRIPTORS);
  if (wanted <= possible)
    return wanted;
  g_message ("%u connections at most, not %u (max-connections): %" G_GUINT64_FORMAT
             " descriptors may be open",
             (guint) possible, wanted, (guint64) limit.rlim_cur);
  return (guint) possible;
}

/* ---- the front ---- */

/**
 * sse_front_new:
 * @hub: whose streams are served
 * @token: what clients' tokens are checked with; outlives it
 * @settings: an a{sv} of `sse_settings_http`
 * @error: where sse_front_check() finds something wrong, the key before it
 *
 * Prepares to serve; sse_front_start() listens.
 */
SseFront *
sse_front_new (SseHub *hub, SseToken *token, GVariant *settings, GError **error)
{
  g_autofree const char **base_paths = sse_settings_get_strings (settings, "base-paths");
  g_autofree const char **origins = sse_settings_get_strings (settings, "allowed-origins");
  const char *key;
  SseFront *self;

  if (!sse_front_check (settings, &key, error))
    {
      g_prefix_error (error, "%s: ", key);
      return NULL;
    }
  self = g_new0 (SseFront, 1);
  self->hub = g_object_ref (hub);
  self->token = token;
  self->settings = g_variant_ref_sink (settings);
  self->options = (SseListenerOptions){
    .max_connections = get_max_connections (settings),
    .max_body_bytes = MAX_BODY_BYTES,
    .head_timeout_ms = (guint) sse_settings_get_number (settings, "head-timeout-ms"),
    .body_timeout_seconds = (guint) sse_settings_get_number (settings, "body-timeout-seconds"),
  };
  self->cors = sse_cors_new (origins, NULL);
  self->routes = sse_routes_new (sse_hub_get_streams (hub), base_paths);
  self->reception = sse_reception_new (hub);
  sse_link_init (&self->takeovers);

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
  sse_takeover_cancel_all (&self->takeovers);
  sse_reception_free (self->reception);
  soup_server_remove_handler (self->server, NULL);
  g_object_unref (self->server);
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
 * Listens on all addresses, and says so.
 */
gboolean
sse_front_start (SseFront *self, GError **error)
{
  g_autofree const char **addresses = sse_settings_get_strings (self->settings, "listen");
  const char *const *names;

  self->listener = sse_listener_new (addresses, &self->options, &listener_funcs, self, error);
  if (self->listener == NULL)
    return FALSE;
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
