/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "rivulet-bus"

#include "config.h"

#include "sse-bus-publisher.h"

#include <string.h>

#include "sse-bus-call.h"
#include "sse-bus-error.h"
#include "sse-publication.h"

/* What one call of Publish or PublishMany has published. */
static SsePublication *
publication_new (void)
{
  SsePublication *self = g_new0 (SsePublication, 1);

  self->updates = g_ptr_array_new_with_free_func ((GDestroyNotify) sse_update_unref);
  return self;
}

static void
publication_free (SsePublication *self)
{
  g_ptr_array_unref (self->updates);
  g_clear_pointer (&self->outcomes, g_ptr_array_unref);
  g_clear_error (&self->error);
  g_free (self);
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
  return g_variant_new ("(a(sss))", &builder);
}

static gboolean
is_for_many (SseBusCall *call)
{
  return g_str_equal (g_dbus_method_invocation_get_method_name (call->invocation), "PublishMany");
}

/* Ends the call. */
static void
answer (SseBusCall *call)
{
  SsePublication *publication = call->data;
  GPtrArray *outcomes = publication->outcomes;
  SseOutcome *first
      = outcomes != NULL && outcomes->len > 0 ? g_ptr_array_index (outcomes, 0) : NULL;

  if (outcomes == NULL)
    sse_bus_call_return_error (call, publication->error);
  else if (is_for_many (call))
    sse_bus_call_return (call, make_results (outcomes));
  else if (first->error != NULL)
    sse_bus_call_return_error (call, first->error);
  else
    sse_bus_call_return (call, g_variant_new ("(s)", first->id));
  publication_free (publication);
}

static void
tell_and_answer (SseBusCall *call)
{
  const SsePublisher publisher = { .process = call->caller };

  sse_publication_tell (call->data, &publisher, sse_hub_get_record (call->context->hub));
  answer (call);
}

/* Where it goes into the log, it is answered behind that. */
static void
finish (SseBusCall *call)
{
  if (sse_publication_is_told (call->data, sse_hub_get_record (call->context->hub)))
    sse_bus_call_with_caller (call, tell_and_answer);
  else
    answer (call);
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

/* Adds an update; where its options are wrong, as one that is known by its stream. */
static gboolean
add_update (SsePublication *publication, const char *stream, const char *json, GVariant *options)
{
  g_autoptr (GBytes) bytes = g_bytes_new (json, strlen (json));
  g_autofree char *audience = NULL;
  gboolean ok = read_options (options, &audience, &publication->error);

  g_ptr_array_add (publication->updates, sse_update_new (stream, ok ? audience : NULL, bytes));
  return ok;
}

static gboolean
add_updates (SsePublication *publication, GVariant *many, guint max)
{
  gsize n = g_variant_n_children (many);

  /* Before anything is made of them. */
  if (n > max)
    {
      g_set_error (&publication->error, SSE_ERROR, SSE_ERROR_TOO_LARGE,
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
      if (!add_update (publication, stream, json, options))
        {
          g_prefix_error (&publication->error, "updates[%" G_GSIZE_FORMAT "]: ", i);
          return FALSE;
        }
    }
  return TRUE;
}

/* ---- methods ---- */

static void
on_published (GObject *hub, GAsyncResult *result, gpointer user_data)
{
  SseBusCall *call = user_data;
  SsePublication *publication = call->data;

  publication->outcomes = sse_hub_publish_finish (SSE_HUB (hub), result, &publication->error);
  finish (call);
}

/* @ok: whether the call has updates, and not an error */
static void
publish (SseBusCall *call, gboolean ok)
{
  const SsePublication *publication = call->data;

  if (ok)
    sse_hub_publish_async (call->context->hub, g_ptr_array_ref (publication->updates), on_published,
                           call);
  else
    finish (call);
}

static void
publish_one (SseBusCall *call)
{
  g_autoptr (GVariant) options = NULL;
  const char *stream;
  const char *json;

  g_variant_get (sse_bus_call_get_arguments (call), "(&s&s@a{sv})", &stream, &json, &options);
  call->data = publication_new ();
  publish (call, add_update (call->data, stream, json, options));
}

static void
publish_many (SseBusCall *call)
{
  g_autoptr (GVariant) many = g_variant_get_child_value (sse_bus_call_get_arguments (call), 0);

  call->data = publication_new ();
  publish (call, add_updates (call->data, many, sse_hub_get_max_updates (call->context->hub)));
}

static void
issue_token (SseBusCall *call)
{
  const SseBusContext *context = call->context;
  g_autofree const char **streams = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *token = NULL;
  const char *subject;
  guint seconds;

  g_variant_get (sse_bus_call_get_arguments (call), "(&s^a&su)", &subject, &streams, &seconds);
  token = context->funcs->issue_token (subject, streams, seconds, context->user_data, &error);
  if (token != NULL)
    sse_bus_call_return (call, g_variant_new ("(s)", token));
  else
    sse_bus_call_return_error (call, error);
}

/**
 * sse_bus_publisher_new_in:
 * @context: what it works with; outlives the object
 *
 * Returns: (transfer full): the Publisher interface, to be exported
 */
SseBusPublisher *
sse_bus_publisher_new_in (SseBusContext *context)
{
  SseBusPublisher *publisher = sse_bus_publisher_skeleton_new ();

  sse_bus_call_connect (publisher, "handle-publish", context, SSE_BUS_GATE_PUBLISH, publish_one);
  sse_bus_call_connect (publisher, "handle-publish-many", context, SSE_BUS_GATE_PUBLISH,
                        publish_many);
  sse_bus_call_connect (publisher, "handle-issue-token", context, SSE_BUS_GATE_PUBLISH,
                        issue_token);
  return publisher;
}
