/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-operators"

#include "config.h"

#include "sse-operators.h"

#include <string.h>

#include "sse-dashboard.h"
#include "sse-exposition.h"
#include "sse-listener.h"
#include "sse-metrics.h"
#include "sse-process.h"
#include "sse-settings.h"
#include "sse-streams-url.h"

#define PLAIN_TEXT "text/plain; charset=utf-8"

/* Those who run a daemon are few, and their programs quick. */
static const SseListenerOptions options = {
  .gate = { .max_connections = 16 },
  .head_timeout_ms = 5000,
};

struct _SseOperators
{
  SseHub *hub;
  SseFront *front;
  const SseCounters *clients;
  GVariant *http; /* the settings of these groups */
  GVariant *operators;
  SseDashboard *dashboard;
  SseCounters counters; /* of these connections, which are no clients' */
  SseListener *listener;
  double start; /* of the process */
  gboolean stopping;
};

static SseAnswer *
answer_text (guint status, const char *content_type, const char *text)
{
  SseAnswer *answer = sse_answer_new (status, content_type, text);

  sse_answer_add_field (answer, "Cache-Control", "no-store");
  sse_answer_add_field (answer, "X-Content-Type-Options", "nosniff");
  sse_answer_add_field (answer, "Cross-Origin-Resource-Policy", "same-origin");
  return answer;
}

/* That it is answered at all says that the main thread goes round. */
static SseAnswer *
answer_health (SseOperators *self)
{
  return answer_text (200, PLAIN_TEXT, "ok\n");
}

static SseAnswer *
answer_ready (SseOperators *self)
{
  const char *error = sse_log_get_error (sse_hub_get_log (self->hub));
  g_autofree char *why = NULL;
  g_autofree char *line = NULL;

  if (self->stopping)
    return answer_text (503, PLAIN_TEXT, "stopping\n");
  if (error == NULL)
    return answer_text (200, PLAIN_TEXT, "ok\n");
  why = g_strdelimit (g_strdup (error), "\r\n", ' ');
  line = g_strdup_printf ("the store failed: %s\n", why);
  return answer_text (503, PLAIN_TEXT, line);
}

static SseAnswer *
answer_metrics (SseOperators *self)
{
  g_autofree char *text = sse_metrics_render (self->hub, self->clients, self->start);

  return answer_text (200, SSE_EXPOSITION_CONTENT_TYPE, text);
}

static char *
choose_streams_url (SseOperators *self)
{
  return sse_streams_url_choose (sse_settings_get_string (self->operators, "streams-url"),
                                 sse_front_get_addresses (self->front));
}

static SseAnswer *
answer_config (SseOperators *self)
{
  g_autofree char *url = choose_streams_url (self);
  g_autofree char *config = sse_dashboard_render_config (self->hub, url, self->http);

  return answer_text (200, SSE_ANSWER_JSON, config);
}

static const struct
{
  const char *path;
  SseAnswer *(*answer) (SseOperators *self);
} pages[] = {
  { "/healthz", answer_health },
  { "/readyz", answer_ready },
  { "/metrics", answer_metrics },
  { "/config.json", answer_config },
};

/* NULL where there is nothing. */
static SseAnswer *
answer_path (SseOperators *self, const SseRequest *request)
{
  g_autofree char *url = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (pages); i++)
    if (strcmp (request->path, pages[i].path) == 0)
      return pages[i].answer (self);
  url = choose_streams_url (self);
  return sse_dashboard_answer (self->dashboard, request->path, request->if_none_match, url);
}

static SseAnswer *
answer (const SseRequest *request, SseAdmission *admission, gsize *max_body, gpointer user_data)
{
  g_autoptr (SseAnswer) found = answer_path (user_data, request);
  SseAnswer *refusal;

  if (found == NULL)
    return sse_answer_new_message (404, "Not found");
  if (strcmp (request->method, "GET") == 0 || strcmp (request->method, "HEAD") == 0)
    return g_steal_pointer (&found);
  refusal = sse_answer_new_message (405, "Method not allowed");
  sse_answer_add_field (refusal, "Allow", "GET, HEAD");
  return refusal;
}

/* Nothing is handed on. */
static const SseListenerFuncs listener_funcs = { answer, NULL, NULL };

/**
 * sse_operators_new:
 * @hub: one that is loaded; it is not stopped before this is freed
 * @front: where clients come in; started before anybody is answered, and not freed before this
 * @clients: what the clients' listener counts; outlives it
 * @bound: (element-type SseBound) (transfer full): the sockets, none where nobody is to be answered
 * @error: in the domain %G_IO_ERROR where there are no descriptors left
 *
 * Answers those who come to the sockets, and says where. sse_operators_configure() is to follow.
 */
SseOperators *
sse_operators_new (
    SseHub *hub, SseFront *front, const SseCounters *clients, GPtrArray *bound, GError **error)
{
  g_autoptr (SseOperators) self = g_new0 (SseOperators, 1);

  self->hub = g_object_ref (hub);
  self->front = front;
  self->clients = clients;
  self->dashboard = sse_dashboard_new ();
  self->start = sse_process_read_start ();
  self->listener
      = sse_listener_new (bound, &options, &listener_funcs, &self->counters, self, error);
  if (self->listener == NULL)
    return NULL;
  for (const char *const *name = sse_listener_get_addresses (self->listener); *name != NULL; name++)
    g_message ("listening for operators on %s", *name);
  return g_steal_pointer (&self);
}

void
sse_operators_free (SseOperators *self)
{
  g_clear_pointer (&self->listener, sse_listener_free);
  sse_dashboard_free (self->dashboard);
  g_clear_pointer (&self->http, g_variant_unref);
  g_clear_pointer (&self->operators, g_variant_unref);
  g_object_unref (self->hub);
  g_free (self);
}

/**
 * sse_operators_configure:
 * @http: an a{sv} of the group `http`
 * @operators: an a{sv} of the group `operators`, checked
 *
 * From now on the page is told what these say.
 */
void
sse_operators_configure (SseOperators *self, GVariant *http, GVariant *operators)
{
  g_clear_pointer (&self->http, g_variant_unref);
  g_clear_pointer (&self->operators, g_variant_unref);
  self->http = g_variant_ref (http);
  self->operators = g_variant_ref (operators);
}

/**
 * sse_operators_tell_stopping:
 *
 * From now on it says that clients and publishers are served no more.
 */
void
sse_operators_tell_stopping (SseOperators *self)
{
  self->stopping = TRUE;
}
