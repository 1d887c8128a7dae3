/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-bus"

#include "config.h"

#include "sse-bus-manager.h"

#include <string.h>

/* A call of Revoke until it is answered. */
typedef struct
{
  SseBusManager *manager;
  GDBusMethodInvocation *invocation;
} Call;

static void
call_free (Call *call)
{
  g_object_unref (call->manager);
  g_free (call);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Call, call_free)

static void
on_revoked (GObject *hub, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Call) call = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) outcomes = sse_hub_publish_finish (SSE_HUB (hub), result, &error);
  SseOutcome *outcome = outcomes != NULL ? g_ptr_array_index (outcomes, 0) : NULL;

  if (outcome == NULL)
    g_dbus_method_invocation_return_gerror (call->invocation, error);
  else if (outcome->error != NULL)
    g_dbus_method_invocation_return_gerror (call->invocation, outcome->error);
  else
    sse_bus_manager_complete_revoke (call->manager, call->invocation);
}

static gboolean
on_revoke (SseBusManager *manager,
           GDBusMethodInvocation *invocation,
           const char *subject,
           gpointer user_data)
{
  const SseBusContext *context = user_data;
  Call *call;

  if (*subject == '\0' || strlen (subject) > SSE_INTAKE_MAX_AUDIENCE)
    {
      g_dbus_method_invocation_return_error (invocation, G_DBUS_ERROR, G_DBUS_ERROR_INVALID_ARGS,
                                             "subject: must be a user's name of 1 to %d bytes",
                                             SSE_INTAKE_MAX_AUDIENCE);
      return G_DBUS_METHOD_INVOCATION_HANDLED;
    }
  call = g_new0 (Call, 1);
  call->manager = g_object_ref (manager);
  call->invocation = invocation; /* returning it takes the reference */
  sse_hub_revoke_async (context->hub, subject, on_revoked, call);
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean
on_reload (SseBusManager *manager, GDBusMethodInvocation *invocation, gpointer user_data)
{
  const SseBusContext *context = user_data;
  g_autoptr (GError) error = NULL;

  if (context->funcs->reload (context->user_data, &error))
    sse_bus_manager_complete_reload (manager, invocation);
  else
    g_dbus_method_invocation_return_error_literal (invocation, G_DBUS_ERROR,
                                                   G_DBUS_ERROR_INVALID_ARGS, error->message);
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
  g_signal_connect (manager, "handle-reload", G_CALLBACK (on_reload), (gpointer) context);
  return manager;
}
