/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-http"

#include "config.h"

#include "sse-front.h"

#include <string.h>

#include <libsoup/soup.h>

#include "sse-address.h"
#include "sse-capacity.h"
#include "sse-cors.h"
#include "sse-front-private.h"
#include "sse-front-settings.h"
#include "sse-message.h"
#include "sse-publishing.h"
#include "sse-settings.h"
#include "sse-stream-head.h"

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
  const SseRoute route = sse_routes_find (self->routes, plain != NULL ? plain : path);
  /* What brings a body never gets here. */
  SseAnswer *refusal = sse_routes_refuse (&route, method, -1, FALSE);
  SseAdmission *admission = g_object_get_qdata (
      G_OBJECT (soup_server_message_get_remote_address (message)), self->admission);

  sse_unanswered_add (self->unanswered, message);
  if (refusal != NULL)
    sse_front_respond (self, &route, message, refusal);
  else if (strcmp (method, "OPTIONS") == 0)
    sse_front_respond (self, &route, message, sse_answer_new (204, NULL, NULL));
  else
    sse_front_follow (self, &route, message, admission, text);
}

/* Before SoupServer sees anything of the request, and of one for a script it never does. Where
 * there is no room, nothing is spent on a token; and what does not stay, an update or a script say,
 * is served in the room beyond. */
static SseAnswer *
refuse (const SseRequest *request, SseAdmission *admission, gsize *max_body, gpointer user_data)
{
  SseFront *self = user_data;
  const SseRoute route = sse_routes_find (self->routes, request->path);
  gboolean is_post = strcmp (request->method, "POST") == 0;
  SseAnswer *answer = NULL;

  if (is_post && route.published != NULL)
    answer = sse_publishing_refuse (&self->auth, self->hub, route.published, request);
  if (answer == NULL)
    answer = sse_routes_refuse (&route, request->method, request->content_length, request->chunked);
  if (answer != NULL)
    sse_cors_add_fields (self->cors, sse_route_get_use (&route), request->origin, answer);
  else if (route.script != NULL)
    answer = sse_script_answer (route.script, request->if_none_match);
  else if (strcmp (request->method, "GET") == 0 && !sse_admission_has_room (admission))
    answer = sse_stream_head_refuse (self->cors, request->origin);
  else if (is_post)
    *max_body = route.published != NULL ? sse_hub_get_max_update_bytes (self->hub)
                                        : sse_receiver_get_max_body (route.receiver);
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

/* A page may hear what came of its update; those who deliver to receivers are none. */
static void
answer_upload (SseUpload *upload, SseAnswer *answer, gpointer user_data)
{
  SseFront *self = user_data;
  const SseRoute route = sse_routes_find (self->routes, upload->path);

  if (route.published != NULL)
    sse_cors_add_fields (self->cors, SSE_CORS_PUBLISH,
                         g_hash_table_lookup (upload->fields, "origin"), answer);
  sse_listener_answer (self->listener, upload, answer);
}

/* Its route may have gone while its body came. */
static void
take_upload (SseUpload *upload, gpointer user_data)
{
  SseFront *self = user_data;
  const SseRoute route = sse_routes_find (self->routes, upload->path);
  g_autofree char *user = NULL;
  SseAnswer *refusal = NULL;
  SseUpdate *update = NULL;

  if (route.published != NULL)
    update = sse_publishing_make_update (&self->auth, self->hub, route.published, upload, &user,
                                         &refusal);
  else if (route.receiver == NULL)
    refusal = sse_answer_new_message (404, "Not found");

  if (refusal != NULL)
    answer_upload (upload, refusal, self);
  else if (update != NULL)
    sse_reception_publish (self->reception, update, user, upload);
  else
    sse_reception_take (self->reception, route.receiver, upload);
}

static const SseListenerFuncs listener_funcs = { refuse, admit, take_upload };

/* ---- the front ---- */

/* Takes what can be other settings than before; they were checked. */
static void
take_settings (SseFront *self, SseToken *token, GVariant *settings)
{
  g_autofree const char **base_paths = sse_settings_get_strings (self->settings, "base-paths");
  g_autofree const char **origins = sse_settings_get_strings (settings, "allowed-origins");

  self->auth.token = token;
  g_free (self->auth.cookie_name);
  self->auth.cookie_name = g_strdup (sse_settings_get_string (settings, "cookie-name"));
  self->options = sse_front_settings_read (settings);
  self->counters->max_connections = self->options.gate.max_connections;
  g_clear_pointer (&self->cors, sse_cors_free);
  self->cors = sse_cors_new (origins, NULL);
  g_clear_pointer (&self->routes, sse_routes_free);
  self->routes = sse_routes_new (sse_hub_get_streams (self->hub), base_paths,
                                 sse_settings_get_boolean (settings, "publish"));
}

/**
 * sse_front_new:
 * @hub: whose streams are served
 * @token: what clients' tokens are checked with; outlives it, or until another is set
 * @settings: an a{sv} of the group `http`
 * @counters: where it counts; outlives it
 * @error: where sse_front_settings_check() finds something wrong, the key before it
 *
 * Prepares to serve; sse_front_start() listens.
 */
SseFront *
sse_front_new (
    SseHub *hub, SseToken *token, GVariant *settings, SseCounters *counters, GError **error)
{
  const char *key;
  SseFront *self;

  if (!sse_front_settings_check (settings, &key, error))
    {
      g_prefix_error (error, "%s: ", key);
      return NULL;
    }
  self = g_new0 (SseFront, 1);
  self->hub = g_object_ref (hub);
  self->settings = g_variant_ref_sink (settings);
  self->counters = counters;
  self->auth.counters = counters;
  self->auth.revocations = sse_hub_get_revocations (hub);
  take_settings (self, token, settings);
  self->reception = sse_reception_new (hub, answer_upload, self);
  sse_takeovers_init (&self->takeovers);
  self->admission = g_quark_from_static_string ("sse-admission");
  self->loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  self->local = g_inet_socket_address_new (self->loopback, 0);

  /* Paths stay as they were sent, so that here is no other path than at the door. */
  self->server = soup_server_new ("raw-paths", TRUE, NULL);
  soup_server_add_handler (self->server, NULL, on_request, self, NULL);
  self->unanswered = sse_unanswered_new (self->server);
  return self;
}

/**
 * sse_front_configure:
 * @token: what clients' tokens are checked with from now on; outlives it, or until another is set
 * @settings: an a{sv} of the group `http`, checked
 *
 * Serves as @settings say from now on, but where it did. Whoever is served already stays. Paths
 * that sources' settings bring or take away come and go.
 */
void
sse_front_configure (SseFront *self, SseToken *token, GVariant *settings)
{
  guint before = self->options.gate.max_connections;

  take_settings (self, token, settings);
  if (self->listener != NULL)
    sse_listener_configure (self->listener, &self->options);
  if (self->options.gate.max_connections != before)
    sse_capacity_tell (self->options.gate.max_connections,
                       sse_settings_get_number (settings, "max-connections"));
}

/**
 * sse_front_stop:
 *
 * Listens no more, and closes the connections of which the request has not wholly come. Those that
 * have come are answered.
 */
void
sse_front_stop (SseFront *self)
{
  if (self->listener != NULL)
    sse_listener_stop (self->listener);
}

/**
 * sse_front_is_quiet:
 *
 * Returns: whether no answer is due to a request that has come
 */
gboolean
sse_front_is_quiet (SseFront *self)
{
  return sse_unanswered_is_empty (self->unanswered) && sse_reception_is_quiet (self->reception);
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
  sse_unanswered_free (self->unanswered);
  soup_server_remove_handler (self->server, NULL);
  g_object_unref (self->server);
  g_object_unref (self->local);
  g_object_unref (self->loopback);
  sse_routes_free (self->routes);
  sse_cors_free (self->cors);
  g_free (self->auth.cookie_name);
  g_variant_unref (self->settings);
  g_object_unref (self->hub);
  g_free (self);
}

static GPtrArray *
listen_as_configured (SseFront *self, GError **error)
{
  g_autofree const char **addresses = sse_settings_get_strings (self->settings, "listen");

  return sse_address_listen (addresses, SSE_ADDRESS_OPEN, error);
}

/**
 * sse_front_start:
 * @sockets: (element-type SseBound) (transfer full) (nullable): the sockets to listen on; %NULL:
 *   those that the settings name
 * @error: in the domain %G_IO_ERROR where one of the addresses can't be had
 *
 * Listens, and says where, and how many connections there may be.
 */
gboolean
sse_front_start (SseFront *self, GPtrArray *sockets, GError **error)
{
  GPtrArray *bound = sockets != NULL ? sockets : listen_as_configured (self, error);

  if (bound == NULL)
    return FALSE;
  self->listener
      = sse_listener_new (bound, &self->options, &listener_funcs, self->counters, self, error);
  if (self->listener == NULL)
    return FALSE;
  sse_capacity_tell (self->options.gate.max_connections,
                     sse_settings_get_number (self->settings, "max-connections"));
  for (const char *const *names = sse_front_get_addresses (self); *names != NULL; names++)
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
