/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-bus"

#include "config.h"

#include "sse-bus-publisher.h"

#include <string.h>

#include "sse-bus-error.h"

/* One method call until it is answered. */
typedef struct
{
  SseBusPublisher *publisher;
  GDBusMethodInvocation *invocation;
} Call;

static Call *
call_new (SseBusPublisher *publisher, GDBusMethodInvocation *invocation)
{
  Call *call = g_new0 (Call, 1);

  call->publisher = g_object_ref (publisher);
  call->invocation = invocation; /* returning it takes the reference */
  return call;
}

static void
call_free (Call *call)
{
  g_object_unref (call->publisher);
  g_free (call);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Call, call_free)

/* The audience that @options (a{sv}) name, NULL for everyone; an option that is not known is an
 * error: it might have been meant to keep the update from somebody. */
static gboolean
read_options (GVariant *options, char **audience, GError **error)
{
  GVariantIter iter;
  const char *name;
  GVariant *value;

  g_variant_iter_init (&iter, options);
  while (g_variant_iter_loop (&iter, "{&sv}", &name, &value))
    {
      const char *wrong = NULL;

      if (strcmp (name, "audience") != 0)
        wrong = "unknown; there is: audience";
      else if (!g_variant_is_of_type (value, G_VARIANT_TYPE_STRING))
        wrong = "must be a string";
      else if (*audience != NULL)
        wrong = "given twice";
      if (wrong != NULL)
        {
          g_autofree char *told = sse_error_clip (name);

          g_set_error (error, SSE_ERROR, SSE_ERROR_INVALID_UPDATE, "option %s: %s", told, wrong);
          g_variant_unref (value);
          return FALSE;
        }
      *audience = g_variant_dup_string (value, NULL);
    }
  return TRUE;
}

static SseUpdate *
make_update (const char *stream, const char *json, GVariant *options, GError **error)
{
  g_autoptr (GBytes) bytes = NULL;
  g_autofree char *audience = NULL;

  if (!read_options (options, &audience, error))
    return NULL;
  bytes = g_bytes_new (json, strlen (json));
  return sse_update_new (stream, audience, bytes);
}

static void
on_published (GObject *hub, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Call) call = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) outcomes = sse_hub_publish_finish (SSE_HUB (hub), result, &error);
  SseOutcome *outcome;

  if (outcomes == NULL)
    {
      g_dbus_method_invocation_return_gerror (call->invocation, error);
      return;
    }
  outcome = g_ptr_array_index (outcomes, 0);
  if (outcome->error != NULL)
    g_dbus_method_invocation_return_gerror (call->invocation, outcome->error);
  else
    sse_bus_publisher_complete_publish (call->publisher, call->invocation, outcome->id);
}

static gboolean
on_publish (SseBusPublisher *publisher,
            GDBusMethodInvocation *invocation,
            const char *stream,
            const char *json,
            GVariant *options,
            gpointer user_data)
{
  const SseBusContext *context = user_data;
  g_autoptr (GError) error = NULL;
  SseUpdate *update = make_update (stream, json, options, &error);
  GPtrArray *updates;

  if (update == NULL)
    {
      g_dbus_method_invocation_return_gerror (invocation, error);
      return G_DBUS_METHOD_INVOCATION_HANDLED;
    }
  updates = g_ptr_array_new_with_free_func ((GDestroyNotify) sse_update_unref);
  g_ptr_array_add (updates, update);
  sse_hub_publish_async (context->hub, updates, on_published, call_new (publisher, invocation));
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static void
on_published_many (GObject *hub, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Call) call = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) outcomes = sse_hub_publish_finish (SSE_HUB (hub), result, &error);
  GVariantBuilder builder;

  if (outcomes == NULL)
    {
      g_dbus_method_invocation_return_gerror (call->invocation, error);
      return;
    }
  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(sss)"));
  for (guint i = 0; i < outcomes->len; i++)
    {
      SseOutcome *outcome = g_ptr_array_index (outcomes, i);

      if (outcome->error != NULL)
        g_variant_builder_add (&builder, "(sss)", "", sse_bus_error_get_name (outcome->error),
                               outcome->error->message);
      else
        g_variant_builder_add (&builder, "(sss)", outcome->id, "", "");
    }
  sse_bus_publisher_complete_publish_many (call->publisher, call->invocation,
                                           g_variant_builder_end (&builder));
}

static gboolean
on_publish_many (SseBusPublisher *publisher,
                 GDBusMethodInvocation *invocation,
                 GVariant *many,
                 gpointer user_data)
{
  const SseBusContext *context = user_data;
  g_autoptr (GPtrArray) updates
      = g_ptr_array_new_with_free_func ((GDestroyNotify) sse_update_unref);
  gsize n = g_variant_n_children (many);

  /* Before anything is made of them. */
  if (n > sse_hub_get_max_updates (context->hub))
    {
      g_dbus_method_invocation_return_error (
          invocation, SSE_ERROR, SSE_ERROR_TOO_LARGE,
          "%" G_GSIZE_FORMAT " updates in one call; at most %u are taken (max-backlog)", n,
          sse_hub_get_max_updates (context->hub));
      return G_DBUS_METHOD_INVOCATION_HANDLED;
    }

  for (gsize i = 0; i < n; i++)
    {
      g_autoptr (GVariant) options = NULL;
      g_autoptr (GError) error = NULL;
      const char *stream;
      const char *json;
      SseUpdate *update;

      g_variant_get_child (many, i, "(&s&s@a{sv})", &stream, &json, &options);
      update = make_update (stream, json, options, &error);
      if (update == NULL)
        {
          g_prefix_error (&error, "updates[%" G_GSIZE_FORMAT "]: ", i);
          g_dbus_method_invocation_return_gerror (invocation, error);
          return G_DBUS_METHOD_INVOCATION_HANDLED;
        }
      g_ptr_array_add (updates, update);
    }
  sse_hub_publish_async (context->hub, g_steal_pointer (&updates), on_published_many,
                         call_new (publisher, invocation));
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean
on_issue_token (SseBusPublisher *publisher,
                GDBusMethodInvocation *invocation,
                const char *subject,
                const char *const *streams,
                guint seconds,
                gpointer user_data)
{
  const SseBusContext *context = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *token
      = context->funcs->issue_token (subject, streams, seconds, context->user_data, &error);

  if (token != NULL)
    sse_bus_publisher_complete_issue_token (publisher, invocation, token);
  else
    g_dbus_method_invocation_return_gerror (invocation, error);
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

/**
 * sse_bus_publisher_new_in:
 * @context: what it works with; outlives the object
 *
 * Returns: (transfer full): the Publisher interface, to be exported
 */
SseBusPublisher *
sse_bus_publisher_new_in (const SseBusContext *context)
{
  SseBusPublisher *publisher = sse_bus_publisher_skeleton_new ();

  g_signal_connect (publisher, "handle-publish", G_CALLBACK (on_publish), (gpointer) context);
  g_signal_connect (publisher, "handle-publish-many", G_CALLBACK (on_publish_many),
                    (gpointer) context);
  g_signal_connect (publisher, "handle-issue-token", G_CALLBACK (on_issue_token),
                    (gpointer) context);
  return publisher;
}
