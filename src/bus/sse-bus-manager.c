/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-bus"

#include "config.h"

#include "sse-bus-manager.h"

#include <string.h>

#include "sse-journal.h"
#include "sse-publication.h"

/* A call of Revoke until it is answered. */
typedef struct
{
  const SseBusContext *context;
  GDBusMethodInvocation *invocation;
} Call;

static const char *
get_subject (GDBusMethodInvocation *invocation)
{
  const char *subject;

  g_variant_get (g_dbus_method_invocation_get_parameters (invocation), "(&s)", &subject);
  return subject;
}

static void
on_caller (const SseBusCaller *caller, gpointer user_data)
{
  g_autofree Call *call = user_data;
  const SsePublisher who = { caller->uid, caller->pid, caller->unit, NULL, NULL };
  const char *subject = get_subject (call->invocation);
  g_autofree char *told = sse_error_clip (subject);
  g_autofree char *words = sse_publisher_describe (&who);

  sse_journal (G_LOG_LEVEL_MESSAGE, SSE_JOURNAL_TOKENS_REVOKED,
               SSE_JOURNAL_FIELDS ({ "SSE_USER", subject }),
               "the tokens of “%s” were revoked, by %s", told, words);
  sse_bus_manager_complete_revoke (NULL, call->invocation);
}

static void
on_revoked (GObject *hub, GAsyncResult *result, gpointer user_data)
{
  g_autofree Call *call = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) outcomes = sse_hub_publish_finish (SSE_HUB (hub), result, &error);
  SseOutcome *outcome = outcomes != NULL ? g_ptr_array_index (outcomes, 0) : NULL;

  if (outcome == NULL)
    g_dbus_method_invocation_return_gerror (call->invocation, error);
  else if (outcome->error != NULL)
    g_dbus_method_invocation_return_gerror (call->invocation, outcome->error);
  else
    {
      sse_bus_callers_ask (call->context->callers, call->invocation, on_caller, call);
      call = NULL;
    }
}

static void
revoke_user (GDBusMethodInvocation *invocation, gpointer user_data)
{
  const SseBusContext *context = user_data;
  const char *subject = get_subject (invocation);
  Call *call;

  if (*subject == '\0' || strlen (subject) > SSE_INTAKE_MAX_AUDIENCE)
    {
      g_dbus_method_invocation_return_error (invocation, G_DBUS_ERROR, G_DBUS_ERROR_INVALID_ARGS,
                                             "subject: must be a user's name of 1 to %d bytes",
                                             SSE_INTAKE_MAX_AUDIENCE);
      return;
    }
  call = g_new0 (Call, 1);
  *call = (Call){ context, invocation };
  sse_hub_revoke_async (context->hub, subject, on_revoked, call);
}

static void
on_listed (GObject *hub, GAsyncResult *result, gpointer user_data)
{
  GDBusMethodInvocation *invocation = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) clients = sse_hub_list_clients_finish (SSE_HUB (hub), result, &error);
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(ssxst)"));

  if (clients == NULL)
    {
      g_dbus_method_invocation_return_gerror (invocation, error);
      return;
    }
  for (guint i = 0; i < clients->len; i++)
    {
      const SseListed *client = g_ptr_array_index (clients, i);

      g_variant_builder_add (&builder, "(ssxst)", client->user, client->address, client->since,
                             client->last_event_id, client->queued_bytes);
    }
  sse_bus_manager_complete_list_clients (NULL, invocation, g_variant_builder_end (&builder));
}

static void
list_clients (GDBusMethodInvocation *invocation, gpointer user_data)
{
  const SseBusContext *context = user_data;
  const char *stream;
  guint max;

  g_variant_get (g_dbus_method_invocation_get_parameters (invocation), "(&su)", &stream, &max);
  sse_hub_list_clients_async (context->hub, stream, max, on_listed, invocation);
}

static void
reload_files (GDBusMethodInvocation *invocation, gpointer user_data)
{
  const SseBusContext *context = user_data;
  g_autoptr (GError) error = NULL;

  if (context->funcs->reload (context->user_data, &error))
    sse_bus_manager_complete_reload (NULL, invocation);
  else
    g_dbus_method_invocation_return_error_literal (invocation, G_DBUS_ERROR,
                                                   G_DBUS_ERROR_INVALID_ARGS, error->message);
}

static gboolean
on_revoke (SseBusManager *manager,
           GDBusMethodInvocation *invocation,
           const char *subject,
           gpointer context)
{
  sse_bus_authority_manage (((SseBusContext *) context)->authority, invocation, revoke_user,
                            context);
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean
on_list_clients (SseBusManager *manager,
                 GDBusMethodInvocation *invocation,
                 const char *stream,
                 guint max,
                 gpointer context)
{
  sse_bus_authority_manage (((SseBusContext *) context)->authority, invocation, list_clients,
                            context);
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean
on_reload (SseBusManager *manager, GDBusMethodInvocation *invocation, gpointer context)
{
  sse_bus_authority_manage (((SseBusContext *) context)->authority, invocation, reload_files,
                            context);
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

/**
 * sse_bus_manager_new_in:
 * @context: what it works with; outlives the object
 *
 * Returns: (transfer full): the Manager interface, to be exported
 */
SseBusManager *
sse_bus_manager_new_in (const SseBusContext *context)
{
  SseBusManager *manager = sse_bus_manager_skeleton_new ();

  g_signal_connect (manager, "handle-revoke", G_CALLBACK (on_revoke), (gpointer) context);
  g_signal_connect (manager, "handle-list-clients", G_CALLBACK (on_list_clients),
                    (gpointer) context);
  g_signal_connect (manager, "handle-reload", G_CALLBACK (on_reload), (gpointer) context);
  return manager;
}
