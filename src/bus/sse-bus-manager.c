/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-bus"

#include "config.h"

#include "sse-bus-manager.h"

#include <string.h>

#include "sse-bus-call.h"
#include "sse-journal.h"
#include "sse-publication.h"

static void
return_invalid (SseBusCall *call, const char *message)
{
  g_autoptr (GError) error = g_error_new_literal (G_DBUS_ERROR, G_DBUS_ERROR_INVALID_ARGS, message);

  sse_bus_call_return_error (call, error);
}

/* ---- Revoke ---- */

static const char *
get_subject (SseBusCall *call)
{
  const char *subject;

  g_variant_get (sse_bus_call_get_arguments (call), "(&s)", &subject);
  return subject;
}

static void
tell_revoked (SseBusCall *call)
{
  const SsePublisher who = { .process = call->caller };
  const char *subject = get_subject (call);
  g_autofree char *told = sse_error_clip (subject);
  g_autofree char *words = sse_publisher_describe (&who);

  sse_journal (G_LOG_LEVEL_MESSAGE, SSE_JOURNAL_TOKENS_REVOKED,
               SSE_JOURNAL_FIELDS ({ "SSE_USER", subject }),
               "the tokens of “%s” were revoked, by %s", told, words);
}

static void
on_revoked (GObject *hub, GAsyncResult *result, gpointer user_data)
{
  SseBusCall *call = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) outcomes = sse_hub_publish_finish (SSE_HUB (hub), result, &error);
  SseOutcome *outcome = outcomes != NULL ? g_ptr_array_index (outcomes, 0) : NULL;

  if (outcome == NULL)
    sse_bus_call_return_error (call, error);
  else if (outcome->error != NULL)
    sse_bus_call_return_error (call, outcome->error);
  else
    {
      tell_revoked (call);
      sse_bus_call_return (call, NULL);
    }
}

static void
revoke_user (SseBusCall *call)
{
  const char *subject = get_subject (call);

  if (*subject == '\0' || strlen (subject) > SSE_INTAKE_MAX_AUDIENCE)
    return_invalid (call, "subject: must be a user's name of 1 to " G_STRINGIFY (
                              SSE_INTAKE_MAX_AUDIENCE) " bytes");
  else
    sse_hub_revoke_async (call->context->hub, subject, on_revoked, call);
}

/* ---- ListClients ---- */

static GVariant *
make_list (GPtrArray *clients)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(ssxst)"));

  for (guint i = 0; i < clients->len; i++)
    {
      const SseListed *client = g_ptr_array_index (clients, i);

      g_variant_builder_add (&builder, "(ssxst)", client->user, client->address, client->since,
                             client->last_event_id, client->queued_bytes);
    }
  return g_variant_new ("(a(ssxst))", &builder);
}

static void
on_listed (GObject *hub, GAsyncResult *result, gpointer user_data)
{
  SseBusCall *call = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) clients = sse_hub_list_clients_finish (SSE_HUB (hub), result, &error);

  if (clients == NULL)
    sse_bus_call_return_error (call, error);
  else
    sse_bus_call_return (call, make_list (clients));
}

static void
list_clients (SseBusCall *call)
{
  const char *stream;
  guint max;

  g_variant_get (sse_bus_call_get_arguments (call), "(&su)", &stream, &max);
  sse_hub_list_clients_async (call->context->hub, stream, max, on_listed, call);
}

/* ---- Reload ---- */

static void
reload_files (SseBusCall *call)
{
  g_autoptr (GError) error = NULL;

  if (call->context->funcs->reload (call->context->user_data, &error))
    sse_bus_call_return (call, NULL);
  else
    return_invalid (call, error->message);
}

/**
 * sse_bus_manager_new_in:
 * @context: what it works with; outlives the object
 *
 * Returns: (transfer full): the Manager interface, to be exported
 */
SseBusManager *
sse_bus_manager_new_in (SseBusContext *context)
{
  SseBusManager *manager = sse_bus_manager_skeleton_new ();

  sse_bus_call_connect (manager, "handle-revoke", context, SSE_BUS_GATE_MANAGE, revoke_user);
  sse_bus_call_connect (manager, "handle-list-clients", context, SSE_BUS_GATE_MANAGE, list_clients);
  sse_bus_call_connect (manager, "handle-reload", context, SSE_BUS_GATE_MANAGE, reload_files);
  return manager;
}
