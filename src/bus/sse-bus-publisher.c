/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-bus"

#include "config.h"

#include "sse-bus-publisher.h"

#include <string.h>

#include "sse-bus-error.h"
#include "sse-publication.h"

/* One call of Publish or PublishMany until it is answered. */
typedef struct
{
  const SseBusContext *context;
  GDBusMethodInvocation *invocation;
  SsePublication publication;
} Call;

/* Takes @invocation, as returning it does. */
static Call *
call_new (const SseBusContext *context, GDBusMethodInvocation *invocation)
{
  Call *call = g_new0 (Call, 1);

  call->context = context;
  call->invocation = invocation;
  call->publication.updates = g_ptr_array_new_with_free_func ((GDestroyNotify) sse_update_unref);
  return call;
}

static void
call_free (Call *call)
{
  g_ptr_array_unref (call->publication.updates);
  g_clear_pointer (&call->publication.outcomes, g_ptr_array_unref);
  g_clear_error (&call->publication.error);
  g_free (call);
}

/* ---- answers ---- */

static GVariant *
make_results (GPtrArray *outcomes)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(sss)"));

  for (guint i = 0; i < outcomes->len; i++)
    {
      SseOutcome *outcome = g_ptr_array_index (outcomes, i);

      if (outcome->error != NULL)
        g_variant_builder_add (&builder, "(sss)", "", sse_bus_error_get_name (outcome->error),
                               outcome->error->message);
      else
        g_variant_builder_add (&builder, "(sss)", outcome->id, "", "");
    }
  return g_variant_builder_end (&builder);
}

static gboolean
is_for_many (Call *call)
{
  return g_str_equal (g_dbus_method_invocation_get_method_name (call->invocation), "PublishMany");
}

static void
answer (Call *call)
{
  GPtrArray *outcomes = call->publication.outcomes;
  SseOutcome *first;

  if (outcomes == NULL)
    g_dbus_method_invocation_return_gerror (call->invocation, call->publication.error);
  else if (is_for_many (call))
    sse_bus_publisher_complete_publish_many (NULL, call->invocation, make_results (outcomes));
  else
    {
      first = g_ptr_array_index (outcomes, 0);
      if (first->error != NULL)
        g_dbus_method_invocation_return_gerror (call->invocation, first->error);
      else
        sse_bus_publisher_complete_publish (NULL, call->invocation, first->id);
    }
  call_free (call);
}

static void
on_caller (const SseBusCaller *caller, gpointer user_data)
{
  Call *call = user_data;
  const SsePublisher publisher = { caller->uid, caller->pid, caller->unit, NULL, NULL };

  sse_publication_tell (&call->publication, &publisher,
                        sse_hub_get_log_accepted (call->context->hub));
  answer (call);
}

/* Where it goes into the log, it is answered behind that: until then the caller waits, so that it
 * can be seen who it is. */
static void
tell_and_answer (Call *call)
{
  if (sse_hub_get_log_accepted (call->context->hub)
      || !sse_publication_is_accepted (&call->publication))
    sse_bus_callers_ask (call->context->callers, call->invocation, on_caller, call);
  else
    answer (call);
}

static void
on_published (GObject *hub, GAsyncResult *result, gpointer user_data)
{
  Call *call = user_data;

  call->publication.outcomes
      = sse_hub_publish_finish (SSE_HUB (hub), result, &call->publication.error);
  tell_and_answer (call);
}

/* ---- updates ---- */

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

/* Adds an update to a call; where its options are wrong, as one that is known by its stream. */
static gboolean
add_update (Call *call, const char *stream, const char *json, GVariant *options)
{
  g_autoptr (GBytes) bytes = g_bytes_new (json, strlen (json));
  g_autofree char *audience = NULL;
  gboolean ok = read_options (options, &audience, &call->publication.error);

  g_ptr_array_add (call->publication.updates, sse_update_new (stream, ok ? audience : NULL, bytes));
  return ok;
}

static void
publish (Call *call)
{
  sse_hub_publish_async (call->context->hub, g_ptr_array_ref (call->publication.updates),
                         on_published, call);
}

/* ---- methods ---- */

static void
publish_one (GDBusMethodInvocation *invocation, gpointer user_data)
{
  Call *call = call_new (user_data, invocation);
  g_autoptr (GVariant) options = NULL;
  const char *stream;
  const char *json;

  g_variant_get (g_dbus_method_invocation_get_parameters (invocation), "(&s&s@a{sv})", &stream,
                 &json, &options);
  if (add_update (call, stream, json, options))
    publish (call);
  else
    tell_and_answer (call);
}

static gboolean
add_updates (Call *call, GVariant *many)
{
  guint max = sse_hub_get_max_updates (call->context->hub);
  gsize n = g_variant_n_children (many);

  /* Before anything is made of them. */
  if (n > max)
    {
      g_set_error (&call->publication.error, SSE_ERROR, SSE_ERROR_TOO_LARGE,
                   "%" G_GSIZE_FORMAT " updates in one call; at most %u are taken (max-backlog)", n,
                   max);
      return FALSE;
    }
  for (gsize i = 0; i < n; i++)
    {
      g_autoptr (GVariant) options = NULL;
      const char *stream;
      const char *json;

      g_variant_get_child (many, i, "(&s&s@a{sv})", &stream, &json, &options);
      if (!add_update (call, stream, json, options))
        {
          g_prefix_error (&call->publication.error, "updates[%" G_GSIZE_FORMAT "]: ", i);
          return FALSE;
        }
    }
  return TRUE;
}

static void
publish_many (GDBusMethodInvocation *invocation, gpointer user_data)
{
  Call *call = call_new (user_data, invocation);
  g_autoptr (GVariant) many
      = g_variant_get_child_value (g_dbus_method_invocation_get_parameters (invocation), 0);

  if (add_updates (call, many))
    publish (call);
  else
    tell_and_answer (call);
}

static void
issue_token (GDBusMethodInvocation *invocation, gpointer user_data)
{
  const SseBusContext *context = user_data;
  g_autofree const char **streams = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *token = NULL;
  const char *subject;
  guint seconds;

  g_variant_get (g_dbus_method_invocation_get_parameters (invocation), "(&s^a&su)", &subject,
                 &streams, &seconds);
  token = context->funcs->issue_token (subject, streams, seconds, context->user_data, &error);
  if (token != NULL)
    sse_bus_publisher_complete_issue_token (NULL, invocation, token);
  else
    g_dbus_method_invocation_return_gerror (invocation, error);
}

static gboolean
on_publish (SseBusPublisher *publisher,
            GDBusMethodInvocation *invocation,
            const char *stream,
            const char *json,
            GVariant *options,
            gpointer context)
{
  sse_bus_authority_publish (((SseBusContext *) context)->authority, invocation, publish_one,
                             context);
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean
on_publish_many (SseBusPublisher *publisher,
                 GDBusMethodInvocation *invocation,
                 GVariant *many,
                 gpointer context)
{
  sse_bus_authority_publish (((SseBusContext *) context)->authority, invocation, publish_many,
                             context);
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean
on_issue_token (SseBusPublisher *publisher,
                GDBusMethodInvocation *invocation,
                const char *subject,
                const char *const *streams,
                guint seconds,
                gpointer context)
{
  sse_bus_authority_publish (((SseBusContext *) context)->authority, invocation, issue_token,
                             context);
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
